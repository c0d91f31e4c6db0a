"""Generated source data, so that the lake can run without any download."""
