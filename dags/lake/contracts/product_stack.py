"""``mwaa/cloudformation/products.yaml``: what CloudFormation makes for each contract, written by the compiler."""

from __future__ import annotations

import json
from typing import Any

from lake.contracts.dqdl import ENGINE as DATA_QUALITY
from lake.contracts.dqdl import rule_set

_HEAD = """\
AWSTemplateFormatVersion: "2010-09-09"
Description: >-
  Sluice products: for each data contract a crawler and, if the contract asks for it, a Glue Data Quality rule set.
  Deploy it after lake.yaml.

# Compiled from dags/contracts/*.odcs.yaml by `make contracts`; do not edit.
# A product adds nothing else to AWS: the job, the roles and the databases of lake.yaml serve all of them.

Parameters:
  Prefix:
    Type: String
    Default: sluice
    AllowedPattern: "[a-z][a-z0-9-]{1,18}[a-z0-9]"
    Description: First part of every name, as in lake.yaml.
  Env:
    Type: String
    Default: dev
    AllowedPattern: "[a-z][a-z0-9]{1,9}"
    Description: Environment, second part of every name, as in lake.yaml.

Resources:
"""
_CRAWLER = """\
  {logical}Crawler:
    Type: AWS::Glue::Crawler
    Properties:
      Name: !Sub "${{Prefix}}-${{Env}}-landing-{dashed}"
      Description: Reports what was delivered. The contract owns the schema, so a change is logged, never applied.
      Role: !Sub "arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/${{Prefix}}-${{Env}}-glue"
      # Of lake.yaml, as the role.
      CrawlerSecurityConfiguration: !Sub "${{Prefix}}-${{Env}}"
      DatabaseName: {database}
      Targets:
        S3Targets:
          # Markers and manifests are no data.
          - Path: !Sub "s3://${{Prefix}}-${{Env}}-landing/{prefix}"
            Exclusions: ["**/_*"]
      SchemaChangePolicy: {{UpdateBehavior: LOG, DeleteBehavior: LOG}}
      RecrawlPolicy: {{RecrawlBehavior: CRAWL_EVERYTHING}}
      # One table at s3://bucket/{prefix} (level {level}), also when a day's file looks different from the others.
      Configuration: >-
        {{"Version": 1.0,
         "CrawlerOutput": {{"Partitions": {{"AddOrUpdateBehavior": "InheritFromTable"}}}},
         "Grouping": {{"TableGroupingPolicy": "CombineCompatibleSchemas", "TableLevelConfiguration": {level}}}}}
"""
_RULE_SET = """\
  {logical}Rules:
    Type: AWS::Glue::DataQualityRuleset
    Properties:
      Name: !Sub "${{Prefix}}-${{Env}}-{dashed}"
      Description: Table rules of the contract {product} {version}.
      Ruleset: {text}
"""


def product_stack(compiled: list[dict[str, Any]]) -> str:
    """Return the template.

    :param compiled: all compiled contracts, in the order of their names
    """
    resources = []
    for contract in compiled:
        names = {
            "product": contract["product"],
            "dashed": contract["product"].replace("_", "-"),
            "logical": "".join(word.capitalize() for word in contract["product"].split("_")),
        }
        prefix = contract["landing"]["prefix"]
        database = contract["databases"]["landing"]
        # The bucket is level 1 (Glue documentation, "TableLevelConfiguration").
        level = 1 + prefix.count("/")
        resources.append(_CRAWLER.format(**names, database=database, prefix=prefix, level=level))
        if DATA_QUALITY in contract["quality_engines"]:
            # A JSON string is a YAML string, too: no rule can break out of it.
            text = json.dumps(rule_set(contract["dqdl"]))
            resources.append(_RULE_SET.format(**names, version=contract["version"], text=text))
    return _HEAD + "\n".join(resources)
