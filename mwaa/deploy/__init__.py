"""Deploys this repository to Amazon MWAA: ``python -m mwaa.deploy check|plan|apply|status|rollback|smoke|stacks``.

The order is the point. What MWAA pins (requirements.txt, plugins.zip, startup.sh) costs an environment update of tens
of minutes, so it is compared with what the environment *runs* and updated only when it differs. What MWAA follows
(dags/) goes last, when the environment is known to be good; a failed update leaves the DAGs as they were.
"""
