"""Keys and the password of one Airflow: made once, kept in its home, readable by the owner only."""

from __future__ import annotations

import base64
import json
import os
import secrets
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path

from local.errors import LocalAwsError

ADMIN = "admin"
_TOKEN_SECONDS = 30
_FILE = "keys.json"
_PASSWORDS_FILE = "simple_auth_manager_passwords.json"


@dataclass(frozen=True)
class Keys:
    """What MWAA's service keeps for an environment.

    :param fernet_key: encrypts connections and variables in the metadata database.
    :param jwt_secret: signs the tokens with which components and users call the API server.
    :param secret_key: signs sessions of the web server.
    :param admin_password: of the only user.
    """

    fernet_key: str
    jwt_secret: str
    secret_key: str
    admin_password: str


def keys_of(home: Path) -> Keys:
    """The keys of an Airflow home; a new home gets new ones.

    :param home: ``AIRFLOW_HOME``.
    """
    path = home / _FILE
    if not path.exists():
        _write(path, json.dumps(asdict(_new_keys())))
    keys = Keys(**json.loads(path.read_text()))
    if not passwords_file(home).exists():
        _write(passwords_file(home), json.dumps({ADMIN: keys.admin_password}))
    return keys


def passwords_file(home: Path) -> Path:
    """The file in which Airflow's simple auth manager looks passwords up."""
    return home / _PASSWORDS_FILE


def token_for(url: str, keys: Keys) -> str:
    """A bearer token of the only user for the REST API.

    :param url: of the running web server.
    :raises LocalAwsError: it gives none.
    """
    body = json.dumps({"username": ADMIN, "password": keys.admin_password}).encode()
    request = urllib.request.Request(  # noqa: S310 (an address of this machine)
        f"{url}/auth/token", data=body, headers={"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=_TOKEN_SECONDS) as answer:  # noqa: S310
            return str(json.load(answer)["access_token"])
    except (OSError, urllib.error.URLError, ValueError, KeyError) as error:
        raise LocalAwsError(f"{url} gives no token: {error}") from error


def _new_keys() -> Keys:
    return Keys(
        fernet_key=base64.urlsafe_b64encode(os.urandom(32)).decode(),
        jwt_secret=secrets.token_urlsafe(48),
        secret_key=secrets.token_urlsafe(32),
        admin_password=secrets.token_urlsafe(9),
    )


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    draft.touch(mode=0o600)
    draft.write_text(content)
    draft.replace(path)
