/* For the tests of managers that start a server. */
#ifndef WALDO_TESTS_CONFORMANCE_MANAGERS_H
#define WALDO_TESTS_CONFORMANCE_MANAGERS_H

#include "harness.h"

/* For .init and .fini. */
void managers_begin(void);
void managers_end(void);

/* The types of the tests. */
waldo_registry *manager_types(void);
/* INITIAL; address may be NULL. */
waldo_manager *manager_at(const char *address);
/* At an address of the transport under test. */
waldo_manager *manager_new(void);
waldo_manager *manager_started(void);
/* The server ends with 0. Gives the manager back. */
void manager_shut_down(waldo_manager *manager);
/* start + more, by a Counter of the manager. */
int64_t add_remotely(waldo_manager *manager, int64_t start, int64_t more);

#endif
