"""SET, RESET and SHOW."""

from __future__ import annotations

import re

from local.services.redshift.engine.session import Outcome, Session
from local.services.redshift.engine.statement import Statement
from local.services.redshift.errors import RedshiftError
from local.services.redshift.statement_text import unquote
from local.services.redshift.translation.names import literal, table_name

# Redshift's own parameters (dg/cm_chap_ConfigurationRef): kept in the session; only query_group has an effect here
_OWN_NAMES = """
    query_group wlm_query_slot_count enable_result_cache_for_session enable_case_sensitive_identifier
    json_serialization_enable json_serialization_parse_nested_strings navigate_super_null_on_error
    cast_super_null_on_error enable_numeric_rounding enable_vacuum_boost auto_mv mv_enable_aqmv_for_session
    analyze_threshold_percent describe_field_name_in_uppercase spectrum_query_maxerror spectrum_enable_pseudo_columns
    error_on_nondeterministic_update use_fips_ssl downcase_delimited_identifier stored_proc_log_min_messages
    enable_case_sensitive_super_attribute default_geometry_encoding activate_aq_mv interval_forbid_composite_literals
"""
_OWN_PARAMETERS = frozenset(_OWN_NAMES.split())
_PASSED_ON = frozenset(
    {"search_path", "statement_timeout", "timezone", "datestyle", "extra_float_digits", "application_name"}
)


def set_parameter(session: Session, statement: Statement) -> Outcome:
    if statement.words[1:3] == ("SESSION", "AUTHORIZATION"):
        return _session_authorization(session, statement)
    found = statement.match(r"SET\s+(?:SESSION\s+|LOCAL\s+)?(?P<name>[\w.]+)\s*(?:=|\bTO\b)\s*(?P<value>.+)", "SET")
    name, value = found["name"].lower(), found["value"].strip()
    if name in _OWN_PARAMETERS:
        plain = unquote(value) if value.startswith("'") else value
        if name == "query_group":
            session.query_group = plain
        session.execute("SELECT set_config(%s, %s, false)", (f"redshift.{name}", plain))
    elif name in _PASSED_ON or "." in name:
        session.execute(statement.text)
    else:
        raise RedshiftError(f'unrecognized configuration parameter "{name}"')
    return Outcome()


def _session_authorization(session: Session, statement: Statement) -> Outcome:
    found = statement.match(
        r"SET\s+SESSION\s+AUTHORIZATION\s+(?P<user>'[^']+'|\"[^\"]+\"|\w+)", "SET SESSION AUTHORIZATION"
    )
    user = found["user"].strip("'\"")
    if user.upper() == "DEFAULT":
        session.execute("RESET SESSION AUTHORIZATION")
    else:
        session.execute(f"SET SESSION AUTHORIZATION {literal(user)}")  # PostgreSQL lets superusers only
    return Outcome()


def reset_parameter(session: Session, statement: Statement) -> Outcome:
    found = statement.match(r"RESET\s+(?P<name>SESSION\s+AUTHORIZATION|[\w.]+)", "RESET")
    name = found["name"].lower()
    if name in _OWN_PARAMETERS:
        if name == "query_group":
            session.query_group = "default"
        session.execute("SELECT set_config(%s, '', false)", (f"redshift.{name}",))
    else:
        session.execute(statement.text)
    return Outcome()


def show(session: Session, statement: Statement) -> Outcome:
    """SHOW TABLES, COLUMNS, SCHEMAS, DATABASES, or a parameter."""
    tables = re.match(r"SHOW\s+TABLES\s+FROM\s+SCHEMA\s+(\S+)", statement.text, re.IGNORECASE)
    if tables:
        return _listing(
            session,
            "SELECT table_catalog AS database_name, table_schema AS schema_name, table_name, table_type FROM svv_tables"
            " WHERE table_schema = %s ORDER BY 3",
            table_name(tables[1]).name,
        )
    columns = re.match(r"SHOW\s+COLUMNS\s+FROM\s+TABLE\s+(\S+)", statement.text, re.IGNORECASE)
    if columns:
        name = table_name(columns[1])
        return _listing(
            session,
            "SELECT table_schema AS schema_name, table_name, column_name, ordinal_position, data_type, is_nullable"
            " FROM svv_columns WHERE table_schema = %s AND table_name = %s ORDER BY 4",
            name.schema or "public",
            name.name,
        )
    if statement.words[:2] == ("SHOW", "SCHEMAS"):
        return _listing(
            session,
            "SELECT nspname::text AS schema_name FROM pg_namespace"
            " WHERE nspname NOT LIKE 'pg\\_%' AND nspname NOT IN ('information_schema', 'redshift_meta') ORDER BY 1",
        )
    own = re.match(r"SHOW\s+(\w+)\s*\Z", statement.text, re.IGNORECASE)
    if own and own[1].lower() in _OWN_PARAMETERS:
        return _listing(session, "SELECT current_setting(%s, true) AS setting", f"redshift.{own[1].lower()}")
    cursor = session.execute(statement.text)
    return Outcome(columns=cursor.description or (), rows=iter(cursor))


def _listing(session: Session, query: str, *parameters: str) -> Outcome:
    cursor = session.execute(query, parameters)
    return Outcome(columns=cursor.description or (), rows=iter(cursor))
