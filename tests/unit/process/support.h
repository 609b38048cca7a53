/* What the tests of processes share. Functions end the program if something fails. */
#ifndef WALDO_TESTS_UNIT_PROCESS_SUPPORT_H
#define WALDO_TESTS_UNIT_PROCESS_SUPPORT_H

#include "unit/process/harness.h"

waldo_mp_process *make(waldo_mp_function *target, waldo_value *arguments);
waldo_mp_process *started(waldo_mp_function *target, waldo_value *arguments);
int ended(waldo_mp_process *process);
waldo_value *item(const waldo_value *sequence, int64_t index);
int64_t number(const waldo_value *sequence, int64_t index);
waldo_mp_connection *connection_of(const waldo_value *arguments, int64_t index);
void tell(waldo_mp_connection *connection, waldo_value *value);
waldo_value *hear(waldo_mp_connection *connection);
void hear_repr(waldo_mp_connection *connection, const char *expected);
waldo_mp_process *started_with_pipe(waldo_mp_function *target, waldo_mp_connection **ret_end);
void let_go(waldo_mp_connection *end);
int open_descriptors(void);

#endif
