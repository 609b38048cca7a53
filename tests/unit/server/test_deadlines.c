#include <criterion/criterion.h>

#include <stdlib.h>

#include "call.h"
#include "deadlines.h"

static waldo__deadlines heap;

static void free_heap(void)
{
    waldo__deadlines_free(&heap);
}

TestSuite(deadlines, .fini = free_heap);

static waldo_call *new_call(uint64_t deadline)
{
    waldo_call *call = calloc(1, sizeof *call);
    call->due.at = deadline;
    return call;
}

static void add(waldo_call *call)
{
    cr_assert(waldo__deadlines_add(&heap, &call->due));
    cr_assert_neq(call->due.place, 0);
}

Test(deadlines, empty)
{
    waldo_call *call = new_call(1);
    cr_assert_null(waldo__deadlines_first(&heap));
    waldo__deadlines_remove(&heap, &call->due);
    cr_assert_eq(heap.count, 0);
    free(call);
}

Test(deadlines, the_same_deadline_twice)
{
    waldo_call *one = new_call(5), *two = new_call(5);
    add(one);
    add(two);
    waldo__deadlines_remove(&heap, &one->due);
    cr_assert_eq(waldo__deadlines_first(&heap), &two->due);
    waldo__deadlines_remove(&heap, &one->due);
    cr_assert_eq(waldo__deadlines_first(&heap), &two->due);
    waldo__deadlines_remove(&heap, &two->due);
    cr_assert_null(waldo__deadlines_first(&heap));
    free(one);
    free(two);
}

enum { CALLS = 1000 };

/* The earliest of those that are in, by looking at all. */
static uint64_t earliest(waldo_call *const *calls)
{
    uint64_t found = UINT64_MAX;
    for (int i = 0; i < CALLS; i++)
        if (calls[i]->due.place && calls[i]->due.at < found)
            found = calls[i]->due.at;
    return found;
}

/* Calls come and go in any order; the first is always the next to expire. */
Test(deadlines, always_in_order)
{
    waldo_call *calls[CALLS];
    unsigned seed = 7;
    for (int i = 0; i < CALLS; i++)
        calls[i] = new_call((uint64_t)rand_r(&seed) % 500);
    for (int step = 0; step < 20 * CALLS; step++) {
        waldo_call *call = calls[(unsigned)rand_r(&seed) % CALLS];
        if (call->due.place)
            waldo__deadlines_remove(&heap, &call->due);
        else
            add(call);
        if (step % 10 != 0)
            continue;
        const waldo__due *first = waldo__deadlines_first(&heap);
        cr_assert_eq(first ? first->at : UINT64_MAX, earliest(calls));
    }
    uint64_t before = 0;
    for (waldo__due *due; (due = waldo__deadlines_first(&heap)) != NULL;) {
        cr_assert_geq(due->at, before);
        before = due->at;
        waldo__deadlines_remove(&heap, due);
        cr_assert_eq(due->place, 0);
    }
    for (int i = 0; i < CALLS; i++)
        free(calls[i]);
}
