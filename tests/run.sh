#!/usr/bin/env bash
# Runs every test, each folder in the runtime it belongs to, against one shared local AWS.
# Usage: tests/run.sh [pytest arguments]      Exit code: 0 only if every runner passed.
# $SUITE names one suite by its title (CI runs them side by side): SUITE="end to end" make test
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
ran=0
suite() {
    local runtime=$1 title=$2
    shift 2
    if [[ -n ${SUITE:-} && $title != "$SUITE" ]]; then return; fi
    ran=$((ran + 1))
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

if ((ran == 0)); then
    echo "no suite has the title '$SUITE'; titles are in tests/run.sh" >&2
    exit 2
fi
if ((${#failed[@]})); then
    printf 'FAILED: %s\n' "${failed[@]}"
    exit 1
fi
echo "all suites passed"
