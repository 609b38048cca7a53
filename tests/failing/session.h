/* A typical session: one of everything that clients do. */
#ifndef WALDO_TESTS_FAILING_SESSION_H
#define WALDO_TESTS_FAILING_SESSION_H

#include <waldo/waldo.h>

/* What the first call that fails says; *ret_step is which step that was, counted from 0. */
int run_session(const char *url, const waldo_manager_options *options, int *ret_step,
                waldo_error *reterr);
const char *session_step_name(int step);

#endif
