#include "engine/shm/region.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory/segment.h"

/* Grows when an old peer could misunderstand a new one. */
#define VERSION 2
#define PAGE 4096
/* The requests' ring begins in the first page, behind the head: an idle connection takes no other.
 */
#define HEAD_SIZE 1024
#define SLOTS ((size_t)WALDO__LANE_SLOT_COUNT * WALDO__LANE_SLOT_STRIDE)

/* At the beginning. What is said here is written before the client sees it, and read once. */
typedef struct region_head {
    uint32_t version;
    uint32_t ring_size;
    uint32_t slot_size;
    uint32_t slot_count;
    waldo__lane_words requests;
    waldo__lane_words replies;
} region_head;

_Static_assert(sizeof(region_head) <= HEAD_SIZE, "there is room for it");

/* Then come the rings, then, in pages of their own, the slots. */
#define REGION_SIZE ((size_t)PAGE + 2 * (size_t)WALDO__LANE_RING + 2 * SLOTS)

static int map(int descriptor, waldo__region *region, waldo_error *reterr)
{
    uint8_t *memory =
        mmap(NULL, REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, descriptor, 0);

    if (memory == MAP_FAILED)
        return waldo_error_system(reterr, errno, "mapping shared memory");
    region_head *head = (region_head *)(void *)memory;
    uint8_t *rings = memory + HEAD_SIZE;
    uint8_t *slots = memory + PAGE + 2 * (size_t)WALDO__LANE_RING;
    region->memory = memory;
    region->requests = (waldo__lane_place){&head->requests, rings, slots};
    region->replies = (waldo__lane_place){&head->replies, rings + WALDO__LANE_RING, slots + SLOTS};
    return 0;
}

int waldo__region_new(waldo__region *ret_region, int *ret_descriptor, waldo_error *reterr)
{
    int descriptor;
    int rc = waldo__sealed_memory(REGION_SIZE, &descriptor, reterr);

    if (rc < 0)
        return rc;
    rc = map(descriptor, ret_region, reterr);
    if (rc < 0) {
        close(descriptor);
        return rc;
    }
    region_head *head = (region_head *)(void *)ret_region->memory;
    head->version = VERSION;
    head->ring_size = WALDO__LANE_RING;
    head->slot_size = WALDO__LANE_SLOT_SIZE;
    head->slot_count = WALDO__LANE_SLOT_COUNT;
    atomic_init(&head->requests.sleeps, 1);
    atomic_init(&head->replies.sleeps, 1);
    *ret_descriptor = descriptor;
    return 0;
}

int waldo__region_open(int descriptor, waldo__region *ret_region, waldo_error *reterr)
{
    waldo__region region;
    size_t size;
    int rc = waldo__sealed_memory_check(descriptor, &size, reterr);

    if (rc < 0)
        return rc;
    if (size != REGION_SIZE)
        return waldo_error_set(reterr, WALDO_EPROTOCOL, "the rings have another size here");
    rc = map(descriptor, &region, reterr);
    if (rc < 0)
        return rc;
    const volatile region_head *head = (const volatile region_head *)(void *)region.memory;
    if (head->version != VERSION || head->ring_size != WALDO__LANE_RING ||
        head->slot_size != WALDO__LANE_SLOT_SIZE || head->slot_count != WALDO__LANE_SLOT_COUNT) {
        waldo__region_close(&region);
        return waldo_error_set(reterr, WALDO_EPROTOCOL, "the rings have another form here");
    }
    *ret_region = region;
    return 0;
}

void waldo__region_close(waldo__region *region)
{
    if (region->memory != NULL)
        munmap(region->memory, REGION_SIZE);
    region->memory = NULL;
}
