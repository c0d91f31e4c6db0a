"""From the repository to Amazon MWAA: templates, constraint files, the deploy tool."""
