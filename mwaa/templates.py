"""Handing a template to CloudFormation: in the request while it is short, else through a bucket.

CreateStack and UpdateStack take 51,200 bytes in `TemplateBody` and a megabyte from S3 through `TemplateURL` (AWS
CloudFormation user guide, "Understand CloudFormation quotas"). The bucket is that of `cloudformation/templates.yaml`.
"""

from __future__ import annotations

import hashlib
from typing import Any

LONGEST_BODY = 51_200
_FOLDER = "cloudformation"


def template_argument(body: str, s3: Any, bucket: str, region: str) -> dict[str, str]:
    """The argument that names a template: `TemplateBody`, or `TemplateURL` after uploading it.

    The object is named after its content, so the same template is uploaded once and a stack's template can always be
    found again.

    :param body: text of the template.
    :param s3: boto3 client of S3; used for long templates only.
    :param bucket: `<prefix>-<env>-templates`; must exist.
    :param region: region of the bucket.
    """
    content = body.encode()
    if len(content) <= LONGEST_BODY:
        return {"TemplateBody": body}
    key = f"{_FOLDER}/{hashlib.sha256(content).hexdigest()[:32]}.yaml"
    if not _exists(s3, bucket, key):
        s3.put_object(Bucket=bucket, Key=key, Body=content)
    return {"TemplateURL": f"https://{bucket}.s3.{region}.amazonaws.com/{key}"}


def _exists(s3: Any, bucket: str, key: str) -> bool:
    found = s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
    return int(found["KeyCount"]) > 0
