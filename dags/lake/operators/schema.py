"""Check a delivery against its contract, and keep the contract's tables in the Glue catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.glue_catalog import GlueCatalogHook
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from lake.alerts import warn
from lake.catalog import CatalogConflictError, ContractTable, contract_tables, followed
from lake.clients import client
from lake.contracts import Contract, compiled_contract, contract
from lake.failures import failure, refused_call
from lake.landing_files import EmptyFileError, LandedFile, UnreadableHeaderError, list_files, read_header
from lake.run_key import run_key
from lake.schema_check import Difference, Verdict, compare_catalog, compare_header, verdict_of
from lake.settings import LAKE

if TYPE_CHECKING:
    from airflow.sdk import Context

RUN_KEY_XCOM = "run_key"


class CheckSchemaOperator(AwsBaseOperator[S3Hook]):
    """Compare a day's files and the crawled table with the contract, and fix the run key.

    Breaking differences stop the run with the differences as message. The verdict is the return value, the run key
    the XCom ``run_key``.

    :param product: data product
    :param folder: S3 address of the day's folder, ending with a slash (templated)
    :param rejections: S3 address of the files that name rejected records of the day (templated)
    :param artifacts: prefixes in the artifacts bucket whose objects decide what the job does
    """

    aws_hook_class = S3Hook
    template_fields = aws_template_fields("product", "folder", "rejections")

    def __init__(
        self,
        *,
        product: str,
        folder: str,
        rejections: str = "",
        artifacts: tuple[str, ...] = ("glue_jobs/",),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.product = product
        self.folder = folder
        self.rejections = rejections
        self.artifacts = artifacts

    def execute(self, context: Context) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        terms = contract(self.product)
        try:
            bucket, prefix = self.hook.parse_s3_url(self.folder)
            files = list_files(self.hook.conn, bucket, prefix)
            if not files:
                raise AirflowSkipException(f"The delivery is complete and empty: {self.folder} holds no data files.")
            if not any(file.size for file in files):
                names = ", ".join(file.name for file in files)
                raise AirflowFailException(
                    f"The delivery is empty: every file in {self.folder} has 0 bytes ({names}). Nothing was processed; "
                    "ask the sender to deliver the day again."
                )
            by_file = {file.name: self._compare_file(bucket, file, terms) for file in files}
            from_crawler = self._compare_crawled_table(terms)
            read = [*files, *self._rejected()]
            key = run_key([(file.key, file.etag, file.size) for file in read], self._job_fingerprint(terms))
        except ClientError as error:
            raise refused_call(
                error, f"look at {self.folder}", "The airflow role needs to read the landing and artifacts buckets."
            ) from error
        differences = [*(difference for found in by_file.values() for difference in found), *from_crawler]
        for difference in differences:
            self.log.warning("%s", difference)
        self._stop_if_broken(by_file, terms)
        verdict = verdict_of(differences)
        if verdict is not Verdict.SAME:
            lines = "\n".join(str(difference) for difference in differences)
            warn(context, f"The delivery {self.folder} differs from the contract {terms.version}:\n{lines}")
        self.log.info("%s file(s), %s; run key %s", len(files), verdict, key)
        context["ti"].xcom_push(key=RUN_KEY_XCOM, value=key)
        return {
            "verdict": verdict.value,
            "differences": [str(difference) for difference in differences],
            "files": [file.key for file in files],
            "bytes": sum(file.size for file in files),
        }

    def _rejected(self) -> list[LandedFile]:
        """:return: files that name records of the day that a person has rejected: they decide the result, too"""
        if not self.rejections:
            return []
        bucket, prefix = self.hook.parse_s3_url(self.rejections)
        return list_files(self.hook.conn, bucket, prefix)

    def _compare_file(self, bucket: str, file: LandedFile, terms: Contract) -> list[Difference]:
        delimiter = compiled_contract(terms.product)["landing"]["delimiter"]
        try:
            header = read_header(self.hook.conn, bucket, file, delimiter)
        except EmptyFileError as error:
            return [Difference(file.name, str(error), False, "Ask the sender whether that is right.")]
        except UnreadableHeaderError as error:
            return [Difference(file.name, str(error), True, "Nothing was lost: the file stays in landing.")]
        return compare_header(file.name, header, terms)

    def _compare_crawled_table(self, terms: Contract) -> list[Difference]:
        database, name = terms.table("landing").split(".")
        catalog = client("glue", self.aws_conn_id)
        try:
            table = catalog.get_table(DatabaseName=database, Name=name)["Table"]
        except catalog.exceptions.EntityNotFoundException as error:
            raise AirflowFailException(
                f"The crawler left no table {database}.{name}, although {self.folder} holds files. Its log is in a "
                "CloudWatch log group /aws-glue/crawlers*; its target must be the product's landing folder."
            ) from error
        columns = [column["Name"] for column in table["StorageDescriptor"]["Columns"]]
        return compare_catalog(f"{database}.{name}", columns, terms)

    def _job_fingerprint(self, terms: Contract) -> dict[str, str]:
        """:return: what decides the result besides the files: the contract, and the job's code as it is deployed"""
        bucket = LAKE.bucket("artifacts")
        code = [file for prefix in self.artifacts for file in list_files(self.hook.conn, bucket, prefix)]
        if not code:
            raise AirflowFailException(
                f"No job code in s3://{bucket}/{self.artifacts[0]}: deploy it first (on a laptop `make up`)."
            )
        return {"contract": terms.hash, **{file.key: file.etag for file in code}}

    def _stop_if_broken(self, by_file: dict[str, list[Difference]], terms: Contract) -> None:
        broken = [name for name, found in by_file.items() if verdict_of(found) is Verdict.BREAKING]
        if not broken or (terms.on_refused_file == "continue" and len(broken) < len(by_file)):
            return
        lines = "\n".join(str(difference) for name in broken for difference in by_file[name])
        raise AirflowFailException(
            f"{len(broken)} of {len(by_file)} file(s) in {self.folder} break the contract {self.product} "
            f"{terms.version}; nothing was processed, nothing is lost.\n{lines}"
        )


class EnsureTablesOperator(AwsBaseOperator[GlueCatalogHook]):
    """Create the contract's tables that are missing, and add the columns that a new contract version added.

    :param product: data product
    """

    aws_hook_class = GlueCatalogHook
    template_fields = aws_template_fields("product")

    def __init__(self, *, product: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.product = product

    def execute(self, context: Context) -> list[str]:
        from botocore.exceptions import ClientError

        try:
            done = [self._ensure(table) for table in self._wanted()]
        except CatalogConflictError as error:
            raise AirflowFailException(str(error)) from error
        except ClientError as error:
            raise refused_call(
                error,
                f"keep the tables of {self.product}",
                "The airflow role needs CREATE_TABLE and ALTER on the databases, and the data locations.",
            ) from error
        return [change for change in done if change]

    def _wanted(self) -> list[ContractTable]:
        return contract_tables(contract(self.product), LAKE)

    def _ensure(self, wanted: ContractTable) -> str:
        """:return: what was changed, or an empty text"""
        catalog: Any = self.hook.conn
        where = f"{wanted.database}.{wanted.name}"
        try:
            existing = catalog.get_table(DatabaseName=wanted.database, Name=wanted.name)["Table"]
        except catalog.exceptions.EntityNotFoundException:
            return self._create(wanted, where)
        definition = followed(existing, wanted)
        if definition is None:
            return ""
        try:
            catalog.update_table(DatabaseName=wanted.database, TableInput=definition, **self._version_guard(existing))
        except catalog.exceptions.ConcurrentModificationException as error:
            raise failure(f"{where} was changed by another run in this moment.", heals=True) from error
        self.log.info("%s follows the contract again.", where)
        return f"updated {where}"

    def _create(self, wanted: ContractTable, where: str) -> str:
        catalog: Any = self.hook.conn
        try:
            catalog.create_table(DatabaseName=wanted.database, TableInput=wanted.definition)
        except catalog.exceptions.AlreadyExistsException:
            self.log.info("%s was created by another run in this moment.", where)
            return ""
        self.log.info("%s was created.", where)
        return f"created {where}"

    def _version_guard(self, existing: dict[str, Any]) -> dict[str, str]:
        """:return: the version UpdateTable must find, so that two runs do not overwrite each other's columns"""
        return {"VersionId": existing["VersionId"]} if "VersionId" in existing else {}
