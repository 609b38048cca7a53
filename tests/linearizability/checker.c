#include "checker.h"

#include <stdlib.h>
#include <string.h>

enum {
    WORDS = MAX_OPERATIONS / 64,
    MAX_CONFIGURATIONS = 1 << 21,
    MAX_MEMORY = 1 << 30,
    START_SLOTS = 1 << 10
};

/* Configurations that have been looked at: which operations have taken effect, and what the object
 * is then. A hash table of offsets into one piece of memory. */
typedef struct memory {
    unsigned char *items;
    uint32_t *slots; /* 0: free; else the number of an item, from 1 */
    size_t item_size, words, count, room, slot_count;
} memory;

/* A step of the search: an operation, the states it leads to, and how far we are with them. */
typedef struct frame {
    size_t operation; /* that led here */
    size_t candidate; /* the next to be tried */
    state states[MAX_NEXT];
    int count, next; /* of states */
} frame;

typedef struct search {
    const model *model;
    const operation *operations;
    size_t count;
    size_t required; /* that must take effect */
    size_t depth, required_done;
    uint64_t done[WORDS];
    frame *frames;
    memory seen;
    checked result;
} search;

/* ---- memory ---- */

static uint64_t hash_bytes(const unsigned char *bytes, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    return hash;
}

static bool memory_begin(memory *seen, size_t operations, size_t state_size)
{
    *seen = (memory){.words = (operations + 63) / 64, .slot_count = START_SLOTS};
    seen->item_size = seen->words * sizeof(uint64_t) + state_size;
    seen->slots = calloc(seen->slot_count, sizeof *seen->slots);
    return seen->slots != NULL;
}

static void memory_end(memory *seen)
{
    free(seen->items);
    free(seen->slots);
}

static void place(uint32_t *slots, size_t slot_count, uint64_t hash, uint32_t number)
{
    size_t slot = hash & (slot_count - 1);
    while (slots[slot])
        slot = (slot + 1) & (slot_count - 1);
    slots[slot] = number;
}

static bool grow_slots(memory *seen)
{
    size_t slot_count = seen->slot_count * 2;
    uint32_t *slots = calloc(slot_count, sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < seen->count; i++)
        place(slots, slot_count, hash_bytes(seen->items + i * seen->item_size, seen->item_size),
              (uint32_t)i + 1);
    free(seen->slots);
    seen->slots = slots;
    seen->slot_count = slot_count;
    return true;
}

static bool grow_items(memory *seen)
{
    size_t room = seen->room ? seen->room * 2 : START_SLOTS / 4;
    if (room > MAX_CONFIGURATIONS || room * seen->item_size > MAX_MEMORY)
        return false;
    unsigned char *items = realloc(seen->items, room * seen->item_size);
    if (!items)
        return false;
    seen->items = items;
    seen->room = room;
    return true;
}

/* 1: it is new, and now known; 0: it was known; < 0: no room. */
static int remember(memory *seen, const uint64_t *done, const state *reached)
{
    if (seen->count == seen->room && !grow_items(seen))
        return -1;
    if (seen->count * 2 >= seen->slot_count && !grow_slots(seen))
        return -1;
    size_t done_size = seen->words * sizeof *done;
    unsigned char *item = seen->items + seen->count * seen->item_size;
    memcpy(item, done, done_size);
    memcpy(item + done_size, reached->bytes, seen->item_size - done_size);
    uint64_t hash = hash_bytes(item, seen->item_size);
    for (size_t slot = hash & (seen->slot_count - 1); seen->slots[slot];
         slot = (slot + 1) & (seen->slot_count - 1))
        if (memcmp(seen->items + (seen->slots[slot] - 1) * seen->item_size, item,
                   seen->item_size) == 0)
            return 0;
    seen->count++;
    place(seen->slots, seen->slot_count, hash, (uint32_t)seen->count);
    return 1;
}

/* ---- the search ---- */

static bool is_done(const search *one, size_t index)
{
    return one->done[index / 64] >> (index % 64) & 1;
}

static void flip(search *one, size_t index)
{
    one->done[index / 64] ^= UINT64_C(1) << (index % 64);
}

/* Nothing that begins later can come next. */
static uint64_t first_end(const search *one)
{
    uint64_t end = NEVER;
    for (size_t i = 0; i < one->count && one->operations[i].from <= end; i++)
        if (!is_done(one, i) && one->operations[i].to < end)
            end = one->operations[i].to;
    return end;
}

static const state *current(const search *one)
{
    const frame *top = &one->frames[one->depth];
    return &top->states[top->next - 1];
}

/* Where the operation leads from here, in the frame above. */
static int try_step(search *one, size_t index)
{
    frame *above = &one->frames[one->depth + 1];
    const state *before = current(one);
    for (int i = 0; i < MAX_NEXT; i++)
        memcpy(above->states[i].bytes, before->bytes, one->model->size);
    above->operation = index;
    above->candidate = 0;
    above->next = 0;
    above->count = one->model->step(&one->operations[index], before, above->states);
    return above->count;
}

/* Goes to the next new state of the frame on top. 1: there; 0: there is none left; < 0: no room. */
static int enter_state(search *one)
{
    frame *top = &one->frames[one->depth];
    while (top->next < top->count) {
        int status = remember(&one->seen, one->done, &top->states[top->next]);
        if (status < 0)
            return status;
        top->next++;
        if (status > 0) {
            top->candidate = 0;
            return 1;
        }
    }
    return 0;
}

static void leave_frame(search *one)
{
    size_t index = one->frames[one->depth].operation;
    flip(one, index);
    one->required_done -= one->operations[index].to != NEVER;
    one->depth--;
}

/* The next operation to be tried, those first that must take effect; false: there is none. */
static bool next_candidate(const search *one, frame *top, uint64_t end, size_t *ret_index)
{
    while (top->candidate < 2 * one->count) {
        bool optional = top->candidate >= one->count;
        size_t index = top->candidate++ % one->count;
        if (one->operations[index].from > end)
            top->candidate = optional ? 2 * one->count : one->count;
        else if (!is_done(one, index) && (one->operations[index].to == NEVER) == optional) {
            *ret_index = index;
            return true;
        }
    }
    return false;
}

/* An operation that can come next, and what follows from it. 1: entered; 0: there is none; < 0. */
static int advance(search *one)
{
    uint64_t end = first_end(one);
    size_t index;
    while (next_candidate(one, &one->frames[one->depth], end, &index)) {
        int count = try_step(one, index);
        if (count < 0)
            return count;
        if (count == 0)
            continue;
        one->depth++;
        flip(one, index);
        one->required_done += one->operations[index].to != NEVER;
        int status = enter_state(one);
        if (status != 0)
            return status;
        leave_frame(one);
    }
    return 0;
}

/* Back to a frame that has another state. 1: there; 0: all was tried; < 0. */
static int retreat(search *one)
{
    while (one->depth > 0) {
        int status = enter_state(one);
        if (status != 0)
            return status;
        leave_frame(one);
        /* The frame below goes on with its next candidate. */
        return 1;
    }
    return 0;
}

static verdict run(search *one)
{
    for (;;) {
        if (one->required_done > one->result.explained)
            one->result.explained = one->required_done;
        if (one->required_done == one->required)
            return LINEARIZABLE;
        int status = advance(one);
        if (status == 0)
            status = retreat(one);
        if (status < 0)
            return UNDECIDED;
        if (status == 0)
            return VIOLATION;
    }
}

static int by_time(const void *left, const void *right)
{
    const operation *a = left, *b = right;
    /* What may never have happened is tried last. */
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return a->to < b->to ? -1 : a->to > b->to;
}

checked check_history(const model *of, const int64_t *configuration, operation *operations,
                      size_t count)
{
    search one = {.model = of, .operations = operations, .count = count};
    one.result.verdict = UNDECIDED;
    qsort(operations, count, sizeof *operations, by_time);
    for (size_t i = 0; i < count; i++)
        one.required += operations[i].to != NEVER;
    one.frames = calloc(count + 2, sizeof *one.frames);
    if (count <= MAX_OPERATIONS && one.frames && memory_begin(&one.seen, count, of->size)) {
        frame *first = &one.frames[0];
        first->count = first->next = 1;
        of->begin(first->states[0].bytes, configuration);
        one.result.verdict = run(&one);
        one.result.configurations = one.seen.count;
        memory_end(&one.seen);
    }
    free(one.frames);
    return one.result;
}

void print_history(FILE *file, const model *of, const operation *operations, size_t count)
{
    char line[256];
    fprintf(file, "history of a %s, %zu operations:\n", of->name, count);
    for (size_t i = 0; i < count; i++) {
        describe_operation(&operations[i], line, sizeof line);
        fprintf(file, "%s\n", line);
    }
}
