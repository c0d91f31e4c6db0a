"""The daily usage limit of the warehouse, which CloudFormation has no type for.

Its amount is a parameter of lake.yaml and comes back as an output of the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_USAGE, _PERIOD = "serverless-compute", "daily"
# Logging alone would not keep a mistake from costing money all night.
_BREACH_ACTION = "deactivate"


def ensure_usage_limit(client: Any, outputs: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Make the workgroup's daily limit what the stack says. Limits of other periods are left alone.

    :param client: boto3 client of redshift-serverless.
    :param outputs: of the lake's stack.
    :param say: receives a line when something was changed.
    """
    workgroup, amount = outputs["RedshiftWorkgroupArn"], int(outputs["RedshiftDailyRpuHours"])
    listed = client.list_usage_limits(resourceArn=workgroup, usageType=_USAGE)["usageLimits"]
    daily = [limit for limit in listed if limit["period"] == _PERIOD and limit["breachAction"] == _BREACH_ACTION]
    if not daily:
        client.create_usage_limit(
            resourceArn=workgroup, usageType=_USAGE, period=_PERIOD, amount=amount, breachAction=_BREACH_ACTION
        )
    elif daily[0]["amount"] != amount:
        client.update_usage_limit(usageLimitId=daily[0]["usageLimitId"], amount=amount)
    else:
        return
    say(f"usage limit of Redshift: {amount} RPU-hours a day")
