#!/usr/bin/env bash
# Runs every test, each folder in the runtime it belongs to, in two lanes side by side; each lane has a local AWS of its own.
# Usage: tests/run.sh [pytest arguments]      Exit code: 0 only if every runner passed.
set -uo pipefail
cd "$(dirname "$0")/.."
unset PYTHONDONTWRITEBYTECODE
export PYTHONPATH=$PWD

work=$(mktemp -d "${TMPDIR:-/tmp}/sluice-test.XXXXXX")
lanes=()
stop() {
    # A lane and what it runs are one process group each.
    for lane in "${lanes[@]}"; do kill -TERM -- "-$lane" 2>/dev/null; done
    wait
    for state in "$work"/*/settings.json; do
        [ -f "$state" ] && .venv/local/bin/python -m local --state "$(dirname "$state")" down >/dev/null
    done
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

# suite RUNTIME TITLE PYTEST-ARGUMENTS...: its output appears as a whole when it ends.
suite() {
    local runtime=$1 title=$2 begin=$SECONDS log
    log=$(mktemp "$work/log.XXXXXX")
    shift 2
    echo "== $title: running"
    ".venv/$runtime/bin/python" -m pytest "$@" >"$log" 2>&1 || echo "$title" >>"$work/failed"
    flock "$work/log.lock" sh -c 'echo "== $1: took $2 s"; cat "$3"' - "$title" "$((SECONDS - begin))" "$log"
}

# lane NAME: start a local AWS, then read suites from standard input, one line each.
lane() {
    export SLUICE_TEST_STATE=$work/$1
    if ! .venv/local/bin/python -m local --state "$SLUICE_TEST_STATE" up; then
        .venv/local/bin/python -m local --state "$SLUICE_TEST_STATE" logs
        echo "local AWS of the lane $1" >>"$work/failed"
        return
    fi
    "lane_$1" "${@:2}"
}

lane_services() {
    suite local "local AWS and templates" tests/local tests/mwaa "$@"
}

lane_pipeline() {
    suite airflow "contracts and DAG integrity" tests/contracts tests/dags "$@"
    suite glue "Spark jobs" tests/glue_jobs "$@"
    suite airflow "end to end" tests/e2e "$@"
}

set -m
lane services "$@" &
lanes+=($!)
lane pipeline "$@" &
lanes+=($!)
set +m
wait "${lanes[@]}"

if [ -s "$work/failed" ]; then
    sed 's/^/FAILED: /' "$work/failed"
    exit 1
fi
echo "all suites passed"
