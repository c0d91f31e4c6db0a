"""Words that may not name a product or a column, because an engine that reads or writes the table reserves them.

Contracts carry SQL of people, and so do marts: a name that must be quoted everywhere is a mistake waiting there.
"""

from __future__ import annotations

from collections.abc import Iterator

from lake.contracts.odcs import Document, Problem


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Spark SQL reference, "SQL Keywords": reserved in ANSI mode, strict non-reserved in the default mode, and the names
# that Spark takes for a function without parentheses. `sql_keywords()` says the same.
_SPARK = _words(
    """
    all and anti any as asc authorization both case cast check collate collation column constraint create cross
    current_date current_time current_timestamp current_user desc distinct else end escape except execute exists false
    fetch filter for foreign from full grant group grouping having in inner intersect interval into is join lateral
    leading left limit minus natural not null offset on only or order outer overlaps primary references right select
    semi session_user some sql struct table then time to trailing trim true union unique unknown user using values when
    where with within
    """
)
# Athena user guide, "Escape reserved keywords": those of DDL (Hive), then those of SELECT (Trino).
_ATHENA = _words(
    """
    all alter and array as authorization between bigint binary boolean both by cache case cast char column commit conf
    constraint create cross cube current current_date current_timestamp cursor database date dayofweek decimal delete
    describe distinct div double drop else end exchange exists extended external extract false fetch float floor
    following for foreign from full function grant group grouping having if import in inner insert int integer
    intersect interval into is join lateral left less like local macro map more none not null numeric of on only or
    order out outer over partialscan partition percent preceding precision preserve primary procedure range reads
    reduce references regexp revoke right rlike rollback rollup row rows select set smallint start table tablesample
    then time timestamp to transform trigger true truncate unbounded union uniquejoin update user using utc_timestamp
    values varchar views when where window with

    current_catalog current_path current_schema current_time current_user deallocate escape except execute first
    json_array json_exists json_object json_query json_table json_value last listagg localtime localtimestamp natural
    normalize prepare recursive skip trim uescape unnest
    """
)
# Redshift database developer guide, "Reserved words".
_REDSHIFT = _words(
    """
    aes128 aes256 all allowoverwrite analyse analyze and any array as asc authorization az64 backup between binary
    blanksasnull both bytedict bzip2 case cast check collate column connect constraint create credentials cross
    current_date current_time current_timestamp current_user current_user_id default deferrable deflate defrag delta
    delta32k desc disable distinct do else emptyasnull enable encode encrypt encryption end except explicit false for
    foreign freeze from full globaldict256 globaldict64k grant group gzip having identity ignore ilike in initially
    inner intersect interval into is isnull join language leading left like limit localtime localtimestamp lun luns lzo
    lzop minus mostly16 mostly32 mostly8 natural new not notnull null nulls off offline offset oid old on only open or
    order outer overlaps parallel partition percent permissions pivot placing primary qualify raw readratio recover
    references rejectlog resort respect restore right select session_user similar snapshot some sysdate system table
    tag tdes text255 text32k then timestamp to top trailing true truncatecolumns union unique unnest unpivot user using
    verbose wallet when where with without
    """
)
# Columns that the cleaning job and the catalog add beside those of the contract.
_LAKE = _words("copies decision failed_rules noted_rules raw rescued run_key source_file source_line")
RESERVED = _SPARK | _ATHENA | _REDSHIFT | _LAKE
_ENGINES = (("Spark", _SPARK), ("Athena", _ATHENA), ("Redshift", _REDSHIFT), ("this lake's own columns", _LAKE))


def reserving(name: str) -> list[str]:
    """Return the engines that reserve a word.

    :param name: a name of a contract, in any case
    """
    return [engine for engine, words in _ENGINES if name.lower() in words]


def unreserved(name: str) -> str:
    """Return a name, with an underscore behind it when it is reserved: ``order`` -> ``order_``.

    :param name: name in lower case
    """
    return f"{name}_" if name in RESERVED else name


def reserved_name_problems(document: Document) -> Iterator[Problem]:
    """Find products and columns named like a word that an engine reserves.

    :param document: the contract, with one table
    """
    name = str(document.get("name", ""))
    engines = [engine for engine in reserving(name) if engine != _ENGINES[-1][0]]
    if engines:
        fix = f"Name the product otherwise, for example {name}_data."
        yield Problem("name", f"{name!r} is a reserved word of {', '.join(engines)}", fix)
    for position, column in enumerate(document["schema"][0].get("properties", [])):
        name = str(column.get("name", ""))
        if engines := reserving(name):
            fix = f"Write for example name: {name}_ or {name}_value; transformSourceObjects keeps the header {name}."
            what = f"{name!r} is a reserved word of {', '.join(engines)}"
            yield Problem(f"schema[0].properties[{position}].name", what, fix)
