#!/usr/bin/env bash
# Runs every test, each folder in the runtime it belongs to, against one shared local AWS.
# Usage: tests/run.sh [pytest arguments]      Exit code: 0 only if every runner passed.
set -uo pipefail
cd "$(dirname "$0")/.."
unset PYTHONDONTWRITEBYTECODE
export PYTHONPATH=$PWD

state=$(mktemp -d "${TMPDIR:-/tmp}/sluice-test.XXXXXX")
stop() {
    .venv/local/bin/python -m local --state "$state" down >/dev/null
    rm -rf "$state"
}
trap stop EXIT
trap 'exit 130' INT TERM

echo "== starting the local AWS that the tests share"
.venv/local/bin/python -m local --state "$state" up || { .venv/local/bin/python -m local --state "$state" logs; exit 1; }
export SLUICE_TEST_STATE=$state

failed=()
suite() {
    local runtime=$1 title=$2
    shift 2
    echo "== $title"
    local begin=$SECONDS
    ".venv/$runtime/bin/python" -m pytest "$@" || failed+=("$title")
    echo "   $title took $((SECONDS - begin)) s"
}
suite airflow "contracts and DAG integrity" tests/contracts tests/dags "$@"
suite glue "Spark jobs" tests/glue_jobs "$@"
suite local "local AWS and templates" tests/local tests/mwaa --ignore=tests/mwaa/deploy "$@"
suite airflow "deployments" tests/mwaa/deploy "$@"
suite airflow "end to end" tests/e2e "$@"

if ((${#failed[@]})); then
    printf 'FAILED: %s\n' "${failed[@]}"
    exit 1
fi
echo "all suites passed"
