/* The pool as its two files see it. Everything is guarded by `lock`. */
#ifndef WALDO_SERVER_POOL_INTERNAL_H
#define WALDO_SERVER_POOL_INTERNAL_H

#include <pthread.h>
#include <stdint.h>

#include "pool.h"

struct waldo__pool {
    pthread_mutex_t lock;
    pthread_cond_t work; /* a job became ready, the lead is vacant, or the pool is closing */
    pthread_cond_t gone; /* a thread ended */
    waldo__jobs ready;   /* that may run now, on any thread but the leading one */
    waldo__jobs own;     /* of the leading thread */
    unsigned threads;
    unsigned idle;
    unsigned ready_count;
    unsigned max_threads; /* the one that leads does not count */
    bool closing;

    void (*lead)(void *data);
    void *lead_data;
    bool vacant; /* the next idle thread leads */
    bool led;    /* `leader` leads */
    pthread_t leader;
    bool over;            /* waldo__pool_end_lead was called */
    bool in_job;          /* the leader runs a job of its own */
    waldo__habit *habit;  /* of that one */
    uint64_t turn;        /* counts those */
    pthread_cond_t watch; /* the leader has something to do again, or the lead is over */
    bool watch_rests;
};

/* With the lock held: */
bool waldo__pool_leads(const waldo__pool *pool); /* this thread */
waldo__job *waldo__jobs_pop(waldo__jobs *jobs);
/* Releases the one that ran before, or NULL, and runs this one, which the caller releases, without
 * the lock; what follows from its end happens with it. */
void waldo__pool_run_job(waldo__pool *pool, waldo__job *job, waldo__job *before);
/* Is there a thread that is idle, or about to be? One is made if there is not. */
bool waldo__pool_ensure_idle(waldo__pool *pool);

#endif
