#!/bin/sh
# Usage: run.sh WALDO_BENCH PERFORMANCE_MD
set -eu
bench=$1
page=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# libnanomsg keeps memory for the life of the process.
export ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0"

fail()
{
    echo "$1" >&2
    exit 1
}

# ---- the page says of every row what it is, and has a place for the figures ----

sed -n '/^## Calls/,/<!-- waldo-bench -->/p' "$page" | sed -n 's/^| *\(`[^|]*\)|.*/\1/p' |
    tr -d '`' | tr ' ' '\n' | grep . | sort >"$work/documented"
"$bench" --peers --list | sort >"$work/known"
diff "$work/documented" "$work/known" || fail "the page and waldo-bench --list differ"

# ---- every row, but for those that take long to set up ----

crowds='@(objects|waiters).100000*'
sed -n '/^<!-- waldo-bench -->/q; p' "$page" >"$work/before"
cp "$page" "$work/page.md"
"$bench" --peers --quick --time 0.01 --only "!($crowds)" --json "$work/results.json" \
    --plot "$work/plot.svg" --markdown "$work/page.md" >"$work/table"
"$bench" --peers --list --only "!($crowds)" >"$work/measured"
python3 - "$work" <<'PYTHON'
import json
import sys
from xml.etree import ElementTree

work = sys.argv[1]
results = json.load(open(work + "/results.json"))
assert results["rounds"] == 3 and results["seconds"] == 0.01, results
assert results["machine"]["cores"] > 0 and results["machine"]["processor"], results["machine"]
rows = {row["name"]: row for row in results["results"]}
assert set(rows) == set(open(work + "/measured").read().split()), sorted(rows)
for name, row in rows.items():
    assert row["samples"] > 0, name
    if row["unit"] == "us":
        assert 0 < row["p50"] and 0 < row["p99"], row
    else:
        assert row["unit"] == "ops/s" and row["median"] > 0, row
    if "clients" in name or "contention" in name:
        assert 0 < row["latency_p50_us"] <= row["latency_p99_us"], row
    if name.startswith("cpython"):
        assert "cpu_us" not in row, row
    else:
        assert row["cpu_us"] > 0, row

page = open(work + "/page.md").read()
before = open(work + "/before").read()
assert page.startswith(before) and "\n## Idle clients" in page
figures = page[len(before):].split("<!-- /waldo-bench -->")[0]
assert "Medians of 3 rounds of 0.01 s each" in figures
assert "![latency against load](plot.svg)" in figures
for name in rows:
    assert "| `%s` |" % name in figures, name
assert "| `call.user.tcp` |" in figures.split("Every row")[0]

svg = "{http://www.w3.org/2000/svg}"
plot = ElementTree.parse(work + "/plot.svg").getroot()
assert plot.tag == svg + "svg"
points = plot.findall(svg + "circle")
assert len(points) == 10, len(points)
_, _, width, height = map(float, plot.get("viewBox").split())
for point in points:
    assert 0 <= float(point.get("cx")) <= width and 0 <= float(point.get("cy")) <= height
PYTHON

# ---- a peer that is not there is left out, and that is no error ----

mkdir "$work/empty"
PATH="$work/empty" "$bench" --peers --quick --time 0.01 --only '@(redis|cpython).@(tcp|unix)' \
    --json "$work/absent.json" >"$work/absent"
grep -q 'redis.tcp  *left out: there is no redis-server' "$work/absent" || fail "no word of redis-server"
grep -q 'cpython.unix  *left out: there is no python3' "$work/absent" || fail "no word of python3"
! grep -q name "$work/absent.json" || fail "what is not there was measured"

# ---- what cannot be done is an error, and no page is changed ----

refuses()
{
    status=$1
    text=$2
    shift 2
    code=0
    "$bench" "$@" >/dev/null 2>"$work/said" || code=$?
    [ "$code" -eq "$status" ] || fail "exit status $code, not $status: $*"
    grep -q -e "$text" "$work/said" || fail "not said: $text: $*"
}

none='no such row'
printf 'a page\n<!-- /waldo-bench -->\n<!-- waldo-bench -->\n' >"$work/plain.md"
cp "$work/plain.md" "$work/plain"
for kind in json plot markdown; do
    refuses 1 'none.* cannot be written' --only "$none" --$kind "$work/none/file"
done
refuses 1 'it has no <!-- waldo-bench -->' --only "$none" --markdown "$work/plain.md"
cmp "$work/plain.md" "$work/plain" || fail "a page without a place was changed"
for seconds in 0 -1 nan 1e9 soon 1s ''; do
    refuses 2 usage --time "$seconds"
done
refuses 2 usage --rows x
refuses 2 usage more
[ -z "$("$bench" --list --only "$none")" ] || fail "a row that matches nothing"
