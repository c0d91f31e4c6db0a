"""Readers of catalog, engines, permissions, alarms and MWAA environments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.conftest import LocalAws
from tests.mwaa.readback.comparison import Reader, Resource


def _database(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    found = aws.client("glue").get_database(Name=resource.physical_id)["Database"]
    return {"CatalogId": found["CatalogId"], "DatabaseInput": found}


def _glue_tags(aws: LocalAws, kind: str, name: str) -> dict[str, Any]:
    arn = f"arn:aws:glue:{aws.settings.region}:{aws.settings.account_id}:{kind}/{name}"
    return {"Tags": aws.client("glue").get_tags(ResourceArn=arn)["Tags"]}


def _role_arn(aws: LocalAws, name: str) -> str:
    return f"arn:aws:iam::{aws.settings.account_id}:role/{name.rpartition('/')[2]}"


def _crawler(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    found = aws.client("glue").get_crawler(Name=resource.physical_id)["Crawler"]
    return {**found, "Role": _role_arn(aws, found["Role"]), **_glue_tags(aws, "crawler", resource.physical_id)}


def _job(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    found = aws.client("glue").get_job(JobName=resource.physical_id)["Job"]
    return {**found, **_glue_tags(aws, "job", resource.physical_id)}


def _alarm(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    (found,) = aws.client("cloudwatch").describe_alarms(AlarmNames=[resource.physical_id])["MetricAlarms"]
    return dict(found)


def _environment(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    found = aws.client("mwaa").get_environment(Name=resource.physical_id)["Environment"]
    logging = found.get("LoggingConfiguration", {})
    # GetEnvironment adds the ARN of each log group.
    kept = {name: {key: logs[key] for key in ("Enabled", "LogLevel") if key in logs} for name, logs in logging.items()}
    return {**found, "LoggingConfiguration": kept}


def _glue_security(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    found = aws.client("glue").get_security_configuration(Name=resource.physical_id)["SecurityConfiguration"]
    encryption = dict(found["EncryptionConfiguration"])
    encryption["S3Encryptions"] = encryption.pop("S3Encryption")
    return {"Name": found["Name"], "EncryptionConfiguration": encryption}


def _ruleset(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    found = aws.client("glue").get_data_quality_ruleset(Name=resource.physical_id)
    return {**found, **_glue_tags(aws, "dataQualityRuleset", resource.physical_id)}


def _work_group(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    found = aws.client("athena").get_work_group(WorkGroup=resource.physical_id)["WorkGroup"]
    return {**found, "WorkGroupConfiguration": found["Configuration"]}


def _upper(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name[0].upper() + name[1:]: value for name, value in found.items()}


def _namespace(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    found = aws.client("redshift-serverless").get_namespace(namespaceName=resource.physical_id)["namespace"]
    return _upper(found)


def _workgroup(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    found = aws.client("redshift-serverless").get_workgroup(workgroupName=resource.physical_id)["workgroup"]
    return {**_upper(found), "ConfigParameters": [_upper(item) for item in found["configParameters"]]}


def _settings(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    found = aws.client("lakeformation").get_data_lake_settings()["DataLakeSettings"]
    return {**found, "Admins": found["DataLakeAdmins"]}


def _location(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    arn = resource.properties["ResourceArn"]
    found = aws.client("lakeformation").describe_resource(ResourceArn=arn)["ResourceInfo"]
    return {**found, "UseServiceLinkedRole": found["RoleArn"].endswith("/AWSServiceRoleForLakeFormationDataAccess")}


def _pages(client: Any, **request: Any) -> Iterator[dict[str, Any]]:
    while True:
        page = client.list_permissions(**request)
        yield from page["PrincipalResourcePermissions"]
        if "NextToken" not in page:
            return
        request["NextToken"] = page["NextToken"]


def _permissions(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    wanted = resource.properties
    asked = {"Principal": wanted["Principal"], "Resource": wanted["Resource"]}
    found = list(_pages(aws.client("lakeformation"), **asked))
    return {
        "Principal": found[0]["Principal"] if found else None,
        "Resource": found[0]["Resource"] if found else None,
        "Permissions": [name for item in found for name in item["Permissions"]],
        "PermissionsWithGrantOption": [name for item in found for name in item["PermissionsWithGrantOption"]],
    }


LAKE_READERS: dict[str, Reader] = {
    "AWS::Athena::WorkGroup": _work_group,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::Glue::Crawler": _crawler,
    "AWS::Glue::Database": _database,
    "AWS::Glue::Job": _job,
    "AWS::Glue::DataQualityRuleset": _ruleset,
    "AWS::Glue::SecurityConfiguration": _glue_security,
    "AWS::LakeFormation::DataLakeSettings": _settings,
    "AWS::LakeFormation::PrincipalPermissions": _permissions,
    "AWS::LakeFormation::Resource": _location,
    "AWS::MWAA::Environment": _environment,
    "AWS::RedshiftServerless::Namespace": _namespace,
    "AWS::RedshiftServerless::Workgroup": _workgroup,
}
