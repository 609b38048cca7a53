/* Who waits for whom, for people. */
#ifndef WALDO_SERVER_TYPES_DEADLOCK_H
#define WALDO_SERVER_TYPES_DEADLOCK_H

#include <stdbool.h>

#include <waldo/server.h>

#include "wire/buffer.h"

/* Appends a line for each lock of the server that somebody waits for, with who holds it and who
 * waits, and one for each ring of threads that wait for each other: a deadlock. Anybody may release
 * a Lock, so a ring of Locks ends if somebody does that. false: out of memory. */
bool waldo__locks_report(waldo_server *server, waldo__buffer *text);

#endif
