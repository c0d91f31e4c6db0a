#!/usr/bin/env bash
# Runs every test, each folder in the runtime it belongs to, in lanes side by side. Spark's need nothing else; each other
# lane has a local AWS of its own.
# Usage: tests/run.sh [pytest arguments]      Exit code: 0 only if every runner passed.
# $SUITE names one suite by its title (CI runs them on a machine each): SUITE="end to end: products" make test
set -uo pipefail
cd "$(dirname "$0")/.."
unset PYTHONDONTWRITEBYTECODE
export PYTHONPATH=$PWD

work=$(mktemp -d "${TMPDIR:-/tmp}/sluice-test.XXXXXX")
lanes=()
stop() {
    # A lane and what it runs are one process group.
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
    local runtime=$1 title=$2 begin log
    shift 2
    if [[ -n ${SUITE:-} && $title != "$SUITE" ]]; then return; fi
    echo "$title" >>"$work/ran"
    [[ $runtime == glue ]] || start_local_aws || { echo "$title (its local AWS did not start)" >>"$work/failed"; return; }
    echo "== $title: running"
    begin=$SECONDS
    log=$(mktemp "$work/log.XXXXXX")
    ".venv/$runtime/bin/python" -m pytest "$@" >"$log" 2>&1 || echo "$title" >>"$work/failed"
    flock "$work/log.lock" sh -c 'echo "== $1: took $2 s"; cat "$3"' - "$title" "$((SECONDS - begin))" "$log"
}

# The local AWS that the suites of one lane share.
start_local_aws() {
    if [[ -n ${SLUICE_TEST_STATE:-} ]]; then return; fi
    export SLUICE_TEST_STATE=$work/$lane
    .venv/local/bin/python -m local --state "$SLUICE_TEST_STATE" up && return
    .venv/local/bin/python -m local --state "$SLUICE_TEST_STATE" logs
    return 1
}

# What follows in this lane has a local AWS of its own.
new_local_aws() {
    [ -z "${SLUICE_TEST_STATE:-}" ] || .venv/local/bin/python -m local --state "$SLUICE_TEST_STATE" down >/dev/null
    unset SLUICE_TEST_STATE
    lane=$lane-2
}

# On a lake of their own: what must fail, and the erasure, which searches all there is.
failures=(tests/e2e/test_forget_subject.py tests/e2e/test_bad_files.py tests/e2e/test_kill.py tests/e2e/test_scheduler.py)

spark() {
    suite glue "Spark jobs" tests/glue_jobs "$@"
}

# These two take about as long as each other.
services() {
    suite local "local AWS and templates" tests/local tests/mwaa --ignore=tests/mwaa/deploy "$@"
    suite airflow "deployments" tests/mwaa/deploy "$@"
    new_local_aws
    suite airflow "end to end: failures" "${failures[@]}" "$@"
}

pipeline() {
    suite airflow "contracts and DAG integrity" tests/contracts tests/dags "$@"
    suite airflow "end to end: products" tests/e2e "${failures[@]/#/--ignore=}" "$@"
}

unset SLUICE_TEST_STATE
# Job control gives each lane a process group of its own.
set -m
for lane in spark services pipeline; do
    "$lane" "$@" &
    lanes+=($!)
done
set +m
wait "${lanes[@]}"

if [[ ! -s $work/ran ]]; then
    echo "no suite has the title '${SUITE:-}'; titles are in tests/run.sh" >&2
    exit 2
fi
if [[ -s $work/failed ]]; then
    sed 's/^/FAILED: /' "$work/failed"
    exit 1
fi
echo "all suites passed"
