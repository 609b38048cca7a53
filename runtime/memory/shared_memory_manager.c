#include <pthread.h>
#include <stdlib.h>

#include <waldo/mp/shared_memory.h>

typedef struct waldo__kept {
    waldo_mp_shared_memory *memory;
    struct waldo__kept *next;
} waldo__kept;

struct waldo_mp_shared_memory_manager {
    pthread_mutex_t lock;
    waldo__kept *kept;
    bool shut;
};

int waldo_mp_shared_memory_manager_new(waldo_mp_shared_memory_manager **ret_manager,
                                       waldo_error *reterr)
{
    waldo_mp_shared_memory_manager *manager = calloc(1, sizeof *manager);
    if (!manager)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    pthread_mutex_init(&manager->lock, NULL);
    *ret_manager = manager;
    return 0;
}

void waldo_mp_shared_memory_manager_shutdown(waldo_mp_shared_memory_manager *manager)
{
    pthread_mutex_lock(&manager->lock);
    waldo__kept *kept = manager->kept;
    manager->kept = NULL;
    manager->shut = true;
    pthread_mutex_unlock(&manager->lock);
    while (kept) {
        waldo__kept *next = kept->next;
        /* The user may have done it. */
        (void)!waldo_mp_shared_memory_unlink(kept->memory, NULL);
        waldo_mp_shared_memory_unref(kept->memory);
        free(kept);
        kept = next;
    }
}

waldo_mp_shared_memory_manager *
waldo_mp_shared_memory_manager_unref(waldo_mp_shared_memory_manager *manager)
{
    if (!manager)
        return NULL;
    waldo_mp_shared_memory_manager_shutdown(manager);
    pthread_mutex_destroy(&manager->lock);
    free(manager);
    return NULL;
}

static int keep(waldo_mp_shared_memory_manager *manager, waldo_mp_shared_memory *memory,
                waldo_error *reterr)
{
    waldo__kept *kept = malloc(sizeof *kept);
    int status = 0;
    if (!kept)
        status = waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    pthread_mutex_lock(&manager->lock);
    if (status == 0 && manager->shut)
        status = waldo_error_set(reterr, WALDO_EVALUE, "SharedMemoryManager was shut down");
    if (status == 0) {
        *kept = (waldo__kept){waldo_mp_shared_memory_ref(memory), manager->kept};
        manager->kept = kept;
    }
    pthread_mutex_unlock(&manager->lock);
    if (status < 0) {
        (void)!waldo_mp_shared_memory_unlink(memory, NULL);
        free(kept);
    }
    return status;
}

int waldo_mp_shared_memory_manager_memory(waldo_mp_shared_memory_manager *manager, size_t size,
                                          waldo_mp_shared_memory **ret_memory, waldo_error *reterr)
{
    waldo_mp_shared_memory *memory = NULL;
    int status = waldo_mp_shared_memory_create(NULL, size, true, &memory, reterr);
    if (status >= 0)
        status = keep(manager, memory, reterr);
    if (status < 0)
        waldo_mp_shared_memory_unref(memory);
    else
        *ret_memory = memory;
    return status;
}

int waldo_mp_shared_memory_manager_list(waldo_mp_shared_memory_manager *manager, waldo_value *items,
                                        waldo_mp_shareable_list **ret_list, waldo_error *reterr)
{
    waldo_mp_shareable_list *list = NULL;
    int status = waldo_mp_shareable_list_create(items, NULL, &list, reterr);
    if (status >= 0)
        status = keep(manager, waldo_mp_shareable_list_shm(list), reterr);
    if (status < 0)
        waldo_mp_shareable_list_unref(list);
    else
        *ret_list = list;
    return status;
}
