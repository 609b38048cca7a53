#!/bin/sh
# Usage: run.sh WALDO_BENCH
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# libnanomsg keeps memory for the life of the process.
ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0" "$1" --peers --quick --json "$work/results.json"
python3 - "$work/results.json" <<'PYTHON'
import json
import sys

rows = {row["name"]: row for row in json.load(open(sys.argv[1]))["results"]}
for name in ("call.tcp", "call.ipc", "call.nn_tcp", "call.shm", "call.tcp.nospin", "call.ipc.nospin",
             "call.user.tcp", "generator.tcp", "create_drop.tcp", "pipeline.tcp.100",
             "payload.tcp", "payload.shm", "clients.tcp.50",
             "raw.tcp", "raw.unix", "raw.nanomsg", "redis.tcp", "redis.unix",
             "redis.tcp.pipeline100", "redis.tcp.clients50", "cpython.tcp", "cpython.unix",
             "cpython.generator"):
    row = rows[name]
    assert row["samples"] > 0, name
    if row["unit"] == "us":
        assert 0 < row["p50"] <= row["p99"], row
    else:
        assert row["unit"] == "ops/s" and row["median"] > 0, row
PYTHON
if "$1" --rows 'no such row' --json "$work/none/results.json" 2>/dev/null; then
    echo "a file that cannot be written was no error" >&2
    exit 1
fi
