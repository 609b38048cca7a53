#!/bin/sh
# Counts the instructions of a call over TCP, in the server and in the client, and fails where they are
# more than they were: unlike times they repeat. Nobody spins, since that has no fixed length. What
# time adds is a loop that is handed to another thread, where a handler under valgrind takes longer
# than the server lets one have it: the least of several counts is without.
#
#     instructions.sh BUILD_DIRECTORY
set -eu

# Of a get of a dict's item, alone and with a hundred under way; a tenth above what they were when
# they were last looked at, on a processor with instructions for AES.
limits='get server 11900
get client 9700
pipeline server 7100
pipeline client 6100'

bin=$1/bin
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT

# Both sides of so many calls of a kind: total instructions to $work/KIND.SIDE.COUNT, unless there
# are fewer.
count()
{
    mkfifo "$work/said"
    valgrind --tool=callgrind --callgrind-out-file="$work/server" "$bin/waldod" --spin 0 \
        --listen tcp://127.0.0.1:0 --authkey-file "$work/key" >"$work/said" 2>/dev/null &
    server=$!
    read -r _ _ url <"$work/said"
    WALDO_SPIN_US=0 valgrind --tool=callgrind --callgrind-out-file="$work/client" \
        "$bin/bench_calls" "$url" "$1" "$2" >/dev/null 2>&1
    kill "$server"
    wait "$server"
    server=
    rm "$work/said"
    keep_least server "$1.server.$2"
    keep_least client "$1.client.$2"
}

keep_least()
{
    now=$(sed -n 's/^summary: \([0-9]*\).*/\1/p' "$work/$1")
    [ -s "$work/$2" ] && [ "$(cat "$work/$2")" -le "$now" ] || echo "$now" >"$work/$2"
}

each()
{
    echo $((($(cat "$work/$1.$2.$many") - $(cat "$work/$1.$2.$few")) / (many - few)))
}

# Prints nothing where all is within its limit.
excess()
{
    echo "$limits" | while read -r kind side limit; do
        now=$(each "$kind" "$side")
        [ "$now" -gt 0 ] && [ "$now" -le "$limit" ] || echo "$kind $side"
    done
}

"$bin/waldo-keygen" "$work/key" >/dev/null
few=500
many=2500
rounds=5
export WALDO_AUTHKEY_FILE="$work/key"
while [ "$rounds" -gt 0 ]; do
    for kind in get pipeline; do
        count $kind $few
        count $kind $many
    done
    [ -n "$(excess)" ] || break
    rounds=$((rounds - 1))
done
echo "$limits" | while read -r kind side limit; do
    echo "$kind, $side: $(each "$kind" "$side") instructions a call, at most $limit"
done
[ -z "$(excess)" ]
