/* Processes that run a function of this program (rows L1-L20, M1-M9).
 *
 *     static int worker(const waldo_value *arguments, waldo_error *reterr) { ...; return 0; }
 *     WALDO_MP_TARGET(worker)
 *
 *     int main(int argc, char **argv)
 *     {
 *         waldo_mp_freeze_support(argc, argv);
 *         waldo_mp_process_new(&(waldo_mp_process_options){.target = worker,
 *                                                          .arguments = waldo_v_tuple(waldo_v(1))},
 *                              &process, &err);
 *         waldo_mp_process_start(process, &err);
 *         waldo_mp_process_join(process, WALDO_FOREVER, &err);
 *     }
 *
 * A process is new, then running (or blocked, which nobody outside can tell), then terminated.
 * docs/processes.md has pictures of that and of the start methods.
 *
 * All functions may be called by any thread; a process object is of use only in the process that
 * made it (WALDO_EASSERTION elsewhere, row L3). No signal handler is changed and SIGCHLD is not
 * needed: children are held by descriptors. A program that waits for any child (waitpid(-1)), or
 * ignores SIGCHLD, takes exit codes away: 255 stands for one that is lost. */
#ifndef WALDO_MP_PROCESS_H
#define WALDO_MP_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include <waldo/value.h>

WALDO_BEGIN_DECLS

/** What a process runs. What it returns is the exit code, modulo 256; a WALDO_E... code is a
 *  failure: "Process NAME:" and *reterr go to standard error, and the exit code is 1 (rows L5,
 *  L12). arguments are what was given, an empty tuple if nothing was. */
typedef int waldo_mp_function(const waldo_value *arguments, waldo_error *reterr);

/** An item of the arguments, as long as they live; None if there are not so many, so that whatever
 *  is read from it says what is missing. */
const waldo_value *waldo_mp_argument(const waldo_value *arguments, size_t index);

/* ---- what a fresh image can find ---- */

typedef struct waldo_mp_registration {
    const char *name;
    waldo_mp_function *function;
    struct waldo_mp_registration *next;
} waldo_mp_registration;

/** For WALDO_MP_TARGET, which calls them when the program or a module is loaded and unloaded; the
 *  registration must stay. */
void waldo_mp_register_target(waldo_mp_registration *registration);
void waldo_mp_unregister_target(waldo_mp_registration *registration);

/** At file level: lets spawn and forkserver find the function in the child, by its name, which is
 *  unique in the program. fork needs none. */
#define WALDO_MP_TARGET(target)                                                                    \
    static waldo_mp_registration waldo_mp_target_##target = {#target, target, NULL};               \
    __attribute__((constructor)) static void waldo_mp_register_##target(void)                      \
    {                                                                                              \
        waldo_mp_register_target(&waldo_mp_target_##target);                                       \
    }                                                                                              \
    __attribute__((destructor)) static void waldo_mp_unregister_##target(void)                     \
    {                                                                                              \
        waldo_mp_unregister_target(&waldo_mp_target_##target);                                     \
    }

/** To be the first statement of main, in programs that spawn or use a forkserver: in a child that
 *  was spawned it runs the target and exits, else it returns. Without it these two methods are
 *  refused, so that a program that forgets it does not start itself for ever (row M8). */
void waldo_mp_freeze_support(int argc, char **argv);

/* ---- start methods (rows M1-M4) ---- */

typedef enum waldo_mp_method {
    WALDO_MP_DEFAULT,   /* what waldo_mp_set_start_method said, else forkserver */
    WALDO_MP_FORK,      /* a copy of this process: has all it has, threads excepted */
    WALDO_MP_SPAWN,     /* a fresh image of the program: has what it is given */
    WALDO_MP_FORKSERVER /* a copy of a fresh image that waits for orders: fast, and threads and
                           descriptors of this process do not come along */
} waldo_mp_method;

/** "fork", "spawn", "forkserver"; NULL for another number. */
const char *waldo_mp_method_name(waldo_mp_method method);
/** WALDO_EVALUE: "cannot find context for 'x'". */
WALDO_CHECK int waldo_mp_method_named(const char *name, waldo_mp_method *ret_method,
                                      waldo_error *reterr);
/** For processes that say nothing else, also those that children start (row M4). Once;
 *  WALDO_ERUNTIME: "context has already been set", unless forced. Forced to WALDO_MP_DEFAULT it is
 *  as if never set (row M2). */
WALDO_CHECK int waldo_mp_set_start_method(waldo_mp_method method, bool force, waldo_error *reterr);
/** Never WALDO_MP_DEFAULT, unless allow_none and none was set. */
waldo_mp_method waldo_mp_get_start_method(bool allow_none);

/** What a forkserver does when a module cannot be loaded (row M7). */
typedef enum waldo_mp_preload_error {
    WALDO_MP_PRELOAD_IGNORE,
    WALDO_MP_PRELOAD_WARN, /* a line on its standard error */
    WALDO_MP_PRELOAD_FAIL  /* it ends: starting processes is WALDO_EEOF */
} waldo_mp_preload_error;

/** Shared objects (dlopen) that the forkserver loads before it forks anything, with their
 *  WALDO_MP_TARGETs and whatever their constructors prepare (row M7). For the next forkserver that
 *  this process starts. WALDO_EVALUE: an on_error that is none; WALDO_ENOMEM. */
WALDO_CHECK int waldo_mp_set_forkserver_preload(const char *const *paths, size_t count,
                                                waldo_mp_preload_error on_error,
                                                waldo_error *reterr);

/* ---- processes ---- */

typedef struct waldo_mp_process waldo_mp_process;

/* All but the target may be left out. */
typedef struct waldo_mp_process_options {
    waldo_mp_function *target;
    waldo_value *arguments; /* TAKEN, also on failure; may hold handles (waldo/mp/handle.h) */
    const char *name;       /* "Process-1", for a child of a child "Process-1:2" */
    bool daemon;            /* is terminated, not waited for, when this process exits (row L8) */
    waldo_mp_method method; /* a context of its own (row M3) */
} waldo_mp_process_options;

/** A process that is not started. WALDO_EVALUE: no target, or a method that is none. */
WALDO_CHECK int waldo_mp_process_new(const waldo_mp_process_options *options,
                                     waldo_mp_process **ret_process, waldo_error *reterr);
waldo_mp_process *waldo_mp_process_ref(waldo_mp_process *process);
/** A running process goes on, and this one still waits for it when it exits. NULL is a no-op.
 *  Returns NULL. */
waldo_mp_process *waldo_mp_process_unref(waldo_mp_process *process);
/* For WALDO_AUTO(waldo_mp_process). */
static inline void waldo_mp_process_cleanup(waldo_mp_process **process)
{
    waldo_mp_process_unref(*process);
}

/** Starts it. In the child the target runs and nothing else of the caller: start does not return
 *  there. WALDO_EASSERTION: "cannot start a process twice" (row L3), "daemonic processes are not
 *  allowed to have children" (row L8). WALDO_ERUNTIME: no waldo_mp_freeze_support in main.
 *  WALDO_EATTRIBUTE: no WALDO_MP_TARGET for the target. Arguments that cannot be sent:
 *  WALDO_EVALUE, WALDO_ERECURSION, WALDO_ETOOBIG, and what their handles say. WALDO_ELIMIT,
 *  WALDO_ESYSTEM, WALDO_ENOMEM: no process can be had; then it may be started again.
 *
 *  Under spawn and forkserver a target that the child does not know, and anything else that fails
 *  there, ends the child with exit code 1 and a line on its standard error. */
WALDO_CHECK int waldo_mp_process_start(waldo_mp_process *process, waldo_error *reterr);
/** Waits until it has ended: 1, or seconds have passed: 0. 0 and less only look (row L4).
 *  WALDO_EASSERTION: "can only join a started process", "can only join a child process"; this
 *  process itself is none. */
WALDO_CHECK int waldo_mp_process_join(waldo_mp_process *process, double seconds,
                                      waldo_error *reterr);
/** 1: started and not ended. */
WALDO_CHECK int waldo_mp_process_is_alive(waldo_mp_process *process, waldo_error *reterr);
/** 1 and the code, -signal if a signal ended it (row L5); 0: not ended. */
WALDO_CHECK int waldo_mp_process_exitcode(waldo_mp_process *process, int *ret_code,
                                          waldo_error *reterr);
/** SIGINT, SIGTERM, SIGKILL; nothing if it has ended (row L6). WALDO_EVALUE: not started. */
int waldo_mp_process_interrupt(waldo_mp_process *process, waldo_error *reterr);
int waldo_mp_process_terminate(waldo_mp_process *process, waldo_error *reterr);
int waldo_mp_process_kill(waldo_mp_process *process, waldo_error *reterr);
/** Gives back what is held for it; then every use is WALDO_EVALUE "process object is closed", but
 *  another close (row L7). WALDO_EVALUE: it is running. */
int waldo_mp_process_close(waldo_mp_process *process, waldo_error *reterr);
/** A descriptor that poll() and waldo_mp_wait find readable when it has ended (row L10); the
 *  object's own. WALDO_EVALUE: "process not started". */
WALDO_CHECK int waldo_mp_process_sentinel(waldo_mp_process *process, waldo_error *reterr);

/** As long as the object lives. */
const char *waldo_mp_process_name(const waldo_mp_process *process);
/** 0 before it is started. */
pid_t waldo_mp_process_pid(const waldo_mp_process *process);
bool waldo_mp_process_daemon(const waldo_mp_process *process);
/** WALDO_EASSERTION: "process has already started". */
int waldo_mp_process_set_daemon(waldo_mp_process *process, bool daemon, waldo_error *reterr);

/** This process; not to be given back. Only name, pid, daemon and is_alive are of use. */
waldo_mp_process *waldo_mp_current_process(void);
/** The one that started this one, to be asked for name, pid, is_alive, join, sentinel; NULL in one
 *  that was not started so. Not to be given back (row L11). */
waldo_mp_process *waldo_mp_parent_process(void);
/** Children that are alive, oldest first; those that have ended are collected (row L9). unref each
 *  and free() *ret_children. */
WALDO_CHECK int waldo_mp_active_children(waldo_mp_process ***ret_children, size_t *ret_count,
                                         waldo_error *reterr);

/* ---- the end (row L20) ---- */

/** Has a function called when this process exits: higher priorities first, of one priority the
 *  last first; those below 0 after all children have ended. Not in a forked child. Returns an id
 *  above 0. WALDO_ENOMEM. */
WALDO_CHECK int64_t waldo_mp_at_exit(void (*function)(void *data), void *data, int priority,
                                     waldo_error *reterr);
/** Calls it now. 1: done; 0: it was called or cancelled before, or belongs to another process. */
int waldo_mp_at_exit_run(int64_t id);
/** 1: it will not be called; 0: as above. */
int waldo_mp_at_exit_cancel(int64_t id);

/** What happens when a process exits: functions of priority 0 and above are called, daemons are
 *  terminated, other children waited for, the remaining functions called. exit() does it in a
 *  process that has started one or asked for waldo_mp_at_exit, and so does every child; it is here
 *  for a program that wants it sooner. */
void waldo_mp_exit(void);

WALDO_END_DECLS

#endif
