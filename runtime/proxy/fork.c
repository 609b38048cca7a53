/* The one global of libwaldo: a list of this process's managers, for fork().
 *
 * A forked child must neither write to its parent's connections nor find a manager locked by a
 * thread that it does not have. So fork() waits for all locks, and in the child every connection is
 * closed without a word; the next call opens new ones, with a session of the child's own. */
#include <pthread.h>
#include <string.h>

#include <sodium.h>

#include "proxy/manager_internal.h"
#include "session/heartbeat.h"

static pthread_mutex_t managers_lock = PTHREAD_MUTEX_INITIALIZER;
static waldo_manager *managers;
static pthread_once_t once = PTHREAD_ONCE_INIT;
/* This thread has the lock already, and keeps it over the fork. */
static _Thread_local bool locked_for_fork;

static void before_fork(void)
{
    if (!locked_for_fork)
        pthread_mutex_lock(&managers_lock);
    /* The second lets go of its manager's lock meanwhile, and takes it after those before it. */
    for (waldo_manager *manager = managers; manager; manager = manager->next_manager) {
        pthread_mutex_lock(&manager->lock);
        waldo__heartbeat_before_fork(manager);
    }
}

static void unlock_all(void)
{
    for (waldo_manager *manager = managers; manager; manager = manager->next_manager)
        pthread_mutex_unlock(&manager->lock);
    if (!locked_for_fork)
        pthread_mutex_unlock(&managers_lock);
}

static void in_child(void)
{
    for (waldo_manager *manager = managers; manager; manager = manager->next_manager) {
        waldo__links_abandon(manager);
        manager->opening = false;
        waldo__init_condition(&manager->opened);
        waldo__process_let_go(manager);
        waldo__heartbeat_init(manager);
        waldo__spares_after_fork(&manager->spare_futures);
        /* Not a session that was lost: a first one. */
        manager->incarnation = 0;
        manager->told_lives = ++manager->life;
        waldo__pending_forget_given_up(manager);
        /* The others are those of threads that this process does not have. */
        manager->first_pending = manager->last_pending = NULL;
        manager->pending_count = 0;
        randombytes_buf(manager->session, sizeof manager->session);
    }
    unlock_all();
}

static void install(void)
{
    /* Without memory for it a fork in the middle of a call is not safe; nothing else is lost. */
    (void)pthread_atfork(before_fork, unlock_all, in_child);
}

void waldo__managers_lock(void)
{
    pthread_mutex_lock(&managers_lock);
}

void waldo__managers_unlock(void)
{
    pthread_mutex_unlock(&managers_lock);
}

void waldo__managers_lock_for_fork(void)
{
    pthread_mutex_lock(&managers_lock);
    locked_for_fork = true;
}

void waldo__managers_unlock_after_fork(void)
{
    locked_for_fork = false;
    pthread_mutex_unlock(&managers_lock);
}

void waldo__managers_add(waldo_manager *manager)
{
    pthread_once(&once, install);
    pthread_mutex_lock(&managers_lock);
    manager->next_manager = managers;
    manager->link_manager = &managers;
    if (managers)
        managers->link_manager = &manager->next_manager;
    managers = manager;
    pthread_mutex_unlock(&managers_lock);
}

void waldo__managers_remove(waldo_manager *manager)
{
    pthread_mutex_lock(&managers_lock);
    *manager->link_manager = manager->next_manager;
    if (manager->next_manager)
        manager->next_manager->link_manager = manager->link_manager;
    pthread_mutex_unlock(&managers_lock);
}

/* Do two addresses name the same server? How a client of ipc:// talks to it stands behind a `?`. */
static bool is_same_place(const char *one, const char *other)
{
    static const char ipc[] = "ipc://";
    if (strncmp(one, ipc, sizeof ipc - 1) != 0)
        return strcmp(one, other) == 0;
    size_t length = strcspn(one, "?");
    return length == strcspn(other, "?") && strncmp(one, other, length) == 0;
}

int waldo__managers_find_key(const char *address, waldo__keyring **ret_ring, waldo_error *reterr)
{
    int status = 0;
    pthread_mutex_lock(&managers_lock);
    const waldo_manager *starter = managers;
    while (starter && (starter->server_pid <= 0 || !address || !starter->address ||
                       !starter->keys || !is_same_place(starter->address, address)))
        starter = starter->next_manager;
    if (starter)
        status = waldo__keyring_from_authkey(waldo__key_secret(waldo__keyring_at(starter->keys, 0)),
                                             WALDO__KEY_SIZE, ret_ring, reterr);
    pthread_mutex_unlock(&managers_lock);
    return status;
}
