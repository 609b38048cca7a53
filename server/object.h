/* Referents: ids, references, and when one is destroyed.
 *
 * Everything here is guarded by the server's lock, which callers hold, except what a running
 * handler does with self. */
#ifndef WALDO_SERVER_OBJECT_H
#define WALDO_SERVER_OBJECT_H

#include <stddef.h>
#include <stdint.h>

#include "map.h"
#include "pool.h"
#include "registry.h"

typedef struct waldo__object waldo__object;

/* There may be millions of them: each word counts. */
struct waldo__object {
    uint64_t id;    /* never reused */
    uintptr_t home; /* the server, or, with the lowest bit set, the origin */
    const waldo__type *type;
    void *self;
    /* What `__next__` steps: from the start for a started generator, from the first step on for a
     * type that iterates itself. */
    waldo_generator *generator;
    uint32_t references; /* of sessions, of values inside objects, of tickets */
    uint32_t pins;       /* of calls under way and of objects that have this as origin */
    union {
        waldo__strand strand;
        waldo__job destruction; /* once it has neither references nor pins */
    };
};

/* Another object whose self this one works on: the one whose method started this generator, or the
 * one that this is a second name of. It is pinned, and calls run on its strand. NULL: none. */
static inline waldo__object *waldo__object_origin(const waldo__object *object)
{
    return object->home & 1 ? (waldo__object *)(object->home - 1) : NULL;
}

/* Of waldo__objects_init on. */
typedef struct waldo__objects {
    waldo__map by_id;
    waldo__map by_self; /* self -> the object that owns it: row B7 */
    uint64_t last_id;
    size_t referenced; /* objects that a session holds: row B9 */
} waldo__objects;

void waldo__objects_init(waldo__objects *objects);
/* A new object with one pin. It owns self from now on, unless it has an origin, which is pinned.
 * NULL: out of memory, self is still the caller's. */
waldo__object *waldo__object_new(waldo_server *server, const waldo__type *type, void *self,
                                 waldo__object *origin);
/* The object that owns self, with a pin, or NULL. */
waldo__object *waldo__object_find_self(waldo_server *server, void *self);
/* The object with a pin, or NULL. */
waldo__object *waldo__object_find(waldo_server *server, uint64_t id);
/* References: of sessions, values and tickets. false: it has as many as can be counted. */
bool waldo__object_reference(waldo__object *object);
void waldo__object_unreference(waldo__object *object, uint64_t count);
void waldo__object_pin(waldo__object *object);
/* Without references and pins the object is destroyed, on a thread of the pool. */
void waldo__object_unpin(waldo__object *object);
/* What tells an object of a session's end; made beforehand, so that telling cannot fail. It pins
 * the object. NULL: out of memory. */
typedef struct waldo__notice waldo__notice;
waldo__notice *waldo__notice_new(waldo__object *object, const uint8_t *session);
/* On the object's strand; frees the notice. */
void waldo__notice_deliver(waldo__notice *notice);
void waldo__notice_free(waldo__notice *notice);
/* The one that is no other's second name, and no generator: its origin's origin, or itself. */
waldo__object *waldo__object_root(const waldo__object *object);
waldo_server *waldo__object_server(const waldo__object *object);
/* The strand its calls run on; NULL for a concurrent type. */
waldo__strand *waldo__object_strand(waldo__object *object);
/* At the end, with no thread left: destroys all that are left. */
void waldo__objects_free(waldo_server *server);

#endif
