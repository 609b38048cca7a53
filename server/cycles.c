/* Which objects keep each other alive in a circle, by the values that they hold. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "server_internal.h"

/* So many are enough to see what is wrong. */
enum { MOST_CYCLES = 100 };

typedef struct edge {
    uint64_t holder;
    uint64_t held;
} edge;

/* Follows edges from object to object. */
typedef struct search {
    edge *edges; /* by holder */
    size_t count;
    waldo__map seen; /* object -> a mark */
    uint64_t *path;  /* the objects under way... */
    size_t *next;    /* ...and the next edge of each */
    size_t depth;
    unsigned cycles;
    waldo__buffer *text;
    bool complete; /* no memory was missing */
} search;

static char mark_done, mark_on_path;

static int by_holder(const void *a, const void *b)
{
    const edge *one = a, *other = b;
    if (one->holder != other->holder)
        return one->holder < other->holder ? -1 : 1;
    return one->held < other->held ? -1 : one->held > other->held;
}

/* The first edge of the holder, or of the next one that has any. */
static size_t first_of(const search *in, uint64_t holder)
{
    size_t low = 0, high = in->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (in->edges[middle].holder < holder)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void report(search *in, uint64_t again)
{
    if (in->cycles++ >= MOST_CYCLES)
        return;
    size_t start = 0;
    while (in->path[start] != again)
        start++;
    in->complete = waldo__buffer_append(in->text, "\n  cycle:", 9);
    for (size_t i = start; i <= in->depth; i++) {
        char step[32];
        uint64_t id = i < in->depth ? in->path[i] : again;
        int length = snprintf(step, sizeof step, "%s %" PRIu64, i > start ? " ->" : "", id);
        in->complete = in->complete && waldo__buffer_append(in->text, step, (size_t)length);
    }
}

static void enter(search *in, uint64_t object)
{
    in->complete = waldo__map_set(&in->seen, object, &mark_on_path);
    in->path[in->depth] = object;
    in->next[in->depth] = first_of(in, object);
    in->depth++;
}

/* One edge further, or one object back. */
static void step(search *in)
{
    uint64_t here = in->path[in->depth - 1];
    size_t *next = &in->next[in->depth - 1];
    if (*next == in->count || in->edges[*next].holder != here) {
        in->complete = waldo__map_set(&in->seen, here, &mark_done);
        in->depth--;
        return;
    }
    uint64_t held = in->edges[(*next)++].held;
    const void *mark = waldo__map_get(&in->seen, held);
    if (mark == &mark_on_path)
        report(in, held);
    else if (!mark)
        enter(in, held);
}

/* A holder may hold another object more than once. */
static void remove_repeated(search *in)
{
    size_t kept = 0;
    for (size_t i = 0; i < in->count; i++)
        if (kept == 0 || by_holder(&in->edges[kept - 1], &in->edges[i]) != 0)
            in->edges[kept++] = in->edges[i];
    in->count = kept;
}

/* Who holds whom. */
static void copy_edges(waldo_server *server, search *in)
{
    waldo__server_lock(server);
    size_t count = 0;
    for (const waldo__hold *one = server->holds.first; one; one = one->next)
        count += one->holder != 0;
    in->edges = malloc((count + 1) * sizeof *in->edges);
    for (const waldo__hold *one = server->holds.first; one && in->edges; one = one->next)
        if (one->holder != 0)
            in->edges[in->count++] = (edge){one->holder, one->object->id};
    waldo__server_unlock(server);
}

bool waldo__holds_report_cycles(waldo_server *server, waldo__buffer *text)
{
    search in = {.text = text};
    copy_edges(server, &in);
    /* A path has each object once, and all but its last have an edge. */
    in.path = malloc((in.count + 1) * sizeof *in.path);
    in.next = malloc((in.count + 1) * sizeof *in.next);
    in.complete = in.edges && in.path && in.next;
    if (in.complete) {
        qsort(in.edges, in.count, sizeof *in.edges, by_holder);
        remove_repeated(&in);
    }
    for (size_t i = 0; i < in.count && in.complete; i++) {
        if (!waldo__map_get(&in.seen, in.edges[i].holder))
            enter(&in, in.edges[i].holder);
        while (in.depth > 0 && in.complete)
            step(&in);
    }
    waldo__map_free(&in.seen);
    free(in.next);
    free(in.path);
    free(in.edges);
    return in.complete;
}
