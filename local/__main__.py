"""The laptop's AWS: start it, stop it, look at it."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from pathlib import Path

from local.cloudtrail.command import add_arguments as add_cloudtrail_arguments
from local.errors import LocalAwsError
from local.permissions.command import add_arguments as add_permissions_arguments
from local.seed.command import add_arguments as add_generate_arguments
from local.settings import REPOSITORY, load_settings, state_folder

_GENERATE = (
    "write the deliveries of a product to a local folder: generated with the dirt of real ones, or real (flights)"
)
_LOG_LINES = 40
_FOLLOW_SECONDS = 0.3
_LOGGED = ("control-plane", "s3", "postgres", "api-server", "scheduler", "dag-processor", "triggerer")


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        result: int = options.run(options)
    except LocalAwsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return result


def _up(options: argparse.Namespace) -> int:
    from local import lifecycle

    begin = time.monotonic()
    settings = lifecycle.up(load_settings(options.state), _progress)
    _progress(f"up in {time.monotonic() - begin:.1f} s: {settings.endpoint_url}, S3 at {settings.s3_endpoint_url}")
    return 0


def _ui(options: argparse.Namespace) -> int:
    from local import lifecycle

    if options.stop:
        _existing(options.state)
        lifecycle.stop_ui(load_settings(options.state), _progress)
        return 0
    url, user, password = lifecycle.ui(load_settings(options.state), _progress)
    _progress(f"Airflow: {url}    user {user}, password {password}")
    return 0


def _down(options: argparse.Namespace) -> int:
    from local import lifecycle

    _existing(options.state)
    lifecycle.down(load_settings(options.state), _progress)
    return 0


def _reset(options: argparse.Namespace) -> int:
    from local import lifecycle

    folder = _existing(options.state)
    if not options.yes:
        raise LocalAwsError(f"This deletes {folder} with all tables, objects and runs. Add --yes to do it.")
    lifecycle.reset(load_settings(options.state), _progress)
    return 0


def _status(options: argparse.Namespace) -> int:
    from local import lifecycle

    _existing(options.state)
    settings = load_settings(options.state)
    servers = lifecycle.status(settings)
    width = max(15, *(len(server.name) + 2 for server in servers))
    print(f"{'service':<{width}}{'pid':>8}{'port':>7}  health")
    for server in servers:
        health = "ok" if server.healthy else "down" if server.pid is None else "no answer"
        print(f"{server.name:<{width}}{server.pid or '-':>8}{server.port or '-':>7}  {health}")
    print(f"state: {settings.state_dir}")
    return 0 if all(server.healthy for server in servers) else 3


def _logs(options: argparse.Namespace) -> int:
    from local import lifecycle

    _existing(options.state)
    files = lifecycle.log_files(load_settings(options.state))
    if options.service:
        files = {options.service: files[options.service]}
    for name, path in files.items():
        if not options.service:
            print(f"== {name}: {path}")
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        print("\n".join(lines[-options.lines :]))
    if options.follow:
        _follow(list(files.values()))
    return 0


def _land(options: argparse.Namespace) -> int:
    from local import landing, lifecycle

    settings = lifecycle.running_settings(options.state)
    for uri in landing.land(settings, options.product, options.day, options.files, complete=not options.no_marker):
        _progress(f"landed {uri}")
    return 0


def _env(options: argparse.Namespace) -> int:
    from local.environment import shell_lines

    _existing(options.state)
    print(shell_lines(load_settings(options.state)), end="")
    return 0


def _existing(given: Path | None) -> Path:
    folder = state_folder(given)
    if not (folder / "settings.json").exists():
        raise LocalAwsError(f"{folder} holds no local AWS. Make one: python -m local up")
    return folder


def _follow(paths: list[Path]) -> None:
    """Print what is appended until Ctrl-C; a file that was emptied or made anew is read from its start."""
    positions = {path: path.stat().st_size if path.exists() else 0 for path in paths}
    while True:
        for path in paths:
            size = path.stat().st_size if path.exists() else 0
            if size < positions[path]:
                positions[path] = 0
            if size > positions[path]:
                with path.open(errors="replace") as stream:
                    stream.seek(positions[path])
                    sys.stdout.write(stream.read())
                    positions[path] = stream.tell()
                sys.stdout.flush()
        time.sleep(_FOLLOW_SECONDS)


def _progress(line: str) -> None:
    print(line, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    _add_state(parser, default=None)
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")

    def command(name: str, run: object, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        # Also after the command; not given there, what stands before the command counts.
        _add_state(added, default=argparse.SUPPRESS)
        added.set_defaults(run=run)
        return added

    command(
        "up", _up, "start the servers, deploy the template, upload job scripts and contracts; again changes nothing"
    )
    command("ui", _ui, "start Airflow's web interface and scheduler on the local AWS (starts that, too)").add_argument(
        "--stop", action="store_true", help="stop Airflow; the local AWS stays"
    )
    command("down", _down, "stop every process; data stays")
    command("reset", _reset, "stop every process and delete all data").add_argument(
        "--yes", action="store_true", help="really delete"
    )
    command("status", _status, "show service, pid, port and health; exit code 3 if something is down")
    logs = command("logs", _logs, "print the end of the servers' logs")
    logs.add_argument("service", nargs="?", choices=_LOGGED, help="only this one")
    logs.add_argument("-f", "--follow", action="store_true", help="keep printing what is added")
    logs.add_argument("-n", "--lines", type=int, default=_LOG_LINES, help=f"how many lines (default {_LOG_LINES})")
    command("env", _env, 'print shell settings: eval "$(python -m local env)"')
    land = command("land", _land, "deliver files for one day of a product, as a source system would")
    land.add_argument("product", help="name of a contract, such as online_retail")
    land.add_argument("day", help="YYYY-MM-DD")
    land.add_argument("files", nargs="+", type=Path, metavar="FILE", help="file to upload, under its own name")
    land.add_argument("--no-marker", action="store_true", help="leave the day incomplete: no _SUCCESS after the files")
    permissions = "record a run of every DAG and write docs/permissions.md: who calls what, by which statement"
    add_permissions_arguments(commands.add_parser("permissions", help=permissions, description=permissions))
    add_cloudtrail_arguments(
        commands.add_parser("cloudtrail", help="deliver CloudTrail log files of a day's calls, or a sample history")
    )
    add_generate_arguments(
        commands.add_parser("generate", help="write a product's deliveries to a folder", description=_GENERATE)
    )
    return parser


def _add_state(parser: argparse.ArgumentParser, default: str | None) -> None:
    where = f"folder with all state (default: $SLUICE_STATE, else {REPOSITORY / '.sluice'})"
    parser.add_argument("--state", type=Path, default=default, help=where)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        # `python -m local logs | head` closes our output early; that is no error.
        code = main()
        sys.stdout.flush()
        sys.exit(code)
    os._exit(0)
