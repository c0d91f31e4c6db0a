"""Load and compile in a fresh Spark JVM what nearly every job uses: CSV, Parquet, an aggregation, the S3 client.

Run as a job by the pool before a JVM is lent out; most of a first job's time is class loading, not work.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession
from pyspark.sql import functions as F


def main() -> None:
    # Nobody waits for this process yet: give way to what the machine does besides
    os.nice(10)
    spark = SparkSession.builder.getOrCreate()
    folder = Path.cwd()
    source = folder / "warm.csv"
    source.write_text("key,value\n" + "".join(f"{number % 5},{number}\n" for number in range(200)))
    frame = spark.read.csv(str(source), header=True, inferSchema=False)
    typed = frame.select(
        F.expr("try_cast(trim(key) as int)").alias("key"), F.expr("try_cast(value as decimal(12,3))").alias("value")
    )
    typed.repartition(1).write.mode("overwrite").parquet(str(folder / "warm.parquet"))
    read = spark.read.parquet(str(folder / "warm.parquet"))
    read.groupBy("key").agg(F.sum("value"), F.max_by("value", "key")).collect()
    read.dropDuplicates(["key"]).join(read.groupBy("key").count(), "key").toPandas()
    jvm = spark.sparkContext._jvm
    path = jvm.org.apache.hadoop.fs.Path("s3://sluice-warm-up/none")
    try:
        path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration()).exists(path)
    except Py4JJavaError as refused:
        # No such bucket, or S3 is not up yet: either way the client's classes are loaded now
        sys.stdout.write(f"warm-up: {refused.java_exception.toString()}\n")


if __name__ == "__main__":
    main()
