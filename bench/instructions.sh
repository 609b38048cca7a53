#!/bin/sh
# Counts the instructions of a call over TCP, in the server and in the client, and fails where they are
# more than they were: unlike times they repeat. Nobody spins, since that has no fixed length.
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

# Both sides of so many calls of a kind: total instructions to $work/KIND.SIDE.COUNT.
count()
{
    mkfifo "$work/said"
    valgrind --tool=callgrind --callgrind-out-file="$work/$1.server.$2" "$bin/waldod" --spin 0 \
        --listen tcp://127.0.0.1:0 --authkey-file "$work/key" >"$work/said" 2>/dev/null &
    server=$!
    read -r _ _ url <"$work/said"
    WALDO_SPIN_US=0 valgrind --tool=callgrind --callgrind-out-file="$work/$1.client.$2" \
        "$bin/bench_calls" "$url" "$1" "$2" >/dev/null 2>&1
    kill "$server"
    wait "$server"
    server=
    rm "$work/said"
}

total()
{
    sed -n 's/^summary: \([0-9]*\).*/\1/p' "$work/$1.$2.$3"
}

"$bin/waldo-keygen" "$work/key" >/dev/null
few=500
many=2500
export WALDO_AUTHKEY_FILE="$work/key"
for kind in get pipeline; do
    count $kind $few
    count $kind $many
done
status=0
while read -r kind side limit; do
    each=$((($(total "$kind" "$side" $many) - $(total "$kind" "$side" $few)) / (many - few)))
    echo "$kind, $side: $each instructions a call, at most $limit"
    [ "$each" -gt 0 ] && [ "$each" -le "$limit" ] || status=1
done <<LIMITS
$limits
LIMITS
exit $status
