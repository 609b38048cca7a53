/* Any bytes as a ring in shared memory, read as the server reads it: records, then the frames that
 * are in them. Then the same bytes as the sizes of what is written to a reader, and as what that
 * reader says it has taken. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/shm/region.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_MESSAGE = 1 << 16, MOST_RECORDS = 1000 };

static waldo__region region;

static void make_region(void)
{
    int descriptor;

    if (region.memory != NULL)
        return;
    if (waldo__region_new(&region, &descriptor, NULL) < 0)
        abort();
    close(descriptor);
}

/* What is read lies in the ring or in a slot. */
static void check(const waldo__span *span)
{
    const waldo__lane_place *place = &region.requests;
    size_t slots = (size_t)WALDO__LANE_SLOT_STRIDE * WALDO__LANE_SLOT_COUNT;
    bool in_ring =
        span->data >= place->bytes && span->data + span->size <= place->bytes + WALDO__LANE_RING;
    bool in_slots = span->data >= place->slots && span->data + span->size <= place->slots + slots;

    if (!in_ring && !in_slots)
        abort();
}

/* false: the parser has refused. */
static bool feed(waldo__sp_parser *parser, waldo__span span)
{
    waldo__sp_message message;
    int rc = 1;

    while (rc >= 0 && span.size > 0)
        rc = waldo__sp_take(parser, &span.data, &span.size, &message, NULL);
    return rc >= 0;
}

static void read_ring(void)
{
    waldo__lane_reader reader;
    waldo__sp_parser parser = {.peer = WALDO__SP_REQ,
                               .ipc = true,
                               .max_hops = WALDO__SP_MAX_HOPS,
                               .limit = MAX_MESSAGE,
                               .shared = true,
                               .stage = WALDO__SP_AT_HEAD};
    waldo__span spans[2];
    bool good = true;

    waldo__lane_reader_init(&reader, &region.requests);
    for (int i = 0; good && i < MOST_RECORDS && waldo__lane_read(&reader, spans) == 1; i++) {
        check(&spans[0]);
        check(&spans[1]);
        good = feed(&parser, spans[0]) && feed(&parser, spans[1]);
        waldo__lane_release(&reader);
    }
    waldo__sp_parser_free(&parser);
}

/* Writes beside a reader that says anything. */
static void write_ring(const uint8_t *data, size_t size)
{
    waldo__lane_writer writer;
    waldo__region mine = region;
    uint8_t *bytes = calloc(1, WALDO__LANE_SLOT_LEAST);
    bool wake;

    if (bytes == NULL)
        return;
    waldo__lane_writer_init(&writer, &mine.replies);
    for (size_t i = 0; i + 5 <= size; i += 5) {
        uint32_t released;
        struct iovec part = {bytes, data[i] * 257u};
        memcpy(&released, data + i + 1, sizeof released);
        atomic_store(&region.replies.words->released, released);
        if (waldo__lane_write(&writer, &part, 1, &wake) < 0)
            break;
    }
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    make_region();
    if (size > WALDO__LANE_RING)
        size = WALDO__LANE_RING;
    memset(region.requests.bytes, 0, WALDO__LANE_RING);
    memcpy(region.requests.bytes, data, size);
    read_ring();
    write_ring(data, size);
    return 0;
}
