"""TABLESAMPLE: each row is kept with the given chance."""

from __future__ import annotations

from sqlglot import exp

from local.services.athena.errors import QueryFailed


def replace_samples(tree: exp.Query) -> exp.Query:
    """Sampled relations become subqueries with a random condition; DuckDB's own clause does not take Trino's places.

    :raises QueryFailed: the share is no number from 0 to 100.
    """
    for sample in list(tree.find_all(exp.TableSample)):
        relation = sample.parent
        share = sample.args.get("percent")
        if relation is None or not isinstance(share, exp.Literal) or not 0 <= float(share.name) <= 100:
            raise QueryFailed("INVALID_SAMPLE_PERCENTAGE", "Sample percentage must be between 0 and 100")
        sample.pop()
        name = relation.alias_or_name
        inner = relation.copy()
        joins = inner.args.pop("joins", None)
        chance = exp.Literal.number(float(share.name) / 100)
        kept = exp.select("*").from_(inner).where(exp.LT(this=exp.Rand(), expression=chance))
        subquery = exp.Subquery(this=kept, alias=exp.TableAlias(this=exp.to_identifier(name)))
        if joins:
            subquery.set("joins", joins)
        relation.replace(subquery)
    return tree
