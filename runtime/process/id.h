/* Which process this is, without a system call each time. */
#ifndef WALDO_RUNTIME_PROCESS_ID_H
#define WALDO_RUNTIME_PROCESS_ID_H

#include <sys/types.h>

/* getpid(). A forked child never sees its parent's, however it was forked. */
pid_t waldo__process_id(void);

#endif
