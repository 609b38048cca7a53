/* What the processes of the tests run. */
#ifndef WALDO_TESTS_UNIT_PROCESS_TARGETS_H
#define WALDO_TESTS_UNIT_PROCESS_TARGETS_H

#include <waldo/mp.h>

/* Calls at exit write their names here. */
void note_in_diary(void *data);

waldo_mp_function nothing;
/* (code,) */
waldo_mp_function give_code;
/* (descriptor for standard error,) */
waldo_mp_function fail;
/* (code,) */
waldo_mp_function call_exit;
waldo_mp_function call_abort;
/* (connection,): says "ready", waits for a message. */
waldo_mp_function wait_for_end;
/* (connection, count) */
waldo_mp_function echo;
/* (connection,): who it is, then its parent's pid. */
waldo_mp_function introduce;
/* (connection,): its child does that. */
waldo_mp_function introduce_child;
/* (connection,) */
waldo_mp_function count_descriptors;
/* (connection,) */
waldo_mp_function try_to_have_a_child;
/* (connection,): whether its parent lives, before and after waiting for its death. */
waldo_mp_function mourn;
/* (connection,) */
waldo_mp_function start_mourner;
/* (connection,) */
waldo_mp_function leave_in_order;
/* (connection,) */
waldo_mp_function leave_a_daemon;
/* (connection,): messages of 200,000 equal bytes, until nobody reads them. */
waldo_mp_function flood;
waldo_mp_function not_registered;

#endif
