"""The operations served, by their names in the API. All others are refused by the control plane."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import data_cells_filters, data_lake_settings, grants, lf_tag_assignments, lf_tags, listing, locations, opt_ins
from .call import Call
from .faults import Faults

Operation = Callable[[Call], dict[str, Any]]


def _get_data_lake_principal(call: Call) -> dict[str, Any]:
    return {"Identity": call.caller_arn}


READS: Mapping[str, Operation] = {
    "DescribeResource": locations.describe_resource,
    "GetDataCellsFilter": data_cells_filters.get_data_cells_filter,
    "GetDataLakePrincipal": _get_data_lake_principal,
    "GetDataLakeSettings": data_lake_settings.get_data_lake_settings,
    "GetEffectivePermissionsForPath": listing.get_effective_permissions_for_path,
    "GetLFTag": lf_tags.get_lf_tag,
    "GetLFTagExpression": lf_tags.get_lf_tag_expression,
    "GetResourceLFTags": lf_tag_assignments.get_resource_lf_tags,
    "ListDataCellsFilter": data_cells_filters.list_data_cells_filter,
    "ListLFTagExpressions": lf_tags.list_lf_tag_expressions,
    "ListLFTags": lf_tags.list_lf_tags,
    "ListLakeFormationOptIns": opt_ins.list_lake_formation_opt_ins,
    "ListPermissions": listing.list_permissions,
    "ListResources": locations.list_resources,
    "SearchDatabasesByLFTags": lf_tag_assignments.search_databases_by_lf_tags,
    "SearchTablesByLFTags": lf_tag_assignments.search_tables_by_lf_tags,
}

CHANGES: Mapping[str, Operation] = {
    "AddLFTagsToResource": lf_tag_assignments.add_lf_tags_to_resource,
    "CreateDataCellsFilter": data_cells_filters.create_data_cells_filter,
    "CreateLFTag": lf_tags.create_lf_tag,
    "CreateLFTagExpression": lf_tags.create_lf_tag_expression,
    "CreateLakeFormationOptIn": opt_ins.create_lake_formation_opt_in,
    "DeleteDataCellsFilter": data_cells_filters.delete_data_cells_filter,
    "DeleteLFTag": lf_tags.delete_lf_tag,
    "DeleteLFTagExpression": lf_tags.delete_lf_tag_expression,
    "DeleteLakeFormationOptIn": opt_ins.delete_lake_formation_opt_in,
    "DeregisterResource": locations.deregister_resource,
    "GrantPermissions": grants.grant_permissions,
    "PutDataLakeSettings": data_lake_settings.put_data_lake_settings,
    "RegisterResource": locations.register_resource,
    "RemoveLFTagsFromResource": lf_tag_assignments.remove_lf_tags_from_resource,
    "RevokePermissions": grants.revoke_permissions,
    "UpdateDataCellsFilter": data_cells_filters.update_data_cells_filter,
    "UpdateLFTag": lf_tags.update_lf_tag,
    "UpdateLFTagExpression": lf_tags.update_lf_tag_expression,
    "UpdateResource": locations.update_resource,
}

BATCHES: Mapping[str, Callable[[Call, Faults], dict[str, Any]]] = {
    "BatchGrantPermissions": grants.batch_grant_permissions,
    "BatchRevokePermissions": grants.batch_revoke_permissions,
}

OPERATIONS = frozenset(READS) | frozenset(CHANGES) | frozenset(BATCHES)


def run(operation: str, call: Call, faults: Faults) -> dict[str, Any]:
    """Answer one request.

    :param operation: a member of OPERATIONS
    :raises AwsError: whatever AWS would refuse
    """
    if operation in READS:
        return READS[operation](call)
    faults.strike_call()
    if operation in BATCHES:
        return BATCHES[operation](call, faults)
    return CHANGES[operation](call)
