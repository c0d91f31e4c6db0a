"""Least privilege, proved: what a recorded run needed, compared with what the deployed roles allow.

`recording` runs the DAGs and reads the decisions that IAM took meanwhile; `coverage` asks which statement and which
action could be taken away without anything being refused; `report` writes docs/permissions.md.
"""
