/* What a Process is made of. */
#ifndef WALDO_RUNTIME_PROCESS_PROCESS_H
#define WALDO_RUNTIME_PROCESS_PROCESS_H

#include <stdatomic.h>
#include <stdint.h>

#include <waldo/mp/process.h>

typedef enum waldo__relation {
    WALDO__CHILD,
    WALDO__PARENT, /* what waldo_mp_parent_process gives */
    WALDO__SELF    /* what waldo_mp_current_process gives */
} waldo__relation;

typedef enum waldo__process_state {
    WALDO__PROCESS_NEW,
    WALDO__PROCESS_STARTING,
    WALDO__PROCESS_RUNNING,
    WALDO__PROCESS_ENDED,
    WALDO__PROCESS_CLOSED
} waldo__process_state;

struct waldo_mp_process {
    atomic_uint references;
    waldo__relation relation;
    const char *name;
    const char *identity; /* "1:2": the second child of the first child; "" in the main process */
    pid_t creator;        /* the only process to which the object is of use */
    waldo_mp_function *target;
    waldo_value *arguments;
    waldo_mp_method method; /* not WALDO_MP_DEFAULT once it is started */
    /* With the lock of children.c: */
    bool daemon;
    waldo__process_state state;
    pid_t pid;
    int handle;   /* a pidfd; -1: none */
    int sentinel; /* the handle, or where a forkserver tells the exit code; -1: none */
    int exitcode;
    struct waldo_mp_process *next; /* in the list of children, which holds a reference */
};

/* ---- children.c: the children of this process, and the lock of all process objects ---- */

/* Waits for nothing but the lock. A forked child finds it free and the list empty. */
void waldo__children_lock(void);
void waldo__children_unlock(void);
/* With the lock; the list takes a reference. */
void waldo__children_add(waldo_mp_process *process);
/* With the lock: collects the process if it has ended. Then the list's reference is the caller's to
 * give back, without the lock. */
bool waldo__children_collect(waldo_mp_process *process);
/* Calls waldo_mp_exit when this process exits. */
void waldo__exit_at_end(void);

/* ---- current.c: who this process is ---- */

#define WALDO__PROCESS_AUTHKEY_SIZE 32

/* What a child has to know to begin. */
typedef struct waldo__birth {
    const char *name;
    const char *identity;
    bool daemon;
    waldo_mp_method start_method; /* what was set, or WALDO_MP_DEFAULT */
    const char *parent_name;
    pid_t parent_pid;
    int parent_handle; /* a pidfd */
    uint8_t authkey[WALDO__PROCESS_AUTHKEY_SIZE];
} waldo__birth;

/* Of a child that is about to be started. parent_handle is the caller's to close. */
int waldo__birth_of(const waldo_mp_process *process, waldo__birth *ret_birth, waldo_error *reterr);
/* Makes this process the child; TAKES the handle. The texts must stay. */
int waldo__become(const waldo__birth *birth, waldo_error *reterr);
/* A name for the next child of this process, and its identity; the caller frees both. */
int waldo__name_child(const char *name, const char **ret_name, const char **ret_identity,
                      waldo_error *reterr);
/* The process's key (row L16), made when it is needed first. */
int waldo__process_authkey(uint8_t ret_key[WALDO__PROCESS_AUTHKEY_SIZE], waldo_error *reterr);

/* ---- start methods ---- */

/* Each sets pid, handle and sentinel of a process that is STARTING. In a child they do not return.
 */
int waldo__start_fork(waldo_mp_process *process, waldo_error *reterr);
int waldo__start_spawn(waldo_mp_process *process, waldo_error *reterr);
int waldo__start_forkserver(waldo_mp_process *process, waldo_error *reterr);
/* Ends the forkserver of this process, if there is one, and waits for it. Its children go on; their
 * exit codes are lost. */
void waldo__stop_forkserver(void);
/* Sets the three of a child of this process. On failure the child is killed. */
int waldo__adopt(waldo_mp_process *process, pid_t pid, waldo_error *reterr);

/* Runs a target to its end, in the child: the exit code. */
int waldo__run_target(waldo_mp_function *target, const waldo_value *arguments);
/* Ends a process that was forked: what was registered with atexit() before is not its own. */
_Noreturn void waldo__end_child(int code);
/* Writes "Process NAME:" and the error to standard error; returns the exit code, 1. */
int waldo__report(const waldo_error *err);
/* Standard input is /dev/null in every child (row L13). */
void waldo__close_input(void);

/* ---- target.c ---- */

/* WALDO_EATTRIBUTE: no registration, or two of the name. */
int waldo__target_name(waldo_mp_function *target, const char **ret_name, waldo_error *reterr);
int waldo__target_named(const char *name, waldo_mp_function **ret_target, waldo_error *reterr);

#endif
