"""LF-tags as a vocabulary: CreateLFTag, UpdateLFTag, DeleteLFTag, GetLFTag, ListLFTags and named expressions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from local.errors import AwsError

from .call import Call, denied, invalid, not_found
from .evaluation import catalog_permissions, identities_of
from .resources import Expression, Resource, ResourceKind, canonical_expression, expression_shape

Answer = dict[str, Any]

MAXIMUM_KEYS = 1000
MAXIMUM_VALUES = 1000
MAXIMUM_VALUES_PER_CALL = 50
MAXIMUM_KEY_LENGTH = 128
MAXIMUM_VALUE_LENGTH = 256


def create_lf_tag(call: Call) -> Answer:
    _require_catalog_permission(call, "CREATE_LF_TAG")
    key = _new_key(call)
    values = _values(call.body.get("TagValues"), "TagValues")
    if not values:
        raise invalid("TagValues must not be empty.")
    if key in call.state.tags:
        # CreateLFTag does not model AlreadyExistsException: AWS answers InvalidInputException.
        raise invalid(f"Tag key already exists: {key}.")
    if len(call.state.tags) >= MAXIMUM_KEYS:
        raise AwsError("ResourceNumberLimitExceededException", f"An account may have {MAXIMUM_KEYS} LF-Tag keys.")
    call.state.tags[key] = values
    return {}


def update_lf_tag(call: Call) -> Answer:
    key, known = _existing(call)
    _require_tag_permission(call, key, "ALTER")
    added = _values(call.body.get("TagValuesToAdd"), "TagValuesToAdd")
    removed = _values(call.body.get("TagValuesToDelete"), "TagValuesToDelete")
    if not added and not removed:
        raise invalid("TagValuesToAdd or TagValuesToDelete must be given.")
    missing = sorted(set(removed) - set(known))
    if missing:
        raise invalid(f"Tag values {missing} do not exist for key {key}.")
    attached = {tags[key] for tags in call.state.tag_assignments.values() if key in tags}
    if attached & set(removed):
        raise invalid(f"Update not allowed. Tag values {sorted(attached & set(removed))} are attached to resources.")
    left = tuple(dict.fromkeys([value for value in known if value not in removed] + list(added)))
    if not left:
        raise invalid("Update not allowed. An LF-Tag must keep at least one value.")
    if len(left) > MAXIMUM_VALUES:
        raise AwsError("ResourceNumberLimitExceededException", f"An LF-Tag may have {MAXIMUM_VALUES} values.")
    call.state.tags[key] = left
    return {}


def delete_lf_tag(call: Call) -> Answer:
    """The key goes from all resources with it; policies that name it match nothing from then on."""
    key, _ = _existing(call)
    _require_tag_permission(call, key, "DROP")
    del call.state.tags[key]
    for tags in call.state.tag_assignments.values():
        tags.pop(key, None)
    return {}


def get_lf_tag(call: Call) -> Answer:
    key, values = _existing(call)
    _require_tag_permission(call, key, "DESCRIBE")
    return {"CatalogId": call.account_id, "TagKey": key, "TagValues": list(values)}


def list_lf_tags(call: Call) -> Answer:
    visible = [key for key in sorted(call.state.tags) if call.sees_everything or _tag_permissions(call, key)]
    rows = [{"CatalogId": call.account_id, "TagKey": key, "TagValues": list(call.state.tags[key])} for key in visible]
    page, token = call.page(rows)
    return {"LFTags": page, **token}


def create_lf_tag_expression(call: Call) -> Answer:
    _require_catalog_permission(call, "CREATE_LF_TAG_EXPRESSION")
    name = call.text("Name").lower()
    if name in call.state.tag_expressions:
        raise invalid(f"LF-Tag expression already exists: {name}.")
    call.state.tag_expressions[name] = (_expression(call), call.body.get("Description") or "")
    return {}


def update_lf_tag_expression(call: Call) -> Answer:
    call.require_administrator("change an LF-Tag expression")
    name, (_, description) = _existing_expression(call)
    call.state.tag_expressions[name] = (_expression(call), call.body.get("Description") or description)
    return {}


def delete_lf_tag_expression(call: Call) -> Answer:
    call.require_administrator("delete an LF-Tag expression")
    name, _ = _existing_expression(call)
    if any(resource.name == name for held in call.state.grants.values() for resource in held if resource.name):
        raise invalid(f"LF-Tag expression {name} is used by permissions; revoke them first.")
    del call.state.tag_expressions[name]
    return {}


def get_lf_tag_expression(call: Call) -> Answer:
    name, stored = _existing_expression(call)
    return _expression_shape(call, name, stored)


def list_lf_tag_expressions(call: Call) -> Answer:
    rows = [_expression_shape(call, name, stored) for name, stored in sorted(call.state.tag_expressions.items())]
    page, token = call.page(rows)
    return {"LFTagExpressions": page, **token}


def require_tag_value(call: Call, key: str, value: str) -> None:
    """:raises AwsError: EntityNotFoundException for a key or value nobody created"""
    if key not in call.state.tags:
        raise not_found(f"LF-Tag key {key} not found.")
    if value not in call.state.tags[key]:
        raise not_found(f"LF-Tag value {value} not found for key {key}.")


def may_associate(call: Call, key: str, value: str) -> bool:
    """Whether the caller holds ASSOCIATE on a tag value."""
    return call.administers or any(
        resource.kind is ResourceKind.LF_TAG
        and resource.name == key
        and ("*" in resource.values or value in resource.values)
        and "ASSOCIATE" in grant.permissions
        for resource, grant in call.state.grants_of(identities_of(call.caller_arn))
    )


def _new_key(call: Call) -> str:
    key = call.text("TagKey").lower()
    if len(key) > MAXIMUM_KEY_LENGTH:
        raise invalid(f"TagKey must have at most {MAXIMUM_KEY_LENGTH} characters.")
    return key


def _values(given: Sequence[str] | None, field: str) -> tuple[str, ...]:
    """Lower-cased values without repetitions, in the given order."""
    values = tuple(dict.fromkeys(value.lower() for value in given or ()))
    if len(values) > MAXIMUM_VALUES_PER_CALL:
        raise invalid(f"{field} must have at most {MAXIMUM_VALUES_PER_CALL} members.")
    if any(not 0 < len(value) <= MAXIMUM_VALUE_LENGTH for value in values):
        raise invalid(f"{field} must be between 1 and {MAXIMUM_VALUE_LENGTH} characters long.")
    return values


def _existing(call: Call) -> tuple[str, tuple[str, ...]]:
    key = call.text("TagKey").lower()
    if key not in call.state.tags:
        raise not_found(f"LF-Tag key {key} not found.")
    return key, call.state.tags[key]


def _expression(call: Call) -> Expression:
    expression = canonical_expression(call.body.get("Expression") or [])
    if not expression:
        raise invalid("Expression must not be empty.")
    for key, values in expression:
        for value in values:
            require_tag_value(call, key, value)
    return expression


def _existing_expression(call: Call) -> tuple[str, tuple[Expression, str]]:
    name = call.text("Name").lower()
    if name not in call.state.tag_expressions:
        raise not_found(f"LF-Tag expression {name} not found.")
    return name, call.state.tag_expressions[name]


def _expression_shape(call: Call, name: str, stored: tuple[Expression, str]) -> Answer:
    expression, description = stored
    body = {"Name": name, "CatalogId": call.account_id, "Expression": expression_shape(expression)}
    return {**body, "Description": description}


def _require_catalog_permission(call: Call, permission: str) -> None:
    if not call.administers and permission not in catalog_permissions(call.state, call.caller_arn):
        raise denied(f"Insufficient Lake Formation permission(s): Required {permission} on Catalog")


def _require_tag_permission(call: Call, key: str, permission: str) -> None:
    held = _tag_permissions(call, key)
    permitted = call.sees_everything if permission == "DESCRIBE" else call.administers
    if not permitted and permission not in held and not (permission == "DESCRIBE" and held):
        raise denied(f"Insufficient Lake Formation permission(s): Required {permission} on LF-Tag {key}")


def _tag_permissions(call: Call, key: str) -> frozenset[str]:
    held: list[Resource] = []
    permissions: frozenset[str] = frozenset()
    for resource, grant in call.state.grants_of(identities_of(call.caller_arn)):
        if resource.kind is ResourceKind.LF_TAG and resource.name == key:
            held.append(resource)
            permissions |= grant.permissions
    return permissions
