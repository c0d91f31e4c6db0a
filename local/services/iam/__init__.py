"""IAM: the policies of the roles decide about every call, as on AWS. moto keeps the roles; the evaluation is ours.

`admission.admit` stands in front of every service of the control plane; engines that act for a caller (Athena reading
the catalog, Glue writing logs) ask `authorizer.authorize`. S3 evaluates the same documents itself
(`local.services.s3.policies`). Each decision is recorded (`decisions`), which is what proves least privilege.
"""

from __future__ import annotations

from local.settings import LocalSettings


def install(settings: LocalSettings) -> None:
    from local import persistence
    from local.services.iam import authorizer, principals
    from local.services.iam.decisions import DecisionLog
    from local.services.iam.s3_audit import AuditReceiver

    log = DecisionLog(settings.folder("iam"))
    authorizer.start(settings, log)
    persistence.when_changed("iam", principals.forget)
    AuditReceiver(settings, log).start()
