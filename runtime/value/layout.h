/* How values lie in memory. Only runtime/value includes this. */
#ifndef WALDO_RUNTIME_VALUE_LAYOUT_H
#define WALDO_RUNTIME_VALUE_LAYOUT_H

#include <stdatomic.h>

#include <waldo/value.h>

#include "process/handle.h"
#include "value/reference.h"
#include "value/table.h"
#include "wire/buffer.h"

/* How deep equality, order, hash and repr look into containers. */
#define WALDO__MAX_DEPTH 200
/* How deep values on the wire may be nested. */
#define WALDO__MAX_WIRE_DEPTH 64
/* No size of one value, in bytes, is beyond this when it is computed, not received. */
#define WALDO__MAX_REPEAT ((size_t)1 << 30)

/* From this count on a value lives for ever: the static ones, and one whose count was about to
 * overflow. */
#define WALDO__IMMORTAL 0x80000000u

struct waldo_value {
    _Atomic uint32_t references;
    uint8_t kind; /* waldo_kind */
    bool big;     /* an int as waldo__big, not waldo__number */
    bool borrows; /* bytes as waldo__borrowed, not waldo__text alone */
};

typedef struct waldo__number {
    waldo_value head;
    int64_t number; /* a bool's is 0 or 1 */
} waldo__number;

typedef struct waldo__real {
    waldo_value head;
    double number;
} waldo__real;

/* A str or bytes. A NUL follows the last byte of a str. */
typedef struct waldo__text {
    waldo_value head;
    size_t size;
    char *data; /* behind this, or in what it borrows from */
} waldo__text;

/* Bytes that are where they came, most of a message. */
typedef struct waldo__borrowed {
    waldo__text text;
    waldo__shared_bytes *owner;
} waldo__borrowed;

/* What list, tuple, dict and set start with. */
typedef struct waldo__container {
    waldo_value head;
    waldo_value *next_dead; /* links containers that are being freed, so that nothing recurses */
} waldo__container;

typedef struct waldo__list {
    waldo__container base;
    waldo_value **items;
    size_t count;
    size_t capacity;
} waldo__list;

typedef struct waldo__tuple {
    waldo__container base;
    size_t count;
    waldo_value *items[];
} waldo__tuple;

/* A dict or a set. */
typedef struct waldo__mapping {
    waldo__container base;
    waldo__table table;
} waldo__mapping;

typedef struct waldo__array {
    waldo_value head;
    char typecode;
    uint8_t item_size;
    size_t count;
    _Alignas(8) uint8_t items[];
} waldo__array;

typedef struct waldo__proxy {
    waldo_value head;
    waldo__reference reference;
    char text[]; /* typeid NUL address NUL */
} waldo__proxy;

typedef struct waldo__failure {
    waldo_value head;
    int code;
    const char *type_name;
    const char *message;
    const char *trace;
    char text[];
} waldo__failure;

typedef struct waldo__extension {
    waldo_value head;
    const char *name;
    size_t size;
    uint8_t data[]; /* a NUL and the name follow */
} waldo__extension;

typedef struct waldo__handle {
    waldo_value head;
    const waldo__handle_class *class;
    void *object;
} waldo__handle;

/* The containers that a walk is in, innermost first: bounds its depth, and finds cycles. */
typedef struct waldo__path {
    const waldo_value *container;
    const struct waldo__path *outer;
    int depth;
} waldo__path;

bool waldo__path_holds(const waldo__path *path, const waldo_value *container);

/* Zeroed room of size bytes that starts with a waldo_value of that kind and one reference. */
void *waldo__new_value(waldo_kind kind, size_t size);
bool waldo__is_container(const waldo_value *value);
/* The items of a list or tuple; NULL for another kind. */
waldo_value *const *waldo__items(const waldo_value *value, size_t *ret_count);
/* A str or bytes of `size` bytes to be filled in; no check. */
waldo__text *waldo__new_text(waldo_kind kind, size_t size);
/* Bytes within the owner's, which they keep if they are most of it; else a copy. NULL: out of
 * memory. */
waldo_value *waldo__v_borrowed_bytes(const void *data, size_t size, waldo__shared_bytes *owner);
waldo__tuple *waldo__new_tuple(size_t count);
/* A list of count NULL items to be filled in. */
waldo__list *waldo__new_list(size_t count);
waldo__mapping *waldo__new_mapping(waldo_kind kind);

/* Hands the value to *ret_value; NULL is WALDO_ENOMEM. */
int waldo__give(waldo_value *value, waldo_value **ret_value, waldo_error *reterr);
int waldo__no_memory(waldo_error *reterr);
int waldo__wrong_type(const waldo_value *value, const char *wanted, waldo_error *reterr);
/* Is *index, counted from the end if negative, within count? Then it is made positive. */
bool waldo__resolve_index(int64_t *index, size_t count);
/* WALDO_EKEY with the repr of the key. */
int waldo__no_key(const waldo_value *key, waldo_error *reterr);

/* The walks behind the public functions. */
int waldo__equal(const waldo_value *left, const waldo_value *right, int depth, waldo_error *reterr);
int waldo__too_deep(const char *what, waldo_error *reterr);

int waldo__compare_numbers(const waldo_value *left, const waldo_value *right);
bool waldo__is_number(const waldo_value *value);

/* Arrays: the size of a typecode's items, 0 for none; an item as a value, aligned memory as well.
 */
size_t waldo__typecode_size(char typecode);
waldo_value *waldo__typecode_item(char typecode, const void *item);
/* The low bits of a number, as an integer of 1, 2, 4 or 8 bytes. */
void waldo__store_integer(void *target, size_t size, uint64_t bits);
waldo_value *waldo__array_item(const waldo__array *array, size_t index);

#endif
