/* The types of the conformance rows: a module for waldod, and a library for servers in a program's
 * own process. */
#ifndef WALDO_CONFORMANCE_TRIAL_TYPES_H
#define WALDO_CONFORMANCE_TRIAL_TYPES_H

#include <waldo/server.h>

/* Everything below, and what the .proto alone cannot say:
 *     FooName      a name-only Foo: what it is given becomes the object (row B6)
 *     FooHidden    an empty exposed list, which is as good as none (row C4)
 *     ReadMaker    a Maker that exposes `me`, and `make` since it returns a ReadCounter (row C8)
 *     SharedQueue  a Queue that all clients share (row B7) */
int conformance_register(waldo_registry *registry, waldo_error *reterr);

/* ---- events.c: what happens in the server process, as the services Events and Common see it ----
 */

int conformance_register_events(waldo_registry *registry, waldo_error *reterr);
void conformance_event_post(const char *name);
/* Blocks the calling thread until it has happened so often. */
void conformance_event_wait(const char *name, int64_t count);
/* From now on nobody waits: for the end of a server in the test's own process. */
void conformance_events_end(void);

/* ---- generators.c ---- */
int conformance_register_generators(waldo_registry *registry, waldo_error *reterr);

/* ---- faults.c: sleeping and raising ---- */
int conformance_register_faults(waldo_registry *registry, waldo_error *reterr);

#endif
