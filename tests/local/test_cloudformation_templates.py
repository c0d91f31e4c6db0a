"""What CloudFormation refuses before it makes anything, and what its functions give."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from local.services.cloudformation.analysis import check_template, creation_order, deletion_order
from local.services.cloudformation.failures import ValidationError
from local.services.cloudformation.intrinsics import Scope
from local.services.cloudformation.parameters import resolve_parameters
from local.services.cloudformation.resources import RESOURCE_TYPES
from local.services.cloudformation.shapes import BOOLEAN, INTEGER, STRING, PropertyError, normalise, structure
from local.services.cloudformation.state import ResourceRecord
from local.services.cloudformation.template import parse_template

ONE_TOPIC = "Resources: {Alerts: {Type: AWS::SNS::Topic}}"

REFUSED = {
    "unknown type, named with its logical id": (
        "Resources: {Queue: {Type: AWS::SQS::NoSuchThing}}",
        r"Unrecognized resource types: \[AWS::SQS::NoSuchThing \(resource Queue\)\]",
    ),
    "type of AWS that is not served here": (
        "Resources: {Nightly: {Type: AWS::Lambda::Function, Properties: {Role: a}}}",
        r"AWS::Lambda::Function \(resource Nightly\).*The local AWS has these types: .*AWS::S3::Bucket",
    ),
    "unknown property": (
        "Resources: {Zone: {Type: AWS::S3::Bucket, Properties: {BucketName: a, ReplicationConfiguration: {}}}}",
        r"resource Zone \(AWS::S3::Bucket\): ReplicationConfiguration: the local AWS does not apply this property",
    ),
    "unknown property deep inside": (
        """
        Resources:
          Zone:
            Type: AWS::S3::Bucket
            Properties:
              LifecycleConfiguration: {Rules: [{Status: Enabled, Transitions: [{StorageClass: GLACIER}]}]}
        """,
        r"LifecycleConfiguration\.Rules\[0\]\.Transitions: the local AWS does not apply",
    ),
    "unknown property in the branch that is not taken": (
        """
        Conditions: {Never: !Equals [a, b]}
        Resources:
          Zone:
            Type: AWS::S3::Bucket
            Properties:
              VersioningConfiguration: !If [Never, {Status: Enabled, MfaDelete: Enabled}, !Ref AWS::NoValue]
        """,
        r"VersioningConfiguration\.MfaDelete",
    ),
    "missing required property": (
        "Resources: {Policy: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: a}}}",
        r"resource Policy .*PolicyDocument: required property is missing",
    ),
    "reference to nothing": (
        "Resources: {Alerts: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref Nothing}}}",
        "unresolved reference Nothing in resource Alerts",
    ),
    "placeholder of nothing": (
        'Resources: {Alerts: {Type: AWS::SNS::Topic, Properties: {TopicName: !Sub "${Prefx}-alerts"}}}',
        "unresolved reference Prefx in resource Alerts",
    ),
    "attribute that the type has not": (
        """
        Resources: {Alerts: {Type: AWS::SNS::Topic}}
        Outputs: {Arn: {Value: !GetAtt Alerts.Arn}}
        """,
        "output Arn: AWS::SNS::Topic has no attribute Arn",
    ),
    "DependsOn of nothing": (
        "Resources: {Alerts: {Type: AWS::SNS::Topic, DependsOn: [Settings]}}",
        "unresolved DependsOn Settings in resource Alerts",
    ),
    "condition of nothing": (
        "Resources: {Alerts: {Type: AWS::SNS::Topic, Condition: HasEmail}}",
        "unresolved condition HasEmail in resource Alerts",
    ),
    "condition of nothing in a function": (
        "Resources: {Alerts: {Type: AWS::SNS::Topic, Properties: {TopicName: !If [HasName, a, b]}}}",
        "unresolved condition HasName in resource Alerts",
    ),
    "unknown function": (
        "Resources: {Alerts: {Type: AWS::SNS::Topic, Properties: {TopicName: !ImportValue lake-topic}}}",
        "resource Alerts: the local AWS does not support the function Fn::ImportValue",
    ),
    "circle": (
        """
        Resources:
          A: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref B}}
          B: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref A}}
        """,
        r"Circular dependency between resources: \[A, B\]",
    ),
    "no resources": ("Resources: {}", "At least one Resources member must be defined"),
    "no type": (
        "Resources: {A: {Properties: {}}}",
        r"\[/Resources/A\] Every Resources object must contain a Type member",
    ),
    "unknown section": ("Transform: AWS::Serverless-2016-10-31\n" + ONE_TOPIC, r"template section \['Transform'\]"),
    "unknown attribute of a resource": (
        "Resources: {A: {Type: AWS::SNS::Topic, CreationPolicy: {}}}",
        "Invalid template resource property 'CreationPolicy' of resource A",
    ),
    "deletion policy that is none": (
        "Resources: {A: {Type: AWS::SNS::Topic, DeletionPolicy: Keep}}",
        "DeletionPolicy 'Keep' of resource A",
    ),
    "aliases, which CloudFormation does not take": (
        "Resources: {A: &topic {Type: AWS::SNS::Topic}, B: *topic}",
        "YAML aliases are not allowed",
    ),
    "not YAML": ("Resources: {A: [", r"YAML not well-formed\. \(line \d+, column \d+\)"),
    "not JSON": ('{"Resources": }', r"JSON not well-formed\. \(line 1, column 15\)"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_template_is_refused(case: str) -> None:
    body, message = REFUSED[case]
    with pytest.raises(ValidationError, match=message):
        check_template(parse_template(body), RESOURCE_TYPES)


def test_every_problem_is_named_at_once() -> None:
    body = """
    Resources:
      Zone: {Type: AWS::S3::Bucket, Properties: {AccelerateConfiguration: {}, CorsConfiguration: {}}}
      Alerts: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref Nothing}}
    """
    with pytest.raises(ValidationError) as refusal:
        check_template(parse_template(body), RESOURCE_TYPES)
    for name in ("AccelerateConfiguration", "CorsConfiguration", "Nothing"):
        assert name in str(refusal.value)


PARAMETERS_REFUSED = {
    "unknown": ({}, {"Env": "dev"}, r"Parameters: \[Env\] do not exist in the template"),
    "missing": ({"Env": {"Type": "String"}}, {}, r"Parameters: \[Env\] must have values"),
    "not allowed": (
        {"Env": {"Type": "String", "AllowedValues": ["dev", "prod"]}},
        {"Env": "test"},
        "'Env' must be one of AllowedValues: dev, prod",
    ),
    "pattern": ({"Env": {"Type": "String", "AllowedPattern": "[a-z]+"}}, {"Env": "x y"}, "Env failed to satisfy"),
    "no number": ({"Days": {"Type": "Number"}}, {"Days": "many"}, "'Days' must be a number"),
    "too small": ({"Days": {"Type": "Number", "MinValue": 1}}, {"Days": "0"}, "not less than 1"),
    "too big": ({"Days": {"Type": "Number", "MaxValue": 9}}, {"Days": "10"}, "not greater than 9"),
    "type from the parameter store": (
        {"Image": {"Type": "AWS::SSM::Parameter::Value<String>"}},
        {"Image": "/x"},
        "does not support parameter type AWS::SSM::Parameter::Value<String> of Image",
    ),
}


@pytest.mark.parametrize("case", PARAMETERS_REFUSED)
def test_parameter_is_refused(case: str) -> None:
    declared, given, message = PARAMETERS_REFUSED[case]
    with pytest.raises(ValidationError, match=message):
        resolve_parameters(declared, given)


def test_parameters_take_defaults_and_lists() -> None:
    declared = {
        "Subnets": {"Type": "CommaDelimitedList"},
        "None": {"Type": "CommaDelimitedList", "Default": ""},
        "Days": {"Type": "Number", "Default": 30},
    }
    assert resolve_parameters(declared, {"Subnets": "a, b"}) == {"Subnets": ["a", "b"], "None": [], "Days": "30"}


def scope(conditions: str = "{}", parameters: dict[str, Any] | None = None) -> Scope:
    template = parse_template(
        "Mappings: {Sizes: {prod: {Workers: 10}}}\n"
        f"Conditions: {conditions}\n"
        "Resources: {T: {Type: AWS::SNS::Topic}}"
    )
    record = ResourceRecord("T", "AWS::SNS::Topic", "arn:t", {}, {"TopicName": "t"}, [], "Delete", "Delete")
    values = {"Env": "prod", "List": ["a", "b"], "AWS::Region": "eu-west-1"} | (parameters or {})
    return Scope(template, values, {"T": record}, lambda: ["eu-west-1a", "eu-west-1b"])


VALUES = {
    "!Ref Env": "prod",
    "!Ref T": "arn:t",
    "!GetAtt T.TopicName": "t",
    '!Sub "${Env}-${T}-${T.TopicName}-${AWS::Region}"': "prod-arn:t-t-eu-west-1",
    '!Sub "${!aws:userid}"': "${aws:userid}",
    '!Sub ["${Env}-${X}", {X: !Join ["+", !Ref List]}]': "prod-a+b",
    '!Join ["", !Ref List]': "ab",
    '!Select [1, !Split [".", "a.b.c"]]': "b",
    "!Cidr [10.40.0.0/20, 3, 8]": ["10.40.0.0/24", "10.40.1.0/24", "10.40.2.0/24"],
    '!Select [1, !Cidr ["2001:db8::/56", 2, 64]]': "2001:db8:0:1::/64",
    '!Select [1, !GetAZs ""]': "eu-west-1b",
    "!GetAZs {Ref: AWS::Region}": ["eu-west-1a", "eu-west-1b"],
    "!FindInMap [Sizes, !Ref Env, Workers]": 10,
    "!If [IsProd, big, small]": "big",
    "[!If [IsTest, a, !Ref AWS::NoValue], b]": ["b"],
    "{Keep: 1, Drop: !Ref AWS::NoValue}": {"Keep": 1},
    "!Base64 abc": "YWJj",
    "{Fn::ToJsonString: {a: [1]}}": '{"a": [1]}',
    "2012-10-17": "2012-10-17",
}


@pytest.mark.parametrize("expression", VALUES)
def test_function_gives(expression: str) -> None:
    conditions = "{IsProd: !Equals [!Ref Env, prod], IsTest: !And [!Condition IsProd, !Not [!Condition IsProd]]}"
    document = parse_template(f"Resources: {{R: {{Type: T, Properties: {{Value: {expression}}}}}}}")
    assert scope(conditions).resolve(document.resources["R"].properties["Value"]) == VALUES[expression]


VALUES_REFUSED = {
    "!Cidr [10.40.0.0/20, 17, 8]": "10.40.0.0/20 has 16 blocks with 8 bits, 17 are wanted",
    "!Cidr [10.40.0.0/24, 1, 10]": "Fn::Cidr",
    "!Cidr [10.40.0.1/24, 1, 8]": "host bits set",
    "!Cidr [nonsense, 1, 8]": "'nonsense' does not appear to be an IPv4",
    "!Cidr [10.40.0.0/20, 3]": "Fn::Cidr",
    "!Select [2, !GetAZs '']": "nonexistent value at index 2",
    "!GetAZs us-west-2": "Fn::GetAZs of us-west-2 has no answer here",
}


@pytest.mark.parametrize("expression", VALUES_REFUSED)
def test_function_refuses(expression: str) -> None:
    document = parse_template(f"Resources: {{R: {{Type: T, Properties: {{Value: {expression}}}}}}}")
    with pytest.raises(ValidationError, match=VALUES_REFUSED[expression]):
        scope().resolve(document.resources["R"].properties["Value"])


def test_values_take_the_type_of_the_property() -> None:
    shape = structure(Name=STRING, Timeout=INTEGER, Public=BOOLEAN)
    given = {"Name": 5, "Timeout": "15", "Public": "false"}
    assert normalise(shape, given) == {"Name": "5", "Timeout": 15, "Public": False}
    with pytest.raises(PropertyError, match="Timeout: a integer is expected, found 'soon'"):
        normalise(shape, {"Timeout": "soon"})


def test_creation_and_deletion_follow_dependencies() -> None:
    body = """
    Resources:
      C: {Type: AWS::SNS::Topic, DependsOn: B}
      B: {Type: AWS::SNS::Topic, Properties: {DisplayName: !GetAtt A.TopicName}}
      A: {Type: AWS::SNS::Topic}
    """
    assert creation_order(parse_template(body)) == ["A", "B", "C"]
    assert deletion_order({"A": [], "B": ["A"], "C": ["B"]}) == ["C", "B", "A"]


@pytest.mark.parametrize("type_name", RESOURCE_TYPES)
def test_handler_agrees_with_the_published_schema(type_name: str) -> None:
    """Names, required properties, replacement and attributes are those of AWS's registry, as cfn-lint ships it."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", type_name).schema
    handler = RESOURCE_TYPES[type_name]
    known = set(handler.shape.fields)
    # A pointer into a property means that only a part of it cannot be changed; the handler tells the parts apart.
    pointers = [pointer.split("/")[2:] for pointer in schema.get("createOnlyProperties", [])]
    create_only = {names[0] for names in pointers if len(names) == 1}
    read_only = {
        pointer.removeprefix("/properties/").replace("/", ".") for pointer in schema.get("readOnlyProperties", [])
    }
    assert known <= set(schema["properties"])
    assert handler.shape.required == set(schema.get("required", []))
    assert handler.replaced_by == create_only & known
    assert handler.attributes <= read_only | known
    assert handler.name_property is None or handler.name_property in known


def test_short_tags_read_like_long_ones() -> None:
    short = parse_template("Resources: {A: {Type: T, Properties: {X: !GetAtt B.C.D, Y: !Sub '${E}'}}}")
    body = {
        "Resources": {"A": {"Type": "T", "Properties": {"X": {"Fn::GetAtt": ["B", "C.D"]}, "Y": {"Fn::Sub": "${E}"}}}}
    }
    assert short.resources == parse_template(yaml.safe_dump(body)).resources
