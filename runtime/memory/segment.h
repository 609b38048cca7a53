/* Pieces of memory that processes share: memfds, which have no name and are gone with the last
 * process that has them, whatever kills it. Their size is sealed: nobody can take pages away from
 * under the others. A segment that arrives twice is mapped once. Counted; any thread. */
#ifndef WALDO_RUNTIME_MEMORY_SEGMENT_H
#define WALDO_RUNTIME_MEMORY_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

#include <waldo/error.h>

#define WALDO__SEGMENT_NAME_SIZE 64

typedef struct waldo__segment {
    uint8_t *memory;
    size_t size;
    int descriptor;
    uint32_t references; /* this and the rest: segment.c, under its lock */
    uint64_t device;
    uint64_t file;
    struct waldo__segment *next;
    /* Of a file with a name: what is done when this process gives it up. */
    void (*last)(struct waldo__segment *segment);
    char name[WALDO__SEGMENT_NAME_SIZE];
} waldo__segment;

/* Zeroed. Pages take memory when they are first written. WALDO_EVALUE: size 0; WALDO_ENOMEM: more
 * than this host has; WALDO_ELIMIT: no descriptor left. */
int waldo__segment_new(size_t size, waldo__segment **ret_segment, waldo_error *reterr);
/* TAKES the descriptor. The segment it stands for, which this process may have already.
 * WALDO_EPROTOCOL: not one that waldo__segment_new made. */
int waldo__segment_open(int descriptor, waldo__segment **ret_segment, waldo_error *reterr);
/* The same for a file that has a name, whose size cannot be sealed. After it was unmapped, `last`
 * is called; the descriptor is still open. */
int waldo__segment_open_named(int descriptor, const char *name,
                              void (*last)(waldo__segment *segment), waldo__segment **ret_segment,
                              waldo_error *reterr);
waldo__segment *waldo__segment_ref(waldo__segment *segment);
waldo__segment *waldo__segment_unref(waldo__segment *segment);

/* What locks something before it asks for segments calls this before it sees to fork() itself. */
void waldo__segments_watch_fork(void);

/* What segments are made of, for who maps it himself: a memfd of so many zeros, sealed in size. The
 * descriptor is the caller's. Errors as waldo__segment_new. */
int waldo__sealed_memory(size_t size, int *ret_descriptor, waldo_error *reterr);
/* Is it such a memfd, of which size? WALDO_EPROTOCOL. */
int waldo__sealed_memory_check(int descriptor, size_t *ret_size, waldo_error *reterr);

/* Bytes of memory of this host, RAM and swap. */
uint64_t waldo__host_memory(void);

#endif
