"""LF-tags: vocabulary, limits, who may attach them, search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .conftest import DATABASE, TABLE, Lake, columns

Refused = Callable[..., dict[str, Any]]
PUBLIC = [{"TagKey": "class", "TagValues": ["public"]}]


def test_only_who_may_creates_tags(lake: Lake, refused: Refused) -> None:
    create = lake.client(role="steward").create_lf_tag
    assert refused(create, TagKey="class", TagValues=["public"])["Code"] == "AccessDeniedException"
    lake.grant("steward", {"Catalog": {}}, "CREATE_LF_TAG")
    create(TagKey="class", TagValues=["public"])


def test_limits(lake: Lake, refused: Refused) -> None:
    client = lake.client()
    many = [f"v{number}" for number in range(51)]
    assert refused(client.create_lf_tag, TagKey="class", TagValues=many)["Code"] == "InvalidInputException"
    client.create_lf_tag(TagKey="class", TagValues=["public", "secret"])
    missing = refused(client.update_lf_tag, TagKey="class", TagValuesToDelete=["nothing"])
    assert missing["Code"] == "InvalidInputException"
    everything = refused(client.update_lf_tag, TagKey="class", TagValuesToDelete=["public", "secret"])
    assert everything["Code"] == "InvalidInputException"


def test_attached_values_cannot_be_deleted(lake: Lake, refused: Refused) -> None:
    lake.client().create_lf_tag(TagKey="class", TagValues=["public", "secret"])
    lake.client().add_lf_tags_to_resource(Resource=TABLE, LFTags=PUBLIC)
    error = refused(lake.client().update_lf_tag, TagKey="class", TagValuesToDelete=["public"])
    assert "Update not allowed" in error["Message"]
    lake.client().update_lf_tag(TagKey="class", TagValuesToDelete=["secret"])


def test_a_resource_has_one_value_per_key(lake: Lake, refused: Refused) -> None:
    lake.client().create_lf_tag(TagKey="class", TagValues=["public", "secret"])
    add = lake.client().add_lf_tags_to_resource
    two = [{"TagKey": "class", "TagValues": ["public", "secret"]}]
    assert "size not equal to 1" in refused(add, Resource=TABLE, LFTags=two)["Message"]
    assert "duplicate tag key" in refused(add, Resource=TABLE, LFTags=PUBLIC * 2)["Message"]
    add(Resource=TABLE, LFTags=PUBLIC)
    add(Resource=TABLE, LFTags=[{"TagKey": "class", "TagValues": ["secret"]}])
    tags = lake.client().get_resource_lf_tags(Resource=TABLE)["LFTagsOnTable"]
    assert [tag["TagValues"] for tag in tags] == [["secret"]]


def test_attaching_needs_associate(lake: Lake) -> None:
    lake.client().create_lf_tag(TagKey="class", TagValues=["public"])
    lake.grant("steward", TABLE, "SELECT")
    attach = lake.client(role="steward").add_lf_tags_to_resource
    failures = attach(Resource=TABLE, LFTags=PUBLIC)["Failures"]
    assert failures[0]["Error"]["ErrorCode"] == "AccessDeniedException"
    lake.grant("steward", {"LFTag": {"TagKey": "class", "TagValues": ["public"]}}, "ASSOCIATE")
    assert attach(Resource=TABLE, LFTags=PUBLIC)["Failures"] == []


def test_assigned_and_inherited_tags_are_told_apart(lake: Lake) -> None:
    lake.client().create_lf_tag(TagKey="class", TagValues=["public"])
    lake.client().add_lf_tags_to_resource(Resource=DATABASE, LFTags=PUBLIC)
    get = lake.client().get_resource_lf_tags
    assert "LFTagsOnTable" in get(Resource=TABLE)
    assert "LFTagsOnTable" not in get(Resource=TABLE, ShowAssignedLFTags=True)


def test_what_does_not_exist_cannot_be_tagged(lake: Lake, refused: Refused) -> None:
    lake.client().create_lf_tag(TagKey="class", TagValues=["public"])
    add = lake.client().add_lf_tags_to_resource
    missing = {"Table": {"DatabaseName": "db", "Name": "nowhere"}}
    assert refused(add, Resource=missing, LFTags=PUBLIC)["Code"] == "EntityNotFoundException"
    assert refused(add, Resource=columns("nothing"), LFTags=PUBLIC)["Code"] == "EntityNotFoundException"
    assert refused(add, Resource={"Catalog": {}}, LFTags=PUBLIC)["Code"] == "InvalidInputException"


def test_search(lake: Lake) -> None:
    lake.client().create_lf_tag(TagKey="class", TagValues=["public"])
    lake.client().add_lf_tags_to_resource(Resource=columns("id"), LFTags=PUBLIC)
    found = lake.client().search_tables_by_lf_tags(Expression=PUBLIC)["TableList"]
    assert [row["Table"]["Name"] for row in found] == ["people"]
    assert [column["Name"] for column in found[0]["LFTagsOnColumns"]] == ["id"]
    assert lake.client().search_databases_by_lf_tags(Expression=PUBLIC)["DatabaseList"] == []
    assert lake.client(role="outsider").search_tables_by_lf_tags(Expression=PUBLIC)["TableList"] == []


def test_tags_are_listed_to_who_may_know_them(lake: Lake) -> None:
    for key in ("b", "a"):
        lake.client().create_lf_tag(TagKey=key, TagValues=["x"])
    lake.grant("analyst", {"LFTag": {"TagKey": "b", "TagValues": ["x"]}}, "DESCRIBE")
    assert [tag["TagKey"] for tag in lake.client().list_lf_tags()["LFTags"]] == ["a", "b"]
    assert [tag["TagKey"] for tag in lake.client(role="analyst").list_lf_tags()["LFTags"]] == ["b"]


def test_expressions_need_known_values_and_are_kept_while_used(lake: Lake, refused: Refused) -> None:
    client = lake.client()
    assert refused(client.create_lf_tag_expression, Name="open", Expression=PUBLIC)["Code"] == "EntityNotFoundException"
    client.create_lf_tag(TagKey="class", TagValues=["public"])
    client.create_lf_tag_expression(Name="open", Expression=PUBLIC)
    policy = {"LFTagPolicy": {"ResourceType": "TABLE", "ExpressionName": "open"}}
    lake.grant("analyst", policy, "SELECT")
    assert refused(client.delete_lf_tag_expression, Name="open")["Code"] == "InvalidInputException"
    lake.revoke("analyst", policy, "SELECT")
    client.delete_lf_tag_expression(Name="open")
    assert refused(client.get_lf_tag_expression, Name="open")["Code"] == "EntityNotFoundException"


def test_expressions_are_listed(lake: Lake) -> None:
    lake.client().create_lf_tag(TagKey="team", TagValues=["a", "b"])
    expression = [{"TagKey": "team", "TagValues": ["a"]}]
    lake.client().create_lf_tag_expression(Name="team-a", Expression=expression)
    (found,) = lake.client().list_lf_tag_expressions()["LFTagExpressions"]
    assert (found["Name"], found["Expression"]) == ("team-a", expression)
