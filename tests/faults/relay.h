/* A network between a client and a server, on one host: what connects to the relay is connected to
 * the server, until the test does something to it. A thread of its own moves the bytes. */
#ifndef WALDO_TESTS_FAULTS_RELAY_H
#define WALDO_TESTS_FAULTS_RELAY_H

#include <stddef.h>

typedef struct relay relay;

typedef enum direction { TO_SERVER, TO_CLIENT } direction;

/* For a tcp://, nn+tcp:// or ipc:// URL of a server. */
relay *relay_start(const char *url);
/* Where clients connect. */
const char *relay_url(const relay *one);
void relay_free(relay *one);

/* Over ipc: descriptors, which are left behind otherwise, are passed on from now on. So connections
 * move to shared memory, and only what wakes the other side, and their end, still goes through
 * here. */
void relay_pass_descriptors(relay *one);
/* Breaks all connections. */
void relay_cut(relay *one);
/* New connections are broken at once, until told otherwise. */
void relay_refuse(relay *one, int refuse);
/* Nothing goes that way any more, until told otherwise; what the sender sends waits with it. */
void relay_stall(relay *one, direction which, int stall);
/* Each byte takes so long; those that come meanwhile go on together. */
void relay_delay(relay *one, direction which, unsigned ms);
/* At most so many bytes go at a time; 0: as they come. */
void relay_split(relay *one, size_t bytes);
/* Of the next bytes that go that way, one is changed, the second half goes before the first, or all
 * go twice. */
void relay_damage(relay *one, direction which);
void relay_reorder(relay *one, direction which);
void relay_repeat(relay *one, direction which);
/* Lets so many more bytes through, counted over all connections; SIZE_MAX: any number. */
void relay_allow(relay *one, direction which, size_t bytes);

/* Bytes that went through since the start. */
size_t relay_moved(relay *one, direction which);
/* Are bytes waiting that may not go through? */
int relay_holds_back(relay *one, direction which);
size_t relay_connections(relay *one);
/* Connections since the start. */
size_t relay_accepted(relay *one);

#endif
