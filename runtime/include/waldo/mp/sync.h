/* Locks and the like between the processes of a host, and their threads (rows Q1-Q8, F1-F22): in
 * shared memory, on futexes, without a server.
 *
 *     waldo_mp_lock *lock;
 *     waldo_mp_lock_new(&lock, &err);              // then fork, or hand it over with
 *     ... waldo_mp_lock_value(lock) ...            // waldo/mp/handle.h
 *     if (waldo_mp_lock_acquire(lock, 2.5, &err) == WALDO_OWNER_DIED)
 *         repair();                                // the holder was killed; now it is ours
 *     waldo_mp_lock_release(lock, &err);
 *
 * Objects are counted: _new and _from_value give a reference, _unref gives one back, which never
 * releases a lock. Any process and thread that has one may use it; a forked child has those of its
 * parent. What is shared is gone with the last process that has it, whatever ends it.
 *
 * Timeouts are seconds on the monotonic clock: 0 tries, a negative one is 0, WALDO_FOREVER has no
 * end. Signals run their handlers and do not end a wait. Functions that wait return 1 where
 * Python's return True, 0 for False.
 *
 * A process that is killed leaves nothing locked, at whatever instruction: the others notice within
 * 0.2 seconds while they wait, and at once when they come. Whose death it is: a Lock's owner is a
 * process, an RLock's a thread. Who shares is in one pid namespace. */
#ifndef WALDO_MP_SYNC_H
#define WALDO_MP_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include <waldo/value.h>

WALDO_BEGIN_DECLS

/* What acquire returns, and wait of a condition, where the owner died while it held the lock: the
 * caller has it now, and what the lock protects may be half done. */
#ifndef WALDO_OWNER_DIED
#define WALDO_OWNER_DIED 2
#endif

/* ---- Lock. Not recursive. Any thread of any process may release it ---- */

typedef struct waldo_mp_lock waldo_mp_lock;

WALDO_CHECK int waldo_mp_lock_new(waldo_mp_lock **ret_lock, waldo_error *reterr);
waldo_mp_lock *waldo_mp_lock_ref(waldo_mp_lock *lock);
/** NULL is a no-op. Returns NULL. */
waldo_mp_lock *waldo_mp_lock_unref(waldo_mp_lock *lock);
/* For WALDO_AUTO(waldo_mp_lock). */
static inline void waldo_mp_lock_cleanup(waldo_mp_lock **lock)
{
    waldo_mp_lock_unref(*lock);
}
/** 1: acquired; WALDO_OWNER_DIED: acquired, from a process that died; 0: the timeout passed. */
WALDO_CHECK int waldo_mp_lock_acquire(waldo_mp_lock *lock, double timeout, waldo_error *reterr);
/** WALDO_EVALUE: "semaphore or lock released too many times". */
WALDO_CHECK int waldo_mp_lock_release(waldo_mp_lock *lock, waldo_error *reterr);
bool waldo_mp_lock_locked(const waldo_mp_lock *lock);
/** "<Lock(owner=None)>"; the owner may also be MainProcess (this process's name), with |THREAD if
 * it is a thread that is not the first one, SomeOtherThread or SomeOtherProcess (row Q3). free()
 * it. NULL: out of memory. */
char *waldo_mp_lock_repr(const waldo_mp_lock *lock);

/* ---- RLock. The thread that has it may acquire it again, and releases as often ---- */

typedef struct waldo_mp_rlock waldo_mp_rlock;

WALDO_CHECK int waldo_mp_rlock_new(waldo_mp_rlock **ret_rlock, waldo_error *reterr);
waldo_mp_rlock *waldo_mp_rlock_ref(waldo_mp_rlock *rlock);
waldo_mp_rlock *waldo_mp_rlock_unref(waldo_mp_rlock *rlock);
/* For WALDO_AUTO(waldo_mp_rlock). */
static inline void waldo_mp_rlock_cleanup(waldo_mp_rlock **rlock)
{
    waldo_mp_rlock_unref(*rlock);
}
/** As waldo_mp_lock_acquire. WALDO_EOVERFLOW: acquired 2^32 - 1 times. */
WALDO_CHECK int waldo_mp_rlock_acquire(waldo_mp_rlock *rlock, double timeout, waldo_error *reterr);
/** WALDO_EASSERTION: "attempt to release recursive lock not owned by thread". */
WALDO_CHECK int waldo_mp_rlock_release(waldo_mp_rlock *rlock, waldo_error *reterr);
bool waldo_mp_rlock_locked(const waldo_mp_rlock *rlock);
/** "<RLock(MainProcess, 3)>": the owner and how often. As waldo_mp_lock_repr. */
char *waldo_mp_rlock_repr(const waldo_mp_rlock *rlock);

/* ---- Semaphore and BoundedSemaphore ----
 *
 * A permit that a process acquired and did not release goes back when the process dies, and who
 * gets it is told. That holds while each process releases what it has acquired itself. From the
 * first release by a process that holds no permit, the semaphore counts signals: then no permit is
 * anybody's, and none comes back. So do semaphores of which more than 62 processes hold permits at
 * a time. */

typedef struct waldo_mp_semaphore waldo_mp_semaphore;

/** WALDO_EVALUE: beyond 2^31 - 1. */
WALDO_CHECK int waldo_mp_semaphore_new(int64_t value, waldo_mp_semaphore **ret_semaphore,
                                       waldo_error *reterr);
/** One whose value never rises above its first. */
WALDO_CHECK int waldo_mp_bounded_semaphore_new(int64_t value, waldo_mp_semaphore **ret_semaphore,
                                               waldo_error *reterr);
waldo_mp_semaphore *waldo_mp_semaphore_ref(waldo_mp_semaphore *semaphore);
waldo_mp_semaphore *waldo_mp_semaphore_unref(waldo_mp_semaphore *semaphore);
/* For WALDO_AUTO(waldo_mp_semaphore). */
static inline void waldo_mp_semaphore_cleanup(waldo_mp_semaphore **semaphore)
{
    waldo_mp_semaphore_unref(*semaphore);
}
/** As waldo_mp_lock_acquire. */
WALDO_CHECK int waldo_mp_semaphore_acquire(waldo_mp_semaphore *semaphore, double timeout,
                                           waldo_error *reterr);
/** WALDO_EVALUE: "semaphore or lock released too many times"; the value would rise above 2^31 - 1,
 *  or above the first one of a bounded semaphore. */
WALDO_CHECK int waldo_mp_semaphore_release(waldo_mp_semaphore *semaphore, waldo_error *reterr);
int waldo_mp_semaphore_get_value(const waldo_mp_semaphore *semaphore);
/** Is the value 0? */
bool waldo_mp_semaphore_locked(const waldo_mp_semaphore *semaphore);

/* ---- Event. All its functions but wait may be called by signal handlers ---- */

typedef struct waldo_mp_event waldo_mp_event;

WALDO_CHECK int waldo_mp_event_new(waldo_mp_event **ret_event, waldo_error *reterr);
waldo_mp_event *waldo_mp_event_ref(waldo_mp_event *event);
waldo_mp_event *waldo_mp_event_unref(waldo_mp_event *event);
/* For WALDO_AUTO(waldo_mp_event). */
static inline void waldo_mp_event_cleanup(waldo_mp_event **event)
{
    waldo_mp_event_unref(*event);
}
/** Wakes all that wait, also if the event is cleared right after. */
void waldo_mp_event_set(waldo_mp_event *event);
void waldo_mp_event_clear(waldo_mp_event *event);
bool waldo_mp_event_is_set(const waldo_mp_event *event);
/** 1: it is set, or was while this waited; 0: the timeout passed. */
WALDO_CHECK int waldo_mp_event_wait(waldo_mp_event *event, double timeout, waldo_error *reterr);

/* ---- Condition ---- */

typedef struct waldo_mp_condition waldo_mp_condition;

/** With an RLock of its own. */
WALDO_CHECK int waldo_mp_condition_new(waldo_mp_condition **ret_condition, waldo_error *reterr);
/** On the caller's lock, of which it keeps a reference (row F9). */
WALDO_CHECK int waldo_mp_condition_new_on_lock(waldo_mp_lock *lock,
                                               waldo_mp_condition **ret_condition,
                                               waldo_error *reterr);
WALDO_CHECK int waldo_mp_condition_new_on_rlock(waldo_mp_rlock *rlock,
                                                waldo_mp_condition **ret_condition,
                                                waldo_error *reterr);
waldo_mp_condition *waldo_mp_condition_ref(waldo_mp_condition *condition);
waldo_mp_condition *waldo_mp_condition_unref(waldo_mp_condition *condition);
/* For WALDO_AUTO(waldo_mp_condition). */
static inline void waldo_mp_condition_cleanup(waldo_mp_condition **condition)
{
    waldo_mp_condition_unref(*condition);
}
/** Those of its lock. */
WALDO_CHECK int waldo_mp_condition_acquire(waldo_mp_condition *condition, double timeout,
                                           waldo_error *reterr);
WALDO_CHECK int waldo_mp_condition_release(waldo_mp_condition *condition, waldo_error *reterr);
/** Releases the lock, however often it was acquired, waits, and has it again when it returns. 1:
 *  notified; 0: the timeout passed; WALDO_OWNER_DIED: as 1, but who had the lock in between died.
 *  WALDO_EASSERTION: "must acquire() condition before using wait()"; WALDO_ELIMIT: 250 wait. */
WALDO_CHECK int waldo_mp_condition_wait(waldo_mp_condition *condition, double timeout,
                                        waldo_error *reterr);
/** Waits until predicate(data) is true; it is called with the lock held. 1: it is; 0: the timeout
 *  passed and it is not (row F14). */
WALDO_CHECK int waldo_mp_condition_wait_for(waldo_mp_condition *condition,
                                            bool (*predicate)(void *data), void *data,
                                            double timeout, waldo_error *reterr);
/** Wakes at most so many that wait; a waiter that died does not count, and neither does one that
 *  dies before it has the lock again. WALDO_EASSERTION: "lock is not owned". */
WALDO_CHECK int waldo_mp_condition_notify(waldo_mp_condition *condition, unsigned count,
                                          waldo_error *reterr);
WALDO_CHECK int waldo_mp_condition_notify_all(waldo_mp_condition *condition, waldo_error *reterr);

/* ---- Barrier ---- */

typedef struct waldo_mp_barrier waldo_mp_barrier;

/** For so many parties. The action, which may be NULL, is run by one of them, in its process,
 * before any goes on; a negative status of its own breaks the barrier. It is known to the process
 * that made the barrier and to those that it forks. timeout: of a wait that says less than 0.
 * WALDO_EVALUE: no parties, or more than 65536. */
WALDO_CHECK int waldo_mp_barrier_new(int parties, int (*action)(void *data), void *data,
                                     double timeout, waldo_mp_barrier **ret_barrier,
                                     waldo_error *reterr);
waldo_mp_barrier *waldo_mp_barrier_ref(waldo_mp_barrier *barrier);
waldo_mp_barrier *waldo_mp_barrier_unref(waldo_mp_barrier *barrier);
/* For WALDO_AUTO(waldo_mp_barrier). */
static inline void waldo_mp_barrier_cleanup(waldo_mp_barrier **barrier)
{
    waldo_mp_barrier_unref(*barrier);
}
/** 0 to parties - 1, another number for each. WALDO_EBROKENBARRIER: it is broken, or broke:
 * aborted, reset, a timeout of anybody's passed, a party died waiting, or its action failed. */
WALDO_CHECK int waldo_mp_barrier_wait(waldo_mp_barrier *barrier, double timeout,
                                      waldo_error *reterr);
/** Those that wait get WALDO_EBROKENBARRIER, and the barrier is as new. */
void waldo_mp_barrier_reset(waldo_mp_barrier *barrier);
/** Breaks it until it is reset. */
void waldo_mp_barrier_abort(waldo_mp_barrier *barrier);
int waldo_mp_barrier_parties(const waldo_mp_barrier *barrier);
int waldo_mp_barrier_n_waiting(waldo_mp_barrier *barrier);
bool waldo_mp_barrier_broken(waldo_mp_barrier *barrier);

/* ---- In values, on the way to other processes: waldo/mp/handle.h ---- */

waldo_value *waldo_mp_lock_value(waldo_mp_lock *lock);
WALDO_CHECK int waldo_mp_lock_from_value(const waldo_value *value, waldo_mp_lock **ret_lock,
                                         waldo_error *reterr);
waldo_value *waldo_mp_rlock_value(waldo_mp_rlock *rlock);
WALDO_CHECK int waldo_mp_rlock_from_value(const waldo_value *value, waldo_mp_rlock **ret_rlock,
                                          waldo_error *reterr);
waldo_value *waldo_mp_semaphore_value(waldo_mp_semaphore *semaphore);
WALDO_CHECK int waldo_mp_semaphore_from_value(const waldo_value *value,
                                              waldo_mp_semaphore **ret_semaphore,
                                              waldo_error *reterr);
waldo_value *waldo_mp_event_value(waldo_mp_event *event);
WALDO_CHECK int waldo_mp_event_from_value(const waldo_value *value, waldo_mp_event **ret_event,
                                          waldo_error *reterr);
waldo_value *waldo_mp_condition_value(waldo_mp_condition *condition);
WALDO_CHECK int waldo_mp_condition_from_value(const waldo_value *value,
                                              waldo_mp_condition **ret_condition,
                                              waldo_error *reterr);
waldo_value *waldo_mp_barrier_value(waldo_mp_barrier *barrier);
WALDO_CHECK int waldo_mp_barrier_from_value(const waldo_value *value,
                                            waldo_mp_barrier **ret_barrier, waldo_error *reterr);

WALDO_END_DECLS

#endif
