"""Contracts that say something this lake cannot deliver: one change each, and what the compiler must answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Document = dict[str, Any]


def _column(document: Document, name: str) -> Document:
    found: Document = next(column for column in document["schema"][0]["properties"] if column["name"] == name)
    return found


def _rule(document: Document, rule_id: str) -> Document:
    found: Document = next(rule for rule in document["schema"][0]["quality"] if rule["id"] == rule_id)
    return found


def _custom(element: Document, name: str) -> Document:
    found: Document = next(entry for entry in element["customProperties"] if entry["property"] == name)
    return found


def _without(element: Document, key: str) -> None:
    del element[key]


def _add_column(document: Document, **column: Any) -> None:
    defaults = {"logicalType": "string", "physicalType": "varchar(10)", "transformSourceObjects": ["landing.x.New"]}
    document["schema"][0]["properties"].append({**defaults, **column})


def _set(element: Document, key: str, value: Any) -> None:
    element[key] = value


# name: (change, place in the message, words in the message)
LINT_CASES: dict[str, tuple[Callable[[Document], object], str, str]] = {
    "unknown field": (lambda d: _set(d, "ownr", "x"), "(top)", "'ownr' was unexpected"),
    "unknown dimension": (lambda d: _set(_rule(d, "quantity_zero"), "dimension", "validity"), "quality[0]", "validity"),
    "version in words": (lambda d: _set(d, "version", "latest"), "version", "not a semantic version"),
    "name with capitals": (lambda d: _set(d, "name", "OnlineRetail"), "name", "cannot name tables"),
    "no schedule": (lambda d: _set(d, "slaProperties", []), "slaProperties", "no `frequency`"),
    "no owner": (lambda d: _without(d, "team"), "team.name", "nobody owns"),
    "two tables": (lambda d: d["schema"].append(d["schema"][0]), "schema", "holds 2 tables"),
    "landing without a slash": (
        lambda d: _set(d["servers"][0], "location", "s3://${landing}/online_retail"), "servers", "not a folder",
    ),
    "landing of another format": (lambda d: _set(d["servers"][0], "format", "xml"), "servers", "'xml'"),
    "unknown choice for refused files": (
        lambda d: _set(_custom(d["servers"][0], "onRefusedFile"), "value", "ignore"), "servers", "stop, continue",
    ),
    "share above hundred": (
        lambda d: _set(_custom(d, "quarantine"), "value", {"warnPercent": 5, "maxPercent": 200, "retentionDays": 1}),
        "customProperties", "maxPercent 200",
    ),
    "no retention": (
        lambda d: _set(_custom(d, "quarantine"), "value", {"warnPercent": 5, "maxPercent": 20}),
        "customProperties", "retentionDays",
    ),
    "a negative retention": (
        lambda d: _set(_custom(d, "quarantine")["value"], "retentionDays", -5), "customProperties", "retentionDays -5",
    ),
    "a retention of nothing": (
        lambda d: _set(_custom(d, "quarantine")["value"], "retentionDays", 0), "customProperties", "retentionDays 0",
    ),
    "a retention of truth": (
        lambda d: _set(_custom(d, "quarantine")["value"], "retentionDays", True), "customProperties", "True",
    ),
    "a retention of half days": (
        lambda d: _set(_custom(d, "quarantine")["value"], "retentionDays", 1.5), "customProperties", "1.5",
    ),
    "shares that are truth values": (
        lambda d: _custom(d, "quarantine")["value"].update(warnPercent=False, maxPercent=True),
        "customProperties", "maxPercent True",
    ),
    "a share that is no number": (
        lambda d: _set(_custom(d, "quarantine")["value"], "maxPercent", float("nan")), "customProperties", "nan",
    ),
    "records of no bytes": (
        lambda d: _set(_custom(d["servers"][0], "csv")["value"], "maxRecordBytes", 0), "servers", "maxRecordBytes 0",
    ),
    "a history of no weeks": (
        lambda d: _set(_rule(d, "volume_usual")["implementation"], "weeks", True), "implementation.weeks", "is True",
    ),
    "a tolerance in words": (
        lambda d: _set(_rule(d, "volume_usual")["implementation"], "tolerance", "wide"),
        "implementation.tolerance", "is 'wide'",
    ),
    "a count of rows that is none": (
        lambda d: _set(_rule(d, "rows_published"), "mustBeGreaterThan", -1), "mustBeGreaterThan", "is -1",
    ),
    "a share of missing values above all": (
        lambda d: _set(_rule(d, "customers_known"), "mustBeLessOrEqualTo", 190), "mustBeLessOrEqualTo", "is 190",
    ),
    "days of grace that are a truth value": (
        lambda d: _set(_column(d, "country"), "relationships", [
            {"to": "online_retail.country", "customProperties": [{"property": "graceDays", "value": True}]}
        ]),
        "relationships country_known", "graceDays is True",
    ),
    "freshness that is a truth value": (
        lambda d: _set(d["slaProperties"][1], "value", True), "slaProperties[1]", "freshness of True",
    ),
    "bounds the wrong way round": (
        lambda d: _set(_column(d, "quantity"), "logicalTypeOptions", {"minimum": 5, "maximum": 1}),
        "properties[4].logicalTypeOptions", "above maximum",
    ),
    "files that are not UTF-8": (
        lambda d: _set(d["servers"][0], "encoding", "ISO-8859-1"), "servers", "have the sender deliver UTF-8",
    ),
    "a delimiter of two characters": (
        lambda d: _set(_custom(d["servers"][0], "csv")["value"], "delimiter", "||"), "servers csv", "'||'",
    ),
    "an unknown setting of CSV": (
        lambda d: _set(_custom(d["servers"][0], "csv")["value"], "delimeter", ";"), "csv", "Did you mean delimiter?",
    ),
    "another treatment of duplicates": (
        lambda d: _set(_custom(d["schema"][0], "duplicates")["value"], "identicalIn", "primaryKey"),
        "duplicates.identicalIn", "every delivered column",
    ),
    **{
        f"another {key}": (
            lambda d, key=key: _set(_custom(d["schema"][0], "schemaEvolution")["value"], key, "drop"),
            f"schemaEvolution.{key}", "is not what is done",
        )
        for key in ("onUnknownColumn", "onMissingOptionalColumn", "onMissingRequiredColumn")
    },
    "lengths the wrong way round": (
        lambda d: _set(_column(d, "country"), "logicalTypeOptions", {"minLength": 9, "maxLength": 2}),
        "properties[8].logicalTypeOptions", "minLength 9 is above",
    ),
    "an option that nothing checks": (
        lambda d: _set(_column(d, "country"), "logicalTypeOptions", {"minLength": 2}),
        "properties[8].logicalTypeOptions", "nothing checks minLength",
    ),
    "a misspelt severity of a relationship": (
        lambda d: _set(_column(d, "country"), "relationships", [
            {"to": "online_retail.country", "customProperties": [{"property": "severty", "value": "error"}]}
        ]),
        "relationships country", "Did you mean severity?",
    ),
    **{
        f"schedule {schedule}": (
            lambda d, schedule=schedule: _set(d["slaProperties"][0], "schedule", schedule), "slaProperties", "no cron",
        )
        for schedule in ("0 3 * *", "99 3 * * *", "daily", "0 3 * * * *")
    },
    **{
        f"rule named like the built-in {rule_id}": (
            lambda d, rule_id=rule_id: _set(_rule(d, "quantity_zero"), "id", rule_id), "quality", f"the id '{rule_id}'",
        )
        for rule_id in ("record_not_csv", "files_readable", "country_missing", "freshness", "quantity_present")
    },
    "column twice": (lambda d: _add_column(d, name="country"), "properties[13].name", "there twice"),
    "column with a capital": (lambda d: _add_column(d, name="Channel"), "properties[13].name", "no column name"),
    **{
        f"column named {name}": (
            lambda d, name=name: _add_column(d, name=name), "properties[13].name", f"reserved word of {engines}",
        )
        for name, engines in (
            ("order", "Spark, Athena, Redshift"), ("select", "Spark, Athena, Redshift"), ("group", "Spark"),
            ("user", "Spark"), ("date", "Athena"), ("table", "Spark"), ("from", "Spark"), ("tag", "Redshift"),
            ("raw", "Redshift, this lake's own columns"),
        )
    },
    "product named like a keyword": (lambda d: _set(d, "name", "order"), "name", "reserved word of Spark"),
    "nonsense type": (
        lambda d: _set(_column(d, "country"), "physicalType", "text"), "properties[8].physicalType", "'text'",
    ),
    "varchar beyond Redshift": (
        lambda d: _set(_column(d, "country"), "physicalType", "varchar(70000)"), "properties[8].physicalType", "70000",
    ),
    "decimal beyond Athena": (
        lambda d: _set(_column(d, "unit_price"), "physicalType", "decimal(40,2)"), "properties[6].physicalType", "40",
    ),
    "broken pattern": (
        lambda d: _set(_column(d, "invoice_no"), "logicalTypeOptions", {"pattern": "^[A"}),
        "properties[0].logicalTypeOptions.pattern", "no regular expression",
    ),
    "column from nowhere": (
        lambda d: _without(_column(d, "country"), "transformSourceObjects"),
        "properties[8]", "where country comes from",
    ),
    "derived from nothing": (
        lambda d: _without(_column(d, "is_return"), "transformLogic"), "properties[9]", "derived from nothing",
    ),
    "personal data in clear": (
        lambda d: _without(_column(d, "customer_id"), "customProperties"), "properties[7]", "published as it is",
    ),
    "personal data for everybody": (
        lambda d: _set(_column(d, "customer_id"), "classification", "public"),
        "properties[7].classification", "'public'",
    ),
    "unknown masking": (
        lambda d: _set(_column(d, "customer_id")["customProperties"][0], "value", {"method": "md5", "domain": "c"}),
        "properties[7]", "'md5'",
    ),
    "masking that does not fit": (
        lambda d: _set(_column(d, "customer_id"), "physicalType", "int"), "properties[7].physicalType", "varchar(64)",
    ),
    "key without a position": (
        lambda d: _without(_column(d, "line_no"), "primaryKeyPosition"), "schema[0].properties", "[-1, 1, 3]",
    ),
    "no partition": (
        lambda d: _without(_column(d, "invoice_day"), "partitioned"), "schema[0].properties", "0 partition columns",
    ),
    "partition by a text": (
        lambda d: _set(_column(d, "invoice_day"), "physicalType", "varchar(10)"),
        "schema[0].properties", "derived date",
    ),
    "rule without an id": (lambda d: _without(_rule(d, "quantity_zero"), "id"), "quality[0].id", "None"),
    "rule id twice": (lambda d: _set(_rule(d, "quantity_zero"), "id", "nobody_paid"), "quality[3].id", "there twice"),
    "unknown severity": (lambda d: _set(_rule(d, "quantity_zero"), "severity", "fatal"), "quality[0]", "'fatal'"),
    "rule on no column": (
        lambda d: _set(_rule(d, "quantity_zero"), "implementation", {"failsWhen": "amount = 0"}),
        "quality[0].implementation.failsWhen", "'amount' is no column",
    ),
    "rule with an unknown parameter": (
        lambda d: _set(_rule(d, "quantity_zero"), "implementation", {"failsWhen": "invoice_day > ${today}"}),
        "quality[0].implementation.failsWhen", "${today}",
    ),
    **{
        f"rule that cannot be run: {predicate}": (
            lambda d, predicate=predicate: _set(_rule(d, "quantity_zero"), "implementation", {"failsWhen": predicate}),
            "quality[0].implementation.failsWhen", words,
        )
        for predicate, words in (
            ("quantity = = 0", "'=' is where a value should be"),
            ("foo(quantity) = 0", "foo is no function"),
            ("quantity = 0) or (1=1", "goes on with ')'"),
            ("rand() > 0.5", "differs from run to run"),
            ("invoice_date > now()", "differs from run to run"),
            ("sum(quantity) = 0", "of many rows"),
            ("quantity + 1", "neither true nor false"),
            ("quantity AND is_return", "neither true nor false"),
            ("raw.Countri = 'x'", "raw.Countri is no delivered column"),
            ("line_no > 5", "'line_no' is no column here"),
        )
    },
    **{
        f"column that cannot be computed: {logic}": (
            lambda d, logic=logic: _set(_column(d, "country"), "transformLogic", logic),
            "properties[8].transformLogic", words,
        )
        for logic, words in (
            ("trim(Countri)", "'Countri' is no column here"),
            ("trim(Country", "')' is missing"),
            ("concat(trim(Country), uuid())", "differs from run to run"),
            ("trim(country_name)", "'country_name' is no column here"),
        )
    },
    "column derived from a later one": (
        lambda d: _set(_column(d, "is_return"), "transformLogic", "is_goods"),
        "properties[9].transformLogic", "'is_goods' is no column here",
    ),
    "column from a header that nobody delivers": (
        lambda d: _set(_column(d, "is_return"), "transformSourceObjects", ["landing.online_retail.InvoiceNumber"]),
        "properties[9].transformSourceObjects", "is no delivered column",
    ),
    "filter that cannot be read": (
        lambda d: _set(_custom(d["roles"][1], "rowFilter"), "value", "country = = 'UK'"), "roles[1]", "cannot be run",
    ),
    "reconciliation with a product without contract": (
        lambda d: _set(_rule(d, "volume_usual"), "implementation", {
            "check": "reconciliation", "measure": "count(*)", "product": "till", "productMeasure": "count(*)",
        }),
        "quality volume_usual", "'till', which has no contract",
    ),
    "reconciliation of a column that does not exist": (
        lambda d: _set(_rule(d, "volume_usual"), "implementation", {
            "check": "reconciliation", "measure": "sum(amount)", "product": "online_retail",
            "productMeasure": "count(*)",
        }),
        "quality volume_usual", "no column 'amount'",
    ),
    "rule without a predicate": (
        lambda d: _set(_rule(d, "quantity_zero"), "implementation", {"passesWhen": "true"}),
        "quality[0].implementation", "no failsWhen",
    ),
    "rule of another engine": (
        lambda d: _set(_rule(d, "quantity_zero"), "engine", "soda"), "quality[0]", "not run by this lake",
    ),
    "metric without an exact expectation": (
        lambda d: _set(_rule(d, "key_unique"), "mustBe", 5), "quality[10]", "no exact expectation",
    ),
    "expectation that is none": (
        lambda d: _set(_rule(d, "sales_exceed_returns"), "implementation", {"type": "sum_positive"}),
        "quality[13].implementation", "no expectation",
    ),
    "misspelt argument of an expectation": (
        lambda d: _set(_rule(d, "sales_exceed_returns")["implementation"], "kwargs", {"colum": "line_amount"}),
        "quality[13].implementation.kwargs", "takes no 'colum'. Did you mean column?",
    ),
    "missing argument of an expectation": (
        lambda d: _set(_rule(d, "sales_exceed_returns")["implementation"], "kwargs", {"min_value": 0}),
        "quality[13].implementation.kwargs",
        "rule sales_exceed_returns: expect_column_sum_to_be_between needs column",
    ),
    "expectation without arguments": (
        lambda d: _without(_rule(d, "sales_exceed_returns")["implementation"], "kwargs"),
        "quality[13].implementation.kwargs", "needs column",
    ),
    "arguments that are none": (
        lambda d: _set(_rule(d, "sales_exceed_returns")["implementation"], "kwargs", ["line_amount"]),
        "quality[13].implementation.kwargs", "has kwargs ['line_amount']",
    ),
    "misspelt arguments": (
        lambda d: _set(_rule(d, "sales_exceed_returns")["implementation"], "kwarg", {}),
        "quality[13].implementation", "rule sales_exceed_returns has kwarg",
    ),
    "expectation on no column": (
        lambda d: _rule(d, "sales_exceed_returns")["implementation"]["kwargs"].update(column="line_amout"),
        "quality[13].implementation.kwargs.column", "'line_amout' is no column. Did you mean line_amount?",
    ),
    "expectation on columns that are none": (
        lambda d: _set(_rule(d, "sales_exceed_returns"), "implementation", {
            "type": "expect_compound_columns_to_be_unique", "kwargs": {"column_list": ["line_no", "invoice"]},
        }),
        "quality[13].implementation.kwargs.column_list", "'invoice' is no column",
    ),
    "expectation that the library does not have": (
        lambda d: _rule(d, "sales_exceed_returns")["implementation"].update(type="expect_column_sum_to_be_betwen"),
        "quality[13].implementation.type", "Did you mean expect_column_sum_to_be_between?",
    ),
    "expectation that runs a query": (
        lambda d: _set(_rule(d, "sales_exceed_returns"), "implementation", {
            "type": "expect_query_results_to_match_comparison", "kwargs": {"base_query": "SELECT 1"},
        }),
        "quality[13].implementation.type", "is not known",
    ),
    "key of no column": (
        lambda d: _set(_rule(d, "key_unique"), "arguments", {"properties": ["invoice_no", "lineno"]}),
        "quality[10].arguments.properties", "rule key_unique: 'lineno' is no column. Did you mean line_no?",
    ),
    "key that is no list": (
        lambda d: _set(_rule(d, "key_unique"), "arguments", {"properties": "invoice_no"}),
        "quality[10].arguments.properties", "in place of columns",
    ),
    "missing values of no column": (
        lambda d: _set(_rule(d, "customers_known"), "arguments", {"property": "customer"}),
        "quality[12].arguments.property", "rule customers_known: 'customer' is no column",
    ),
    "misspelt argument of a metric": (
        lambda d: _set(_rule(d, "customers_known"), "arguments", {"propery": "customer_id"}),
        "quality[12]", "no exact expectation",
    ),
    "pattern that is a number": (
        lambda d: _set(_rule(d, "sales_exceed_returns"), "implementation", {
            "type": "expect_column_values_to_match_regex", "kwargs": {"column": "country", "regex": 5},
        }),
        "quality[13].implementation.kwargs", "has 5 as regex",
    ),
    "share above one": (
        lambda d: _set(_rule(d, "sales_exceed_returns"), "implementation", {
            "type": "expect_column_values_to_be_null", "kwargs": {"column": "country", "mostly": 95},
        }),
        "quality[13].implementation.kwargs", "has 95 as mostly",
    ),
    "number of rows in words": (
        lambda d: (
            _without(_rule(d, "rows_published"), "mustBeGreaterThan"),
            _set(_rule(d, "rows_published"), "mustBe", "many"),
        ),
        "quality[9].mustBe", "expects 'many' rows",
    ),
    "check that does not exist": (
        lambda d: _set(_rule(d, "volume_usual"), "implementation", {"check": "anomaly"}),
        "implementation.check", "'anomaly' is not known",
    ),
    "check with an unknown argument": (
        lambda d: _set(_rule(d, "volume_usual"), "implementation", {"check": "volume_anomaly", "days": 3}),
        "implementation", "no argument 'days'",
    ),
    "reconciliation with nothing": (
        lambda d: _set(_rule(d, "volume_usual"), "implementation", {"check": "reconciliation", "measure": "count(*)"}),
        "implementation", "needs product",
    ),
    "statement in the place of an aggregate": (
        lambda d: _set(_rule(d, "volume_usual"), "implementation", {
            "check": "reconciliation", "measure": "count(*) FROM day; DROP TABLE x --", "product": "p",
            "productMeasure": "sum(quantity)",
        }),
        "implementation.measure", "is no aggregate",
    ),
    "foreign key to a product without contract": (
        lambda d: _set(_column(d, "country"), "relationships", [{"to": "countries.name"}]),
        "relationships country_known", "'countries', which has no contract",
    ),
    "foreign key to a column that does not exist": (
        lambda d: _set(_column(d, "country"), "relationships", [{"to": "online_retail.land"}]),
        "relationships country_known", "online_retail.land, which does not exist",
    ),
    "foreign key of another type": (
        lambda d: _set(_column(d, "country"), "relationships", [{"to": "online_retail.quantity"}]),
        "relationships country_known", "compares country (text) with online_retail.quantity (number)",
    ),
    "unknown status": (lambda d: _set(d, "status", "live"), "status", "'live' is not known"),
    "nobody to write to": (lambda d: _without(d, "support"), "support", "cannot be reached"),
    "unknown unit of time": (
        lambda d: _set(d["slaProperties"][2], "unit", "fortnights"), "slaProperties[2].unit", "'fortnights'",
    ),
    "promise about no column": (
        lambda d: _set(d["slaProperties"][2], "element", "online_retail.sold_at"),
        "slaProperties[2].element", "no element of this contract",
    ),
    "freshness of a text": (
        lambda d: _set(d["slaProperties"][1], "element", "online_retail.country"),
        "slaProperties[1].element", "date or timestamp",
    ),
    "unknown quality engine": (
        lambda d: d["customProperties"].append({"property": "qualityEngines", "value": ["soda"]}),
        "customProperties", "['soda']",
    ),
    "rule that Glue Data Quality alone cannot evaluate": (
        lambda d: (
            _column(d, "description").update(logicalTypeOptions={"pattern": "[A-Z]"}),
            d["customProperties"].append({"property": "qualityEngines", "value": ["glueDataQuality"]}),
        ),
        "schema[0].quality", "would not evaluate description_pattern",
    ),
    "null texts that are none": (
        lambda d: d["servers"][0]["customProperties"].append({"property": "nullValues", "value": "NA"}),
        "servers", "nullValues is 'NA'",
    ),
    "unknown access": (lambda d: _set(d["roles"][0], "access", "admin"), "roles[0].access", "'admin'"),
    "filtered writer": (lambda d: _set(d["roles"][1], "access", "write"), "roles[1]", "reads only"),
    "filter with a function": (
        lambda d: _set(_custom(d["roles"][1], "rowFilter"), "value", "upper(country) = 'UK'"), "roles[1]", "function",
    ),
    "filter on a date": (
        lambda d: _set(_custom(d["roles"][1], "rowFilter"), "value", "invoice_day > 'x'"), "roles[1]", "invoice_day",
    ),
    "filter on no column": (
        lambda d: _set(_custom(d["roles"][1], "rowFilter"), "value", "region = 'UK'"),
        "roles[1]", "'region' is no column",
    ),
    "misspelt row filter": (
        lambda d: _set(_custom(d["roles"][1], "rowFilter"), "property", "rowfilter"),
        "roles[1].customProperties", "'rowfilter' here. Did you mean rowFilter?",
    ),
    "misspelt columns": (
        lambda d: d["roles"][1]["customProperties"].append({"property": "excludeColums", "value": ["country"]}),
        "roles[1].customProperties", "Did you mean excludeColumns?",
    ),
    "misspelt tags": (
        lambda d: _set(_custom(d["roles"][0], "includeTags"), "property", "includeTag"),
        "roles[0].customProperties", "Did you mean includeTags?",
    ),
    "tag that no column has": (
        lambda d: _set(_custom(d["roles"][0], "includeTags"), "value", ["pi"]),
        "roles[0]", "data-engineer includes tag 'pi', which no column has. Tags of columns: pii",
    ),
    "tags that are no list": (
        lambda d: _set(_custom(d["roles"][0], "includeTags"), "value", "pii"),
        "roles[0].customProperties", "includeTags is 'pii'",
    ),
    "empty row filter": (
        lambda d: _set(_custom(d["roles"][1], "rowFilter"), "value", " "),
        "roles[1].customProperties", "Write a condition on columns",
    ),
    "two row filters": (
        lambda d: d["roles"][1]["customProperties"].append({"property": "rowFilter", "value": "quantity = 1"}),
        "roles[1].customProperties", "'rowFilter' is there twice",
    ),
    "property of a role on a column": (
        lambda d: _set(_column(d, "country"), "customProperties", [{"property": "rowFilter", "value": "quantity = 1"}]),
        "properties[8].customProperties", "'rowFilter' here. Known: derived, generatedBy, masking, personal",
    ),
    "misspelt masking": (
        lambda d: _set(_column(d, "country"), "customProperties", [{"property": "maskng", "value": {}}]),
        "properties[8].customProperties", "Did you mean masking?",
    ),
    "personal in quotes": (
        lambda d: _set(_column(d, "country"), "customProperties", [{"property": "personal", "value": "false"}]),
        "properties[8].customProperties", "personal is 'false'",
    ),
    "misspelt property of the contract": (
        lambda d: d["customProperties"].append({"property": "qualityEngine", "value": ["glueDataQuality"]}),
        "customProperties", "Did you mean qualityEngines?",
    ),
    "misspelt property of the table": (
        lambda d: _set(d["schema"][0]["customProperties"][0], "property", "duplicate"),
        "schema[0].customProperties", "Did you mean duplicates?",
    ),
    "misspelt property of the landing": (
        lambda d: _set(_custom(d["servers"][0], "partitionKey"), "property", "partitionkey"),
        "servers[0].customProperties", "Did you mean partitionKey?",
    ),
    "property of the landing on another server": (
        lambda d: _set(d["servers"][1], "customProperties", [{"property": "partitionKey", "value": "day"}]),
        "servers[1].customProperties", "nothing reads the property 'partitionKey'",
    ),
    "misspelt property of a foreign key": (
        lambda d: _set(_column(d, "country"), "relationships", [
            {"to": "online_retail.country", "customProperties": [{"property": "gracedays", "value": 1}]},
        ]),
        "properties[8].relationships[0].customProperties", "Did you mean graceDays?",
    ),
    "property of a rule": (
        lambda d: _set(_rule(d, "quantity_zero"), "customProperties", [{"property": "severity", "value": "info"}]),
        "quality[0].customProperties", "nothing reads the property 'severity'",
    ),
    "completeness that is a text": (
        lambda d: _set(_custom(d["servers"][0], "completeness"), "value", "_SUCCESS"),
        "servers[0].customProperties", "completeness is '_SUCCESS'",
    ),
    "hidden column that does not exist": (
        lambda d: d["roles"][1]["customProperties"].append({"property": "excludeColumns", "value": ["email"]}),
        "roles[1]", "'email' does not exist",
    ),
}  # fmt: skip
