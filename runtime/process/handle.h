/* Handles: what can be carried to another process of this host and is the same thing there: a
 * connection, a lock, a shared buffer, a descriptor. A value of kind WALDO_KIND_HANDLE holds one.
 *
 * A new class: define a waldo__handle_class, put it into the list in handle.c, and give users
 *     waldo_value *waldo_mp_NAME_value(waldo_mp_NAME *object);
 *     int waldo_mp_NAME_from_value(const waldo_value *, waldo_mp_NAME **ret_object, waldo_error *);
 * made of waldo__v_handle and waldo__handle_from_value. */
#ifndef WALDO_RUNTIME_PROCESS_HANDLE_H
#define WALDO_RUNTIME_PROCESS_HANDLE_H

#include <waldo/mp/handle.h>

#define WALDO__REDUCED_SIZE 2048
#define WALDO__REDUCED_DESCRIPTORS 16

/* What an object is made of while it is on its way. */
typedef struct waldo__reduced {
    uint8_t data[WALDO__REDUCED_SIZE];
    size_t size;
    int descriptors[WALDO__REDUCED_DESCRIPTORS];
    size_t descriptor_count;
} waldo__reduced;

typedef struct waldo__handle_class {
    const char *name; /* unique; what waldo_value_type_name says */
    /* Fills *ret, which is zeroed. The descriptors stay the object's own and must stay open as long
     * as it lives: they are duplicated in being sent. */
    int (*reduce)(void *object, waldo__reduced *ret, waldo_error *reterr);
    /* Makes the object, or finds it: one that is there already may be returned with one more
     * reference. What is in `from` may come from a hostile process. TAKES the descriptors, which
     * have FD_CLOEXEC. */
    int (*rebuild)(const waldo__reduced *from, void **ret_object, waldo_error *reterr);
    /* By any thread. */
    void *(*ref)(void *object);
    void *(*unref)(void *object);
} waldo__handle_class;

/* The class of that name; NULL: there is none. */
const waldo__handle_class *waldo__handle_class_named(const char *name);

/* A value with a reference of its own to the object. NULL: out of memory, or object is NULL. */
waldo_value *waldo__v_handle(const waldo__handle_class *class, void *object);
/* A new reference to the object. WALDO_ETYPE: "expected a Lock, got 'int'". */
int waldo__handle_from_value(const waldo_value *value, const waldo__handle_class *class,
                             void **ret_object, waldo_error *reterr);
/* The object of a handle value as long as it lives; NULL for another kind. */
void *waldo__value_handle(const waldo_value *value, const waldo__handle_class **ret_class);

/* Closes them, but for those that are -1. */
void waldo__close_descriptors(const int *descriptors, size_t count);

#endif
