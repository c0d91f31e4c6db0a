"""Delivers files into the landing bucket, as a source system would: the files first, then the marker."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from botocore.exceptions import ClientError

from local.clients import service_client
from local.errors import LocalAwsError
from local.settings import REPOSITORY, LocalSettings

_MARKER = "_SUCCESS"
_CONTRACTS = REPOSITORY / "dags" / "contracts"
_CONTRACT = ".odcs.yaml"
_PRODUCT = re.compile(r"[a-z][a-z0-9_]*")


def land(
    settings: LocalSettings, product: str, day: str, files: Sequence[Path], *, complete: bool = True
) -> Iterator[str]:
    """Upload a day's files.

    :param product: name of its contract, and of the folder in the landing bucket.
    :param day: YYYY-MM-DD.
    :param files: local files; each keeps its name.
    :param complete: write the marker after the files; without it the day counts as still being delivered.
    :returns: URIs as they are written.
    :raises LocalAwsError: a name, day or file is wrong (nothing was uploaded), or the bucket is missing.
    """
    _check(product, day, files)
    s3 = service_client("s3", settings)
    bucket, prefix = settings.name("landing"), f"{product}/ingest_date={day}/"
    try:
        for path in files:
            with path.open("rb") as body:
                s3.upload_fileobj(body, bucket, prefix + path.name)
            yield f"s3://{bucket}/{prefix}{path.name}"
        if complete:
            s3.put_object(Bucket=bucket, Key=prefix + _MARKER, Body=b"")
            yield f"s3://{bucket}/{prefix}{_MARKER}"
    except ClientError as error:
        raise LocalAwsError(f"s3://{bucket}/{prefix} cannot be written: {error}") from error


def _check(product: str, day: str, files: Sequence[Path]) -> None:
    if not _PRODUCT.fullmatch(product):
        raise LocalAwsError(f"{product!r} is no product name: lower-case letters, digits and _, such as online_retail.")
    try:
        well_formed = date.fromisoformat(day).isoformat() == day
    except ValueError:
        well_formed = False
    if not well_formed:
        raise LocalAwsError(f"{day!r} is no day: write YYYY-MM-DD, such as 2010-12-01.")
    products = sorted(path.name.removesuffix(_CONTRACT) for path in _CONTRACTS.glob(f"*{_CONTRACT}"))
    if product not in products:
        close = difflib.get_close_matches(product, products, 1)
        hint = f"Did you mean {close[0]}?" if close else f"There are {', '.join(products)}."
        raise LocalAwsError(f"{_CONTRACTS} has no contract {product}{_CONTRACT}. {hint} Nothing was uploaded.")
    missing = [str(path) for path in files if not path.is_file()]
    if missing:
        raise LocalAwsError(f"No such file: {', '.join(missing)}. Nothing was uploaded.")
    names = [path.name for path in files]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise LocalAwsError(f"Two files named {', '.join(twice)} would overwrite each other. Nothing was uploaded.")
