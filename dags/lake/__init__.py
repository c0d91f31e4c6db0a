"""What the DAG files share: settings, contracts, operators. Nothing here runs by itself at parse time."""
