"""Find out what a file is: the built-in classifiers, in Glue's order."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from local.services.glue.crawlers import csv_classifier, json_classifier, parquet_classifier
from local.services.glue.crawlers.listing import S3File
from local.services.glue.crawlers.samples import UnreadableFile, read_sample
from local.services.glue.crawlers.schemas import FileSchema


def classify(s3: Any, file: S3File) -> FileSchema | None:
    """Classify one file.

    :return: None when no classifier knows it (Glue's classification UNKNOWN)
    :raises UnreadableFile: it is damaged
    """
    sample = read_sample(s3, file)
    if sample.content.startswith(parquet_classifier.MAGIC):
        try:
            return parquet_classifier.classify(s3, file)
        except (pa.ArrowException, OSError) as error:
            raise UnreadableFile(f"the Parquet file is damaged ({error})") from error
    return json_classifier.classify(sample) or csv_classifier.classify(sample)
