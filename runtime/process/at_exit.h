/* Functions to be called when this process exits. */
#ifndef WALDO_RUNTIME_PROCESS_AT_EXIT_H
#define WALDO_RUNTIME_PROCESS_AT_EXIT_H

/* Calls those of this priority and above, highest first, of one priority the last first; also those
 * that they add. */
void waldo__at_exit_run_from(int priority);
void waldo__at_exit_run_all(void);

#endif
