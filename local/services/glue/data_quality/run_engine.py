"""Runs evaluations and recommendations: one thread each, a few at a time, each in a database of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import duckdb
from moto.glue.models import glue_backends

from local.services.glue.data_quality import results
from local.services.glue.data_quality.dqdl.parser import parse
from local.services.glue.data_quality.dqdl.rules import Ruleset
from local.services.glue.data_quality.evaluation.datasets import PRIMARY, Database
from local.services.glue.data_quality.evaluation.engine import Evaluation
from local.services.glue.data_quality.evaluation.row_predicates import define_java_matches
from local.services.glue.data_quality.recommendation import recommended_ruleset
from local.services.glue.data_quality.records import (
    FAILED,
    RUNNING,
    STARTING,
    STOPPED,
    STOPPING,
    SUCCEEDED,
    TIMEOUT,
    EvaluationRun,
    RecommendationRun,
    Result,
    Run,
    now,
)
from local.services.glue.data_quality.references import implicit_sources
from local.services.glue.data_quality.role_access import RoleAccess, RunFailed
from local.services.glue.data_quality.sources import SourceReader
from local.settings import LocalSettings

log = logging.getLogger(__name__)

CONCURRENT_RUNS = 2
_INTERRUPT_SECONDS = 0.1

Work = Callable[[duckdb.DuckDBPyConnection, RoleAccess], Callable[[], None]]


class DataQualityEngine:
    """:param changed: called after changes that no request made."""

    def __init__(self, settings: LocalSettings, changed: Callable[[], None]) -> None:
        self._settings = settings
        self._changed = changed
        self._slots = threading.Semaphore(CONCURRENT_RUNS)
        self._connections: dict[str, duckdb.DuckDBPyConnection] = {}
        self._expired: set[str] = set()
        self._lock = threading.Lock()

    def evaluate(self, run: EvaluationRun, publish: Callable[[Result], None]) -> None:
        """Start an evaluation run.

        :param publish: takes the result of each rule set.
        """

        def work(connection: duckdb.DuckDBPyConnection, rights: RoleAccess) -> Callable[[], None]:
            rights.require_evaluation(list(run.texts))
            rulesets = {name: parse(text) for name, text in run.texts.items()}
            database = self._database(connection, rights, run, rulesets)
            evaluation = Evaluation(database, now())
            found = [self._result(evaluation, run, name, ruleset) for name, ruleset in rulesets.items()]

            def finish() -> None:
                for result in found:
                    publish(result)
                run.result_ids = [result.id for result in found]

            return finish

        self._start(run, work)

    def recommend(self, run: RecommendationRun, create: Callable[[str], None]) -> None:
        """Start a recommendation run.

        :param create: takes the proposed rule set, if there is one.
        """

        def work(connection: duckdb.DuckDBPyConnection, rights: RoleAccess) -> Callable[[], None]:
            rights.require_recommendation(run.request.get("CreatedRulesetName"))
            text = recommended_ruleset(self._database(connection, rights, run, {}))

            def finish() -> None:
                run.recommended = text or None
                if text:
                    create(text)

            return finish

        self._start(run, work)

    def stop(self, run: Run) -> None:
        """Cancel a run, whether it waits or reads."""
        with self._lock:
            waiting = run.status == STARTING
            run.change(STOPPED if waiting else STOPPING)
        if not waiting:
            self._interrupt(run)

    def _start(self, run: Run, work: Work) -> None:
        threading.Thread(target=self._execute, args=(run, work), name=f"data-quality-{run.id}", daemon=True).start()

    def _execute(self, run: Run, work: Work) -> None:
        with self._slots:
            if not run.change(RUNNING):
                return
            timer = threading.Timer(run.timeout_minutes * 60, self._expire, [run])
            timer.daemon = True
            timer.start()
            try:
                self._work(run, work)
            except RunFailed as error:
                self._end(run, FAILED, str(error))
            except duckdb.InterruptException:
                self._end(run, TIMEOUT if run.id in self._expired else STOPPED)
            except Exception as error:  # the run fails, the service goes on
                log.exception("data quality run %s", run.id)
                self._end(run, FAILED, f"Internal Service Exception: {type(error).__name__}: {error}")
            finally:
                timer.cancel()
                self._changed()

    def _work(self, run: Run, work: Work) -> None:
        from local.services.athena import engine as athena_engine

        rights = RoleAccess(run.role, self._settings)
        rights.require_launch()
        connection = athena_engine.services().pool.take()
        with self._lock:
            self._connections[run.id] = connection
        try:
            rights.open(connection)
            finish = work(connection, rights)
            with self._lock:
                stopped = run.status == STOPPING
                if not stopped:
                    finish()
                run.change(STOPPED if stopped else SUCCEEDED)
        finally:
            with self._lock:
                del self._connections[run.id]
            connection.close()

    def _end(self, run: Run, status: str, error: str | None = None) -> None:
        run.change(STOPPED if run.status == STOPPING else status, error)

    def _expire(self, run: Run) -> None:
        self._expired.add(run.id)
        self._interrupt(run)

    def _interrupt(self, run: Run) -> None:
        threading.Thread(target=self._interrupt_until_ended, args=(run.id,), daemon=True).start()

    def _interrupt_until_ended(self, run_id: str) -> None:
        """DuckDB forgets an interrupt that comes between two statements, so it is repeated until the run is gone."""
        while True:
            with self._lock:
                connection = self._connections.get(run_id)
                if connection is None:
                    return
                connection.interrupt()
            time.sleep(_INTERRUPT_SECONDS)

    def _database(
        self,
        connection: duckdb.DuckDBPyConnection,
        rights: RoleAccess,
        run: Run,
        rulesets: Mapping[str, Ruleset],
    ) -> Database:
        """The tables of a run, read; from then on the database can reach nothing outside."""
        from local.services.athena.catalog import Catalog

        backend = glue_backends[self._settings.account_id][self._settings.region]
        reader = SourceReader(connection, Catalog(backend, None, rights), rights)
        datasets = {PRIMARY: reader.load(PRIMARY, _glue_table(run.request["DataSource"]))}
        for alias, source in (run.request.get("AdditionalDataSources") or {}).items():
            datasets[alias.lower()] = reader.load(alias.lower(), _glue_table(source))
        unavailable: dict[str, str] = {}
        for database, table in sorted(implicit_sources(rulesets.values(), datasets)):
            name = f"{database}.{table}"
            try:
                datasets[name] = reader.load(name, {"DatabaseName": database, "TableName": table})
            except RunFailed as error:
                unavailable[name] = str(error)
        define_java_matches(connection)
        connection.execute("SET enable_external_access=false")
        connection.execute("SET lock_configuration=true")
        return Database(connection, datasets, unavailable)

    def _result(self, evaluation: Evaluation, run: EvaluationRun, name: str, ruleset: Ruleset) -> Result:
        rules = [results.rule_result(i, rule, evaluation.rule(rule)) for i, rule in enumerate(ruleset.rules, start=1)]
        analyzers = [
            results.analyzer_result(i, analyzer, evaluation.analyzer(analyzer))
            for i, analyzer in enumerate(ruleset.analyzers, start=1)
        ]
        return Result(name, run.id, run.request["DataSource"], run.started_on, rules, analyzers)


def _glue_table(source: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = source.get("GlueTable") or source["DataQualityGlueTable"]
    return found
