"""The jars of s3://: only the pinned files reach Spark."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.services.glue import jars
from local.services.glue.java import NoJava, java_home, java_major_version
from local.services.glue.runtimes import UnsupportedGlueVersion, glue_runtime

RUNTIME = glue_runtime("5.1")


def test_a_replaced_jar_is_refused(tmp_path: Path) -> None:
    """The message names the file and the digests."""
    for jar in jars.read_jar_set(RUNTIME.jar_set).jars:
        (tmp_path / jar.file_name).write_bytes(b"not the jar")
    with pytest.raises(jars.JarError) as refused:
        jars.resolve_jars(RUNTIME, tmp_path)
    message = str(refused.value)
    assert "org.apache.hadoop:hadoop-aws:3.3.4 has sha256" in message
    assert str(tmp_path) in message
    assert "local/jars.toml" in message


def test_resolved_jars_are_the_pinned_ones() -> None:
    paths = jars.resolve_jars(RUNTIME)
    pinned = jars.read_jar_set(RUNTIME.jar_set).jars
    assert [jars.sha256_of(path) for path in paths] == [jar.sha256 for jar in pinned]
    assert not [path for path in paths if "bundle" in path.name]


def test_hadoop_aws_has_the_version_of_sparks_hadoop() -> None:
    """hadoop-aws must never be mixed with another Hadoop."""
    hadoop = next((RUNTIME.spark_home / "jars").glob("hadoop-client-api-*.jar"))
    version = hadoop.stem.removeprefix("hadoop-client-api-")
    coordinates = [jar.coordinates for jar in jars.read_jar_set(RUNTIME.jar_set).jars]
    assert f"org.apache.hadoop:hadoop-aws:{version}" in coordinates


def test_unknown_glue_version() -> None:
    with pytest.raises(UnsupportedGlueVersion, match=r"Glue version is not supported: 3\.0"):
        glue_runtime("3.0")


@pytest.mark.parametrize(
    ("answer", "major"),
    [('openjdk version "17.0.15" 2025-04-15', 17), ('java version "1.8.0_402"', 8), ("no java here", None)],
)
def test_java_version(tmp_path: Path, answer: str, major: int | None) -> None:
    program = tmp_path / "java"
    program.write_text(f"#!/bin/sh\necho '{answer}' >&2\n")
    program.chmod(0o755)
    assert java_major_version(str(program)) == major


def test_no_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr("local.services.glue.java.REPOSITORY", tmp_path)
    java_home.cache_clear()
    try:
        with pytest.raises(NoJava, match="make setup"):
            java_home()
    finally:
        java_home.cache_clear()
