"""Tables of Parquet files in S3, and rule sets evaluated on them through the API."""

from __future__ import annotations

import io
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.local import rights
from tests.local.glue.workbench import Workbench

if TYPE_CHECKING:
    import pyarrow as pa

ENDED = {"STOPPED", "SUCCEEDED", "FAILED", "TIMEOUT"}
_PATIENCE_SECONDS = 120
_POLL_SECONDS = 0.02
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"
PARQUET = {
    "InputFormat": f"{_PARQUET}.MapredParquetInputFormat",
    "OutputFormat": f"{_PARQUET}.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": f"{_PARQUET}.serde.ParquetHiveSerDe"},
}
TEXT = {
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
        "Parameters": {"field.delim": ","},
    },
}
LIBRARY = "arn:aws:s3:::aws-glue-ml-data-quality-assets-us-east-1/*"

# What the role of a run needs besides its table: the library, the rule set, a place for the result.
RUN_RIGHTS = [
    rights.allow("s3:GetObject", resources=LIBRARY),
    rights.allow(
        "glue:GetDataQualityRuleset",
        "glue:GetDataQualityRulesetEvaluationRun",
        "glue:GetDataQualityRuleRecommendationRun",
        "glue:PublishDataQuality",
        resources="arn:aws:glue:us-east-1:123456789012:dataQualityRuleset/*",
    ),
    rights.allow("glue:CreateDataQualityRuleset"),
    rights.allow("glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"),
]


@dataclass
class QualityBench:
    """:param workbench: bucket and database of the Glue tests."""

    workbench: Workbench

    @property
    def glue(self) -> Any:
        return self.workbench.glue

    @property
    def role(self) -> str:
        return f"{self.workbench.name}-quality"

    @property
    def database(self) -> str:
        return self.workbench.database

    def build(self) -> None:
        self.make_role(self.role)

    def make_role(self, name: str, *statements: dict[str, Any]) -> str:
        """A role that may run evaluations and read the bucket; Lake Formation is asked for each table."""
        iam = self.workbench.aws.client("iam")
        arn: str = self.workbench.create_role(name)
        rights.give(iam, name, *(statements or [*rights.use_bucket(self.workbench.bucket), *RUN_RIGHTS]))
        return arn

    def data_source(self, table: str, **options: str) -> dict[str, Any]:
        source: dict[str, Any] = {"DatabaseName": self.database, "TableName": table}
        return {"GlueTable": source | ({"AdditionalOptions": options} if options else {})}

    def new_table(
        self,
        columns: Mapping[str, str],
        keys: Mapping[str, str] | None = None,
        storage_format: Mapping[str, Any] = PARQUET,
        **more: Any,
    ) -> str:
        """An empty table that the role of the bench may read.

        :param columns: name -> Hive type. :param keys: of partitions.
        :param more: members of TableInput.
        """
        name = f"t_{uuid.uuid4().hex[:10]}"
        storage = {
            "Columns": [{"Name": column, "Type": kind} for column, kind in columns.items()],
            "Location": f"s3://{self.workbench.bucket}/{name}/",
            **storage_format,
        }
        partition_keys = [{"Name": key, "Type": kind} for key, kind in (keys or {}).items()]
        table = {"Name": name, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage, **more}
        self.glue.create_table(DatabaseName=self.database, TableInput={**table, "PartitionKeys": partition_keys})
        self.grant(self.role, name)
        return name

    def grant(self, role: str, table: str, permissions: list[str] | None = None) -> None:
        resource = {"Table": {"DatabaseName": self.database, "Name": table}}
        self.workbench.grant(permissions or ["SELECT", "DESCRIBE"], resource, role)

    def put(self, table: str, rows: pa.Table, folder: str = "") -> str:
        """Add a file to a table.

        :return: location of its folder
        """
        import pyarrow.parquet as pq

        body = io.BytesIO()
        pq.write_table(rows, body)
        key = f"{table}/{folder}{uuid.uuid4().hex}.parquet"
        self.workbench.put(key, body.getvalue())
        return f"s3://{self.workbench.bucket}/{key.rsplit('/', 1)[0]}/"

    def add_partition(self, table: str, values: list[str], location: str) -> None:
        storage = self.glue.get_table(DatabaseName=self.database, Name=table)["Table"]["StorageDescriptor"]
        given = {"Values": values, "StorageDescriptor": {**storage, "Location": location}}
        self.glue.create_partition(DatabaseName=self.database, TableName=table, PartitionInput=given)

    def table(self, rows: pa.Table, columns: Mapping[str, str] | None = None) -> str:
        """A table of one file."""
        name = self.new_table(columns or {field.name: hive_type(field.type) for field in rows.schema})
        self.put(name, rows)
        return name

    def ruleset(self, text: str) -> str:
        name = f"r_{uuid.uuid4().hex[:10]}"
        self.glue.create_data_quality_ruleset(Name=name, Ruleset=text)
        return name

    def start(self, rules: str, table: str, references: Mapping[str, str] | None = None, **arguments: Any) -> str:
        """Start a run of rules, comma-separated, on a table."""
        text = rules if "Rules = " in rules or "Analyzers = " in rules else f"Rules = [ {rules} ]"
        request = {
            "DataSource": self.data_source(table),
            "Role": self.role,
            "RulesetNames": [self.ruleset(text)],
            **arguments,
        }
        if references:
            request["AdditionalDataSources"] = {alias: self.data_source(name) for alias, name in references.items()}
        run_id: str = self.glue.start_data_quality_ruleset_evaluation_run(**request)["RunId"]
        return run_id

    def wait(self, run_id: str, states: set[str] = ENDED) -> dict[str, Any]:
        """Wait until a run is in one of some states."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            run: dict[str, Any] = self.glue.get_data_quality_ruleset_evaluation_run(RunId=run_id)
            if run["Status"] in states:
                return run
            time.sleep(_POLL_SECONDS)
        raise AssertionError(f"{run_id} is still {run['Status']}")

    def evaluate(self, rules: str, table: str, references: Mapping[str, str] | None = None, **more: Any) -> Any:
        """The result of a run that must succeed."""
        run = self.wait(self.start(rules, table, references, **more))
        assert run["Status"] == "SUCCEEDED", run
        (result_id,) = run["ResultIds"]
        return self.glue.get_data_quality_result(ResultId=result_id)

    def verdicts(self, rules: list[str], table: str, references: Mapping[str, str] | None = None) -> list[str]:
        """PASS, FAIL or ERROR of each rule."""
        return [found["Result"] for found in self.evaluate(",\n".join(rules), table, references)["RuleResults"]]

    def refusal(self, run_id: str) -> str:
        """Why a run failed, which it must."""
        run = self.wait(run_id)
        assert run["Status"] == "FAILED", run
        return str(run["ErrorString"])


def hive_type(kind: pa.DataType) -> str:
    import pyarrow as pa

    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    names = {"int64": "bigint", "int32": "int", "string": "string", "double": "double", "bool": "boolean"}
    return names.get(str(kind), "date")
