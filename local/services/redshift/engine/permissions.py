"""GRANT, REVOKE, users, groups and roles: enforced by PostgreSQL itself."""

from __future__ import annotations

import re

from local.services.redshift.engine.session import Outcome, Session
from local.services.redshift.engine.statement import Statement
from local.services.redshift.errors import RedshiftError
from local.services.redshift.s3_access import role_chain
from local.services.redshift.statement_text import unquote
from local.services.redshift.translation.names import literal

_NAME = r'(?:"[^"]+"|[\w:-]+)'
_LITERAL = r"'(?:[^']|'')*'"
_GRANTEE = rf"(?:(?:ROLE|GROUP)\s+)?{_NAME}"
ASSUME_ROLE_COMMANDS = ("COPY", "UNLOAD", "EXTERNAL FUNCTION", "CREATE MODEL")
_ASSUME_ROLE_COMMAND = r"(?:COPY|UNLOAD|EXTERNAL\s+FUNCTION|CREATE\s+MODEL)"


def grant_or_revoke(session: Session, statement: Statement) -> Outcome:
    """PostgreSQL has one kind of grantee: the words ROLE and GROUP are left out."""
    text = statement.text
    if statement.words[1:2] == ("ASSUMEROLE",):
        return _change_assume_role(session, statement)
    if re.search(r"\bDATASHARE\b", text, re.IGNORECASE):
        raise RedshiftError("datashares are not supported by the local Redshift")
    text = re.sub(r"^(GRANT|REVOKE)\s+ROLE\s+", r"\1 ", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(TO|FROM)\s+(?:ROLE|GROUP)\s+", r"\1 ", text, flags=re.IGNORECASE)
    text = re.sub(r",\s*(?:ROLE|GROUP)\s+", ", ", text, flags=re.IGNORECASE)
    text = re.sub(r"\bsys:(\w+)\b", r'"sys:\1"', text) if '"sys:' not in text else text
    session.execute(text)
    return Outcome()


def _change_assume_role(session: Session, statement: Statement) -> Outcome:
    """GRANT and REVOKE ASSUMEROLE: who may have COPY and UNLOAD use which IAM role (dg/r_GRANT).

    :raises RedshiftError: a syntax error, an unknown grantee, or the caller is no superuser
    """
    found = statement.match(
        rf"(?P<action>GRANT|REVOKE)\s+ASSUMEROLE\s+ON\s+(?P<roles>{_LITERAL}(?:\s*,\s*{_LITERAL})*|DEFAULT|ALL)\s+"
        rf"(?P<direction>TO|FROM)\s+(?P<grantees>{_GRANTEE}(?:\s*,\s*{_GRANTEE})*)\s+"
        rf"FOR\s+(?P<commands>ALL|{_ASSUME_ROLE_COMMAND}(?:\s*,\s*{_ASSUME_ROLE_COMMAND})*)",
        "GRANT or REVOKE ASSUMEROLE",
    )
    is_grant = found["action"].upper() == "GRANT"
    if is_grant != (found["direction"].upper() == "TO"):
        raise RedshiftError(f'syntax error at or near "{found["direction"]}"')
    written = re.findall(_LITERAL, found["roles"])
    roles = [role_chain(unquote(role)) for role in written] or [found["roles"].lower()]
    commands = [" ".join(word.upper().split()) for word in found["commands"].split(",")]
    grantees = [_grantee(session, text) for text in re.findall(_GRANTEE, found["grantees"], re.IGNORECASE)]
    session.execute(
        "SELECT redshift_change_assume_role(%s, %s, %s, %s::oid[])",
        (is_grant, roles, list(ASSUME_ROLE_COMMANDS) if commands == ["ALL"] else commands, grantees),
    )
    return Outcome()


def _grantee(session: Session, text: str) -> int:
    """The oid of ``name``, ``ROLE name`` or ``GROUP name``; 0 for PUBLIC.

    :raises RedshiftError: there is none
    """
    *kinds, written = re.findall(_NAME, text)
    kind = kinds[0].lower() if kinds else ""
    name = written.strip('"') if written.startswith('"') else written.lower()
    if name == "public" and not kind:
        return 0
    row = session.execute(
        "SELECT oid FROM pg_roles WHERE rolname = %s AND rolcanlogin = %s", (name, not kind)
    ).fetchone()
    if row is None:
        raise RedshiftError(f'{kind or "user"} "{name}" does not exist')
    return int(row[0])


def create_user(session: Session, statement: Statement) -> Outcome:
    found = statement.match(rf"CREATE\s+USER\s+(?P<name>{_NAME})(?P<options>.*)", "CREATE USER")
    options, password = _user_options(found["options"])
    if password is None:
        raise RedshiftError("CREATE USER needs PASSWORD '...' or PASSWORD DISABLE")
    secret = literal(session.databases.password())
    session.execute(f"CREATE ROLE {found['name']} LOGIN{options} PASSWORD {secret}")
    return Outcome()


def alter_user(session: Session, statement: Statement) -> Outcome:
    found = statement.match(rf"ALTER\s+USER\s+(?P<name>{_NAME})(?P<options>.*)", "ALTER USER")
    options, password = _user_options(found["options"])
    if options.strip():
        session.execute(f"ALTER USER {found['name']}{options}")
    elif password is None and not found["options"].strip():
        raise RedshiftError("syntax error at end of ALTER USER")
    return Outcome()


def _user_options(options: str) -> tuple[str, str | None]:
    """Give PostgreSQL's options and the password, which is checked and not stored: nobody logs in with it.

    :raises RedshiftError: the password breaks Redshift's rules (dg/r_CREATE_USER)
    """
    found = re.search(r"(?:WITH\s+)?PASSWORD\s+(DISABLE|'(?:[^']|'')*')", options, re.IGNORECASE)
    password = None
    if found:
        password = found[1]
        options = options[: found.start()] + options[found.end() :]
        if password.startswith("'") and not password.startswith(("'md5", "'sha256")):
            _check_password(unquote(password))
    options = re.sub(r"\bNOCREATEUSER\b", "NOSUPERUSER", options, flags=re.IGNORECASE)
    options = re.sub(r"\bCREATEUSER\b", "SUPERUSER", options, flags=re.IGNORECASE)
    options = re.sub(r"\bIN\s+GROUP\b", "IN ROLE", options, flags=re.IGNORECASE)
    options = re.sub(r"\bCONNECTION\s+LIMIT\s+UNLIMITED\b", "CONNECTION LIMIT -1", options, flags=re.IGNORECASE)
    ignored = r"\b(?:SYSLOG\s+ACCESS\s+\w+|SESSION\s+TIMEOUT\s+\d+|EXTERNALID\s+\S+)\b"
    return re.sub(ignored, "", options, flags=re.IGNORECASE), password


def _check_password(password: str) -> None:
    rules = (r".{8,64}\Z", r".*[A-Z]", r".*[a-z]", r".*[0-9]")
    if not all(re.match(rule, password, re.DOTALL) for rule in rules):
        raise RedshiftError(
            "password must be 8 to 64 characters with an uppercase letter, a lowercase letter and a number"
        )


def create_or_drop_role(session: Session, statement: Statement) -> Outcome:
    text = re.sub(r"\bEXTERNALID\s+\S+|\b(?:FORCE|RESTRICT)\b", "", statement.text, flags=re.IGNORECASE)
    name = re.match(rf"(?:CREATE|DROP)\s+\w+\s+(?:IF\s+EXISTS\s+)?(?P<name>{_NAME})", text, re.IGNORECASE)
    if name and name["name"].strip('"').lower().startswith("sys:"):
        raise RedshiftError(f'role name "{name["name"]}" is reserved')
    with session.atomic():
        # PostgreSQL does not inherit the right to make roles: a member of sys:secadmin takes it for this statement.
        row = session.execute(
            "SELECT pg_has_role(session_user, 'sys:secadmin', 'SET') AND NOT redshift_is_superuser()"
        ).fetchone()
        if row and row[0]:
            session.execute('SET LOCAL ROLE "sys:secadmin"')
        session.execute(text)
        session.execute("RESET ROLE")
    return Outcome()
