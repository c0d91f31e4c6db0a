"""The Redshift Data API."""
