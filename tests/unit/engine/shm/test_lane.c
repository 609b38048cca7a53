/* Lanes: everything arrives in order, whatever the sizes; and a hostile other side does no harm. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine/shm/region.h"

#define RING WALDO__LANE_RING
#define SLOT WALDO__LANE_SLOT_SIZE

typedef struct lane {
    waldo__region region;
    waldo__lane_writer writer;
    waldo__lane_reader reader;
} lane;

static lane *new_lane(void)
{
    lane *one = calloc(1, sizeof *one);
    int descriptor;

    cr_assert_not_null(one);
    cr_assert_eq(waldo__region_new(&one->region, &descriptor, NULL), 0);
    close(descriptor);
    waldo__lane_writer_init(&one->writer, &one->region.requests);
    waldo__lane_reader_init(&one->reader, &one->region.requests);
    return one;
}

static void free_lane(lane *one)
{
    waldo__region_close(&one->region);
    free(one);
}

static uint8_t byte_at(size_t position)
{
    return (uint8_t)(position * 2654435761u >> 11);
}

static uint8_t *some_bytes(size_t size)
{
    uint8_t *bytes = malloc(size);

    cr_assert_not_null(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = byte_at(i);
    return bytes;
}

static ssize_t put(lane *one, const uint8_t *data, size_t size)
{
    bool wake;
    struct iovec part = {(void *)data, size};

    return waldo__lane_write(&one->writer, &part, 1, &wake);
}

/* Takes a record, whose bytes are those of the stream from *position on. */
static size_t take(lane *one, size_t *position)
{
    waldo__span spans[2];
    size_t size = 0;

    cr_assert_eq(waldo__lane_read(&one->reader, spans), 1);
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < spans[i].size; k++, size++)
            cr_assert_eq(spans[i].data[k], byte_at((*position)++));
    waldo__lane_release(&one->reader);
    return size;
}

Test(lane, an_empty_one)
{
    lane *one = new_lane();
    waldo__span spans[2];

    cr_assert_not(waldo__lane_has(&one->reader));
    cr_assert_eq(waldo__lane_read(&one->reader, spans), 0);
    cr_assert_eq(put(one, NULL, 0), 0);
    cr_assert_not(waldo__lane_has(&one->reader));
    free_lane(one);
}

/* Records of all sizes begin and wrap around everywhere. */
Test(lane, wraps_around)
{
    lane *one = new_lane();
    uint8_t *bytes = some_bytes(RING);

    for (size_t size = 1, total = 0; total < 8 * (size_t)RING; size = size * 5 % 4001 + 1) {
        size_t position = 0;
        cr_assert_eq(put(one, bytes, size), (ssize_t)size);
        cr_assert_eq(take(one, &position), size);
        total += size;
    }
    free(bytes);
    free_lane(one);
}

/* Fills it with records of this size; how many there were. */
static int fill(lane *one, const uint8_t *bytes, size_t size)
{
    int count = 0;

    for (ssize_t written; (written = put(one, bytes, size)) > 0; count++)
        cr_assert_leq(written, (ssize_t)size);
    return count;
}

Test(lane, is_full_and_empties_again)
{
    static const size_t sizes[] = {1, 7, 8, 9, 1000, 4096, 65535};
    uint8_t *bytes = some_bytes(RING);

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        lane *one = new_lane();
        for (int round = 0; round < 3; round++) {
            int count = fill(one, bytes, sizes[i]);
            cr_assert_gt(count, 2);
            for (int k = 0; k < count; k++) {
                size_t position = 0;
                cr_assert_leq(take(one, &position), sizes[i]);
            }
            cr_assert_not(waldo__lane_has(&one->reader));
        }
        free_lane(one);
    }
    free(bytes);
}

/* Long pieces lie in slots; where those are in use the ring carries what it can. */
Test(lane, long_pieces)
{
    lane *one = new_lane();
    const size_t size = (size_t)SLOT * (WALDO__LANE_SLOT_COUNT + 3);
    uint8_t *bytes = some_bytes(size);
    size_t sent = 0, position = 0;

    for (int round = 0; round < 5; round++) {
        size_t before = sent = position = 0;
        for (unsigned i = 0; i < WALDO__LANE_SLOT_COUNT; i++, before = sent) {
            sent += (size_t)put(one, bytes + sent, size - sent);
            cr_assert_eq(sent - before, SLOT);
        }
        ssize_t written = put(one, bytes + sent, size - sent);
        cr_assert(written > 0 && written < (ssize_t)SLOT);
        sent += (size_t)written;
        while (position < sent)
            take(one, &position);
    }
    free(bytes);
    free_lane(one);
}

/* A few bytes before a long part are a record alone, and no others are. */
Test(lane, a_lead)
{
    static const size_t leads[] = {1, 100, WALDO__LEAD_MOST, WALDO__LEAD_MOST + 1};
    const size_t size = 2 * (size_t)SLOT;
    uint8_t *bytes = some_bytes(size);

    for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++) {
        lane *one = new_lane();
        size_t lead = leads[i], half = lead / 2, position = 0;
        struct iovec parts[] = {
            {bytes, half}, {bytes + half, lead - half}, {bytes + lead, size - lead}};
        bool wake;
        ssize_t written = waldo__lane_write(&one->writer, parts, 3, &wake);
        cr_assert_eq(written, (ssize_t)(lead > WALDO__LEAD_MOST ? SLOT : lead));
        cr_assert_eq(take(one, &position), (size_t)written);
        free_lane(one);
    }
    lane *one = new_lane();
    struct iovec parts[] = {{bytes, 10}, {bytes + 10, WALDO__LANE_SLOT_LEAST - 1}};
    bool wake;
    cr_assert_eq(waldo__lane_write(&one->writer, parts, 2, &wake),
                 (ssize_t)WALDO__LANE_SLOT_LEAST + 9, "the part is not long");
    free(bytes);
    free_lane(one);
}

static void *read_all(void *data)
{
    lane *one = data;
    size_t position = 0;

    while (position < (size_t)64 * RING)
        if (waldo__lane_has(&one->reader))
            take(one, &position);
        else
            sched_yield();
    return NULL;
}

/* For ThreadSanitizer, too. */
Test(lane, two_threads)
{
    lane *one = new_lane();
    const size_t total = (size_t)64 * RING;
    uint8_t *bytes = some_bytes(total);
    pthread_t reader;
    size_t sent = 0;

    cr_assert_eq(pthread_create(&reader, NULL, read_all, one), 0);
    for (size_t size = 1; sent < total; size = size * 7 % 300007 + 1) {
        ssize_t written = put(one, bytes + sent, size < total - sent ? size : total - sent);
        cr_assert_geq(written, 0);
        sent += (size_t)written;
        if (written == 0)
            sched_yield();
    }
    pthread_join(reader, NULL);
    free(bytes);
    free_lane(one);
}

/* ---- sleeping ---- */

Test(lane, who_sleeps_is_woken_once)
{
    lane *one = new_lane();
    struct iovec part = {"abc", 3};
    bool wake = false;

    cr_assert_gt(waldo__lane_write(&one->writer, &part, 1, &wake), 0);
    cr_assert(wake, "both are asleep at first");
    cr_assert_gt(waldo__lane_write(&one->writer, &part, 1, &wake), 0);
    cr_assert_not(wake);
    cr_assert_not(waldo__lane_sleep(&one->reader), "there is something to read");
    for (int i = 0; i < 2; i++) {
        waldo__span spans[2];
        cr_assert_eq(waldo__lane_read(&one->reader, spans), 1);
        cr_assert_not(waldo__lane_release(&one->reader), "the writer does not wait");
    }
    cr_assert(waldo__lane_sleep(&one->reader));
    cr_assert_gt(waldo__lane_write(&one->writer, &part, 1, &wake), 0);
    cr_assert(wake);
    free_lane(one);
}

/* A reader that has taken all there is between any two records, and sleeps again. */
Test(lane, a_long_frame_wakes_at_its_first_piece_and_its_last)
{
    enum { PIECES = 6 };
    lane *one = new_lane();
    uint8_t *bytes = some_bytes(PIECES * SLOT);
    waldo__lane_waking waking = {0};
    size_t position = 0;
    for (int i = 0; i < PIECES; i++) {
        struct iovec part = {bytes + (size_t)i * SLOT, SLOT};
        bool wake;
        cr_assert(waldo__lane_sleep(&one->reader));
        cr_assert_eq(waldo__lane_write(&one->writer, &part, 1, &wake), (ssize_t)SLOT);
        cr_assert(wake);
        cr_assert_eq(waldo__lane_wakes_now(&waking, wake, i == PIECES - 1),
                     i == 0 || i == PIECES - 1, "piece %d", i);
        cr_assert_eq(take(one, &position), (size_t)SLOT);
    }
    cr_assert_not(waldo__lane_wakes_now(&waking, false, true), "it is awake");
    free(bytes);
    free_lane(one);
}

Test(lane, a_writer_that_waits_is_woken_once)
{
    lane *one = new_lane();
    uint8_t *bytes = some_bytes(1000);
    uint32_t released = 1;

    fill(one, bytes, 1000);
    cr_assert(waldo__lane_await_room(&one->writer, &released));
    cr_assert_eq(released, 0);
    waldo__span spans[2];
    cr_assert_eq(waldo__lane_read(&one->reader, spans), 1);
    cr_assert(waldo__lane_release(&one->reader));
    cr_assert_not(waldo__lane_await_room(&one->writer, &released), "there may be room by now");
    cr_assert_gt(put(one, bytes, 100), 0);
    free(bytes);
    free_lane(one);
}

/* ---- the other side is hostile ---- */

static void set_head(lane *one, uint32_t slot, uint32_t size)
{
    uint64_t head = (uint64_t)slot << 32 | size;

    memcpy(one->region.requests.bytes + (one->reader.at & (RING - 1)), &head, sizeof head);
}

Test(lane, heads_that_make_no_sense)
{
    static const uint32_t heads[][2] = {
        {0, UINT32_MAX}, {0, RING},       {0, RING / 4 + 1},
        {0, 1u << 31},   {1, SLOT + 1},   {1, UINT32_MAX},
        {1, 0},          {UINT32_MAX, 1}, {WALDO__LANE_SLOT_COUNT + 1, 1},
    };

    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        lane *one = new_lane();
        waldo__span spans[2];
        set_head(one, heads[i][0], heads[i][1]);
        cr_assert_eq(waldo__lane_read(&one->reader, spans), WALDO_EPROTOCOL, "%zu", i);
        free_lane(one);
    }
}

static bool lies_in(const lane *one, const waldo__span *span)
{
    const uint8_t *bytes = one->region.requests.bytes;
    const uint8_t *slots = one->region.requests.slots;
    size_t slots_size = (size_t)WALDO__LANE_SLOT_STRIDE * WALDO__LANE_SLOT_COUNT;

    return (span->data >= bytes && span->data + span->size <= bytes + RING) ||
           (span->data >= slots && span->data + span->size <= slots + slots_size);
}

/* Whatever stands there: what is read lies in the lane, and it goes on or ends. */
Test(lane, a_ring_full_of_anything)
{
    lane *one = new_lane();
    unsigned long long state = 7;
    int good = 0;

    for (int i = 0; i < 200000; i++) {
        waldo__span spans[2];
        state = state * 6364136223846793005u + 1442695040888963407u;
        set_head(one, (uint32_t)(state >> 60) % 12, (uint32_t)(state >> 33) % (RING / 3));
        int rc = waldo__lane_read(&one->reader, spans);
        if (rc != 1)
            continue;
        cr_assert(lies_in(one, &spans[0]) && lies_in(one, &spans[1]));
        waldo__lane_release(&one->reader);
        good++;
    }
    cr_assert_gt(good, 1000);
    free_lane(one);
}

Test(lane, a_reader_that_makes_no_sense)
{
    static const uint32_t lies[] = {1, RING, 1u << 31, UINT32_MAX - RING};
    uint8_t *bytes = some_bytes(1 << 20);

    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        lane *one = new_lane();
        atomic_store(&one->region.requests.words->released, lies[i]);
        cr_assert_eq(put(one, bytes, 1 << 20), WALDO_EPROTOCOL);
        free_lane(one);
        one = new_lane();
        fill(one, bytes, 3000);
        atomic_store(&one->region.requests.words->released, one->writer.at + lies[i]);
        cr_assert_leq(put(one, bytes, 3000), 0);
        free_lane(one);
    }
    free(bytes);
}

/* ---- the memory ---- */

Test(region, what_is_no_region_is_refused)
{
    waldo__region region;
    int descriptor, none = open("/dev/null", O_RDWR);

    cr_assert_eq(waldo__region_open(none, &region, NULL), WALDO_EPROTOCOL);
    close(none);
    descriptor = memfd_create("small", MFD_ALLOW_SEALING);
    cr_assert_eq(ftruncate(descriptor, 1 << 23), 0);
    cr_assert_eq(waldo__region_open(descriptor, &region, NULL), WALDO_EPROTOCOL, "not sealed");
    fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    cr_assert_eq(waldo__region_open(descriptor, &region, NULL), WALDO_EPROTOCOL, "another size");
    close(descriptor);
}

Test(region, of_another_version_is_refused)
{
    waldo__region mine, theirs;
    int descriptor;

    cr_assert_eq(waldo__region_new(&mine, &descriptor, NULL), 0);
    cr_assert_eq(waldo__region_open(descriptor, &theirs, NULL), 0);
    waldo__region_close(&theirs);
    mine.memory[0]++;
    cr_assert_eq(waldo__region_open(descriptor, &theirs, NULL), WALDO_EPROTOCOL);
    waldo__region_close(&mine);
    close(descriptor);
}

Test(region, its_size_is_sealed)
{
    waldo__region region;
    int descriptor;

    cr_assert_eq(waldo__region_new(&region, &descriptor, NULL), 0);
    cr_assert_eq(ftruncate(descriptor, 0), -1);
    cr_assert_eq(fcntl(descriptor, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), -1);
    waldo__region_close(&region);
    waldo__region_close(&region);
    close(descriptor);
}

Test(region, a_limit_on_files_is_an_error_not_a_signal)
{
    struct rlimit limit = {.rlim_cur = 4096, .rlim_max = 4096};
    waldo__region region;
    int descriptor;

    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_lt(waldo__region_new(&region, &descriptor, NULL), 0);
}
