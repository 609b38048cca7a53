/* Types whose objects can take part in a transaction: that can be held, and put back as they were.
 */
#ifndef WALDO_SERVER_TYPES_PARTICIPANT_H
#define WALDO_SERVER_TYPES_PARTICIPANT_H

#include <stdbool.h>

#include <waldo/service.h>

typedef struct waldo__participant {
    const waldo_service *service;
    const char *const *methods; /* that may be steps; NULL: all that give one result */
    bool in_room;               /* holding it takes the waiting room's lock: after all others */
    /* Nobody else sees or changes it, until it is let go; on one thread, and recursive. */
    void (*hold)(void *self);
    void (*let_go)(void *self);
    /* What to go back to. < 0: it was raised. */
    int (*save)(void *self, waldo_call *call, void **ret_saved);
    /* Goes back, after the steps' on_lost have run. TAKES saved. */
    void (*restore)(void *self, void *saved);
    void (*forget)(void *saved);
} waldo__participant;

/* NULL: objects of the service take no part. */
const waldo__participant *waldo__participant_find(const waldo_service *service);
bool waldo__participant_offers(const waldo__participant *participant,
                               const waldo_service_method *method);

#endif
