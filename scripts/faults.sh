#!/bin/sh
# The long forms of the tests of faults, one after the other; what each has found out is printed, and
# stays in the build directory. FAULTS_HISTORIES: of all engines together.
#
#     faults.sh BUILD
set -eu
build=$(cd "$1" && pwd)
histories=${FAULTS_HISTORIES:-10000}
logs="$build/faults"
mkdir -p "$logs"
cd "$build/tests"
failed=

# run NAME PATTERN COMMAND...: the lines that match are its result.
run()
{
    name=$1 pattern=$2
    shift 2
    if "$@" >"$logs/$name.log" 2>&1; then
        result=passed
    else
        result=FAILED
        failed="$failed $name"
    fi
    echo "$name: $result"
    grep -E "$pattern" "$logs/$name.log" | sed 's/^/    /' || true
}

each=$(((histories + 4) / 5))
for engine in tcp ipc shm nanomsg websocket; do
    run "histories.$engine" '^histories: .* violations|^seed ' \
        env WALDO_HISTORIES="$each" ./linearizability.histories --filter "histories/$engine" -j1
done
run planted '^planted:' ./linearizability.planted -j1

for url in "ipc://$build/tests/failing" tcp://127.0.0.1:0 ws://127.0.0.1:0; do
    for side in client server; do
        for what in allocations descriptors interrupts short_writes space clocks; do
            run "failing.$side.$what.${url%%:*}" '^number|^a session|^making' \
                ./failing-session "$side" "$what" "$url"
        done
    done
done

# 1,000 clients for each of five ways, 100 servers, 100 cuts, a million damaged frames for each.
run clients.many 'SEED|^\[====\]' \
    env WALDO_FAULTS_TIMES=25 ./faults.clients --filter 'clients/two_hundred*'
run servers.many 'SEED|^\[====\]' \
    env WALDO_FAULTS_TIMES=5 ./faults.servers --filter 'servers/twenty*'
run partitions.many 'SEED|^\[====\]' env WALDO_FAULTS_TIMES=5 ./faults.partitions
run frames.many '^frames:|^\[====\]' \
    env WALDO_DAMAGED_FRAMES=1000000 ./bad_input.frames -j1

for name in cancellation clients containers futures keys partitions queues read_ahead references \
    servers sessions shared_memory sharing strangers; do
    run "$name" '^\[====\]|SEED' "./faults.$name"
done

if [ -n "$failed" ]; then
    echo "faults: failed:$failed; logs are in $logs" >&2
    exit 1
fi
echo "faults: all passed"
