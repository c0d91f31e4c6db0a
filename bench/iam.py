"""What the evaluation of IAM policies costs a call of the control plane.

    .venv/local/bin/python -m bench.iam [--calls 400] [--rounds 5]

A control plane in this process answers glue:GetTable (three resources) and sns:ListTopics for a role with twenty
statements; rounds with and without the evaluation alternate. Prints milliseconds a call and their ratio.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

from local import persistence, services
from local.clients import service_client
from local.dispatch import ControlPlane
from local.settings import LocalSettings, load_settings

_ROLE = "measured"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.iam", description=__doc__)
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(Path(folder))
        _serve(settings)
        _prepare(settings)
        clients = [service_client(name, settings, _ROLE) for name in ("glue", "sns")]
        _round(clients, 50)
        seconds: dict[str, list[float]] = {"with": [], "without": []}
        for _ in range(options.rounds):
            seconds["with"].append(_round(clients, options.calls))
            with patch("local.dispatch.admit"):
                seconds["without"].append(_round(clients, options.calls))
        with_, without = (statistics.median(seconds[kind]) / options.calls * 1000 for kind in ("with", "without"))
        ratios = [a / b for a, b in zip(seconds["with"], seconds["without"], strict=True)]
        sys.stdout.write(
            f"with {with_:.2f} ms a call, without {without:.2f} ms, ratio of neighbouring rounds "
            f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})\n"
        )
        services.close_all()


def _serve(settings: LocalSettings) -> None:
    from werkzeug.serving import make_server

    from local.request_handler import QuietRequestHandler

    services.install_all(settings)
    application = ControlPlane(settings, persistence.activate(settings))
    server = make_server(
        "127.0.0.1", settings.control_plane_port, application, threaded=True, request_handler=QuietRequestHandler
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()


def _prepare(settings: LocalSettings) -> None:
    iam: Any = service_client("iam", settings)
    iam.create_role(RoleName=_ROLE, AssumeRolePolicyDocument=json.dumps({"Statement": []}))
    others = [{"Effect": "Allow", "Action": f"s3:GetObject{n}", "Resource": f"arn:aws:s3:::b{n}/*"} for n in range(18)]
    catalog = [f"arn:aws:glue:*:*:{part}" for part in ("catalog", "database/d", "table/d/*")]
    needed = [
        {"Effect": "Allow", "Action": ["glue:GetTable"], "Resource": catalog},
        {"Effect": "Allow", "Action": "sns:ListTopics", "Resource": "*"},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": others + needed})
    iam.put_role_policy(RoleName=_ROLE, PolicyName="p", PolicyDocument=document)
    glue: Any = service_client("glue", settings)
    glue.create_database(DatabaseInput={"Name": "d"})
    glue.create_table(DatabaseName="d", TableInput={"Name": "t"})
    formation: Any = service_client("lakeformation", settings)
    formation.grant_permissions(
        Principal={"DataLakePrincipalIdentifier": f"arn:aws:iam::{settings.account_id}:role/{_ROLE}"},
        Resource={"Table": {"DatabaseName": "d", "Name": "t"}},
        Permissions=["DESCRIBE"],
    )


def _round(clients: list[Any], calls: int) -> float:
    glue, sns = clients
    begin = time.perf_counter()
    for _ in range(calls // 2):
        glue.get_table(DatabaseName="d", Name="t")
        sns.list_topics()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
