/* Who keeps the objects that values name: a server, for those of its own life. A list of the
 * process's servers, and the only global of the value model. */
#ifndef WALDO_RUNTIME_VALUE_KEEPER_H
#define WALDO_RUNTIME_VALUE_KEEPER_H

#include <stdint.h>

/* A server's part. The functions may be called by any thread, with no lock held. */
typedef struct waldo__keeper {
    struct waldo__keeper *next;
    uint64_t incarnation;
    void *server;
    /* A reference that release gives back, in place of the ticket if there is one; NULL: no such
     * object, or no memory. */
    void *(*hold)(void *server, uint64_t object, uint64_t ticket);
    void (*release)(void *held);
    /* What lets the receiver of a value find the object alive; 0: nothing. */
    uint64_t (*ticket)(void *server, uint64_t object);
} waldo__keeper;

/* The keeper must stay until it was removed. */
void waldo__keeper_add(waldo__keeper *keeper);
void waldo__keeper_remove(waldo__keeper *keeper);
/* Holds the object if its server is in this process, and uses up the ticket; then *ret_release
 * gives it back. */
void *waldo__keeper_hold(uint64_t incarnation, uint64_t object, uint64_t ticket,
                         void (**ret_release)(void *held));
/* A ticket for an object that is held with this release; 0: it is not a server's. */
uint64_t waldo__keeper_ticket(uint64_t incarnation, uint64_t object, void (*release)(void *held));

#endif
