/* Row O6: the heap of shared blocks. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "memory/heap.h"
#include "unit/memory/children.h"

static waldo_error err;

static void expect_usage(size_t arenas, size_t bytes)
{
    size_t is_arenas;
    size_t is_bytes;
    waldo__heap_usage(&is_arenas, &is_bytes);
    cr_expect_eq(is_arenas, arenas, "%zu arenas", is_arenas);
    cr_expect_eq(is_bytes, bytes, "%zu bytes", is_bytes);
}

Test(heap, bad_sizes)
{
    waldo__block block;
    cr_expect_eq(waldo__block_new(0, &block, &err), WALDO_EVALUE);
    cr_expect_eq(waldo__block_new(SIZE_MAX, &block, &err), WALDO_ENOMEM);
    cr_expect_eq(waldo__block_new(SIZE_MAX / 4, &block, &err), WALDO_ENOMEM);
    expect_usage(0, 0);
}

Test(heap, random_use_leaves_nothing)
{
    enum { BLOCKS = 200, STEPS = 20000 };
    static waldo__block blocks[BLOCKS];
    for (int step = 0; step < STEPS; ++step) {
        uint32_t i = pick(BLOCKS);
        if (blocks[i].segment) {
            unsigned char *memory = waldo__block_memory(&blocks[i]);
            for (size_t at = 0; at < blocks[i].size; ++at)
                cr_assert_eq(memory[at], (unsigned char)i, "somebody else wrote there");
            waldo__block_free(&blocks[i]);
            continue;
        }
        OK(waldo__block_new(1 + pick(3000), &blocks[i], &err));
        unsigned char *memory = waldo__block_memory(&blocks[i]);
        cr_assert_eq((uintptr_t)memory % WALDO__BLOCK_ALIGNMENT, 0);
        for (size_t at = 0; at < blocks[i].size; ++at)
            cr_assert_eq(memory[at], 0, "not zeroed");
        memset(memory, (int)i, blocks[i].size);
    }
    for (int i = 0; i < BLOCKS; ++i)
        waldo__block_free(&blocks[i]);
    expect_usage(0, 0);
}

Test(heap, room_is_used_again_unless_others_know_it)
{
    waldo__block keep;
    waldo__block block;
    OK(waldo__block_new(64, &keep, &err));
    OK(waldo__block_new(64, &block, &err));
    size_t first = block.offset;
    waldo__block_free(&block);
    OK(waldo__block_new(64, &block, &err));
    cr_expect_eq(block.offset, first);
    waldo__block_share(&block);
    waldo__block_free(&block);
    OK(waldo__block_new(64, &block, &err));
    cr_expect_neq(block.offset, first);
    waldo__block_free(&block);
    waldo__block_free(&keep);
    expect_usage(0, 0);
}

static int use_own_heap(void *data)
{
    waldo__block *inherited = data;
    waldo__block block;
    MUST(waldo__block_new(64, &block, NULL) == 0);
    MUST(block.segment != inherited->segment);
    *(int *)waldo__block_memory(inherited) = 42;
    waldo__block_free(inherited);
    waldo__block_free(&block);
    return 0;
}

Test(heap, fork_gives_the_child_one_of_its_own)
{
    waldo__block block;
    waldo__block later;
    OK(waldo__block_new(64, &block, &err));
    cr_expect_eq(join_child(start_child(use_own_heap, &block)), 0);
    cr_expect_eq(*(int *)waldo__block_memory(&block), 42);
    /* What the child had seen is not given out again. */
    OK(waldo__block_new(64, &later, &err));
    cr_expect_neq(later.segment, block.segment);
    waldo__block_free(&block);
    waldo__block_free(&later);
    expect_usage(0, 0);
}

static waldo_error hostile;

Test(segment, is_mapped_once_and_checked)
{
    waldo__segment *segment;
    waldo__segment *same;
    OK(waldo__segment_new(5000, &segment, &err));
    OK(waldo__segment_open(dup(segment->descriptor), &same, &err));
    cr_expect_eq(segment, same);
    waldo__segment_unref(same);
    cr_expect_lt(ftruncate(segment->descriptor, 1), 0, "the size is sealed");
    waldo__segment_unref(segment);
    int unsealed = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    cr_assert_eq(ftruncate(unsealed, 5000), 0);
    cr_expect_eq(waldo__segment_open(unsealed, &segment, &hostile), WALDO_EPROTOCOL);
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_expect_eq(waldo__segment_open(ends[0], &segment, &hostile), WALDO_EPROTOCOL);
    close(ends[1]);
    cr_expect_eq(waldo__segment_new(0, &segment, &hostile), WALDO_EVALUE);
    cr_expect_eq(waldo__segment_new((size_t)1 << 60, &segment, &hostile), WALDO_ENOMEM);
}
