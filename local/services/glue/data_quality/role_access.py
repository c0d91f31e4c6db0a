"""A run reads the catalog and S3 as its role, like the Glue job that it is on AWS."""

from __future__ import annotations

from local.services.athena.forward_access import ForwardAccess
from local.services.athena.names import S3Address
from local.services.iam import principals
from local.services.iam.authorizer import NotAuthorized, Origin, authorize
from local.services.lakeformation import access as lake_formation
from local.settings import LocalSettings

# The library that every run loads from AWS's bucket, with the rights of its role.
_LIBRARY = "aws-glue-ml-data-quality-assets-{region}"
_LIBRARY_KEY = "jars/aws-glue-ml-data-quality-etl.jar"
# What the job of a run calls. Source: "Configure IAM permissions for AWS Glue Data Quality" of the Glue guide.
_EVALUATION_CALLS = ("glue:GetDataQualityRuleset", "glue:GetDataQualityRulesetEvaluationRun", "glue:PublishDataQuality")
_RECOMMENDATION_CALLS = ("glue:GetDataQualityRuleRecommendationRun", "glue:PublishDataQuality")


class RunFailed(Exception):
    """A run that ends as FAILED, with the message."""


class RoleAccess(ForwardAccess):
    """The rights of a run's role; refusals are those that a job would meet.

    :param role: its name.
    """

    def __init__(self, role: str, settings: LocalSettings) -> None:
        caller = principals.caller_named(role)
        if ":role/" not in caller.arn:
            raise RunFailed(
                f"Role {role} should be given assume role permissions for Glue Service. (It does not exist.)"
            )
        super().__init__(caller, settings)
        self.role_arn = caller.arn

    def require(self, action: str, *resources: str) -> None:
        """:raises RunFailed: the role may not do this."""
        for resource in resources:
            if (action, resource) in self._granted:
                continue
            try:
                authorize(self._caller, action, resource, origin=Origin())
            except NotAuthorized as error:
                raise RunFailed(f"AccessDeniedException: {error.message}") from error
            self._granted.add((action, resource))

    def require_launch(self) -> None:
        """The run can load AWS's library.

        :raises RunFailed: in AWS's words.
        """
        bucket = _LIBRARY.format(region=self._settings.region)
        try:
            authorize(self._caller, "s3:GetObject", f"arn:aws:s3:::{bucket}/{_LIBRARY_KEY}", origin=Origin())
        except NotAuthorized as error:
            raise RunFailed(
                f"LAUNCH ERROR | Error downloading from S3 for bucket: {bucket}, key: {_LIBRARY_KEY}.Access Denied "
                f"({error.message})"
            ) from error

    def require_evaluation(self, rulesets: list[str]) -> None:
        """:raises RunFailed: the role may not read or report on one of the rule sets."""
        for name in rulesets:
            for action in _EVALUATION_CALLS:
                self.require(action, self._ruleset(name))

    def require_recommendation(self, created: str | None) -> None:
        """:param created: name of the rule set that the run makes.
        :raises RunFailed: the role may not report its recommendation.
        """
        for action in _RECOMMENDATION_CALLS:
            self.require(action, self._ruleset("*"))
        if created is not None:
            self.require("glue:CreateDataQualityRuleset", "*")

    def _ruleset(self, name: str) -> str:
        return f"arn:aws:glue:{self._settings.region}:{self._settings.account_id}:dataQualityRuleset/{name}"

    def require_all_rows(self, database: str, table: str, columns: list[str]) -> None:
        """Glue Data Quality works on whole tables only: every column, no row or cell filter.

        :raises RunFailed: Lake Formation shows the role less.
        """
        granted = lake_formation.table_access(self.role_arn, database, table, columns)
        if not granted.columns:
            raise RunFailed(
                "AccessDeniedException: Insufficient Lake Formation permission(s): "
                f"Required Select on {table} (role {self.role_arn})"
            )
        hidden = [name for name in columns if name not in granted.columns]
        if hidden or granted.row_filter or granted.cell_filters:
            what = f"columns {', '.join(hidden)} are hidden" if hidden else "rows or cells are filtered"
            raise RunFailed(
                f"AccessDeniedException: Insufficient Lake Formation permission(s): Required Select on all columns of "
                f"{table} without filters; {what} from role {self.role_arn}"
            )

    def reaches(self, location: str) -> None:
        """The credentials for a location can be had.

        :raises RunFailed: they cannot.
        """
        bucket, _, key = location.partition("://")[2].partition("/")
        self.reader(S3Address(bucket, key))
