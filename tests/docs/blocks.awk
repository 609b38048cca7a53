# Compares what README.md and docs/ show with the sources. Arguments: the sources, then the .md files.
#
#     ```c ```proto ```cmake ```make   stands in one of the sources, whatever the white space;
#                                      a line `...` leaves something out
#     ```... file=PATH                 is that whole file, PATH relative to examples/
#     ```error                         each line is the error of a file in tests/golden/bad/
#
# Links to files must lead somewhere, and every code of waldo/error.h must be in docs/clients.md.
function complain(text)
{
    print FILENAME ":" start ": " text
    failed = 1
}

function bare(line)
{
    gsub(/[ \t]/, "", line)
    return line
}

# Do the parts stand in the text, one after the other?
function holds(text, parts, count,    i, at)
{
    for (i = 1; i <= count; i++) {
        at = index(text, parts[i])
        if (at == 0)
            return 0
        text = substr(text, at + length(parts[i]))
    }
    return 1
}

function check_snippet(    count, parts, source)
{
    count = split(snippet, parts, "\n")
    for (source in flat)
        if (holds(flat[source], parts, count))
            return
    complain("this stands in no source")
}

function check_block(    path)
{
    if (match(info, /file=[^ ]+/)) {
        path = "examples/" substr(info, RSTART + 5, RLENGTH - 5)
        if (!(path in whole))
            complain("there is no " path)
        else if (whole[path] != block)
            complain("this is not " path)
    } else if (info ~ /^(c|proto|cmake|make)$/) {
        check_snippet()
    }
    checked++
}

function check_error(line)
{
    if (!(line in errors))
        complain("protoc-gen-waldo has no such error: " line)
}

function check_links(line,    path, ignored)
{
    while (match(line, /\]\([^)#]+/)) {
        path = substr(line, RSTART + 2, RLENGTH - 2)
        line = substr(line, RSTART + RLENGTH)
        if (path ~ /^https?:/)
            continue
        path = FILENAME ~ /\// ? "docs/" path : path
        if ((getline ignored < path) < 0)
            complain("there is no " path)
        close(path)
    }
}

FNR == 1 { is_doc = FILENAME ~ /\.md$/; in_block = 0 }

!is_doc {
    flat[FILENAME] = flat[FILENAME] bare($0)
    whole[FILENAME] = whole[FILENAME] $0 "\n"
    if (FILENAME ~ /golden\/bad/ && sub(/^\/\/ [0-9]+:[0-9]+: /, ""))
        errors[$0] = 1
    else if (FILENAME ~ /waldo\/error\.h$/ && match($0, /X\(E[A-Z]+, -[0-9]+, "[A-Za-z]+"/)) {
        split(substr($0, RSTART + 2, RLENGTH - 3), row, /, "?/)
        codes["| `WALDO_" row[1] "` | `" row[3] "` |"] = 1
    }
    next
}

/^```/ {
    if (in_block) {
        check_block()
    } else {
        info = substr($0, 4)
        block = snippet = ""
        start = FNR
    }
    in_block = !in_block
    next
}

in_block {
    if (info == "error")
        check_error($0)
    block = block $0 "\n"
    snippet = snippet ($0 == "..." ? "\n" : bare($0))
    next
}

{
    start = FNR
    check_links($0)
    if (FILENAME == "docs/clients.md")
        for (code in codes)
            if (index($0, code))
                delete codes[code]
}

END {
    FILENAME = "docs/clients.md"
    start = 1
    for (code in codes)
        complain("the table of errors lacks " code)
    print checked " blocks"
    exit failed
}
