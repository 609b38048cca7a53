/* A ShareableList in memory: a head, a slot for each item, and room for what is in the slots. A
 * peer may write anything there: a slot is copied, then checked, then used. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <waldo/mp/shared_memory.h>

#include "memory/classes.h"

#define MAGIC 0x314c4853u /* "SHL1" */

enum { IS_NONE, IS_BOOL, IS_INT, IS_FLOAT, IS_STR, IS_BYTES };

typedef struct waldo__list_head {
    uint32_t magic;
    uint32_t unused;
    uint64_t count;
} waldo__list_head;

typedef struct waldo__slot {
    uint64_t offset;   /* from the beginning */
    uint64_t capacity; /* a multiple of 8 */
    uint64_t length;
    uint64_t type;
} waldo__slot;

struct waldo_mp_shareable_list {
    _Atomic uint32_t references;
    waldo_mp_shared_memory *memory;
    size_t count;
};

/* An item as it lies in its slot. */
typedef struct waldo__slot_item {
    uint64_t type;
    const void *data;
    size_t length;
    uint64_t number; /* where data points to for numbers */
} waldo__slot_item;

static int look_at(const waldo_value *value, waldo__slot_item *item, waldo_error *reterr)
{
    double real;
    bool truth;
    const uint8_t *bytes;
    const char *text;
    int status = 0;
    *item = (waldo__slot_item){.data = &item->number, .length = sizeof item->number};
    switch (waldo_value_kind(value)) {
    case WALDO_KIND_NONE:
        item->type = IS_NONE;
        return 0;
    case WALDO_KIND_BOOL:
        item->type = IS_BOOL;
        status = waldo_value_get_bool(value, &truth, reterr);
        item->number = status >= 0 && truth;
        return status;
    case WALDO_KIND_INT:
        item->type = IS_INT;
        return waldo_value_get_int64(value, (int64_t *)&item->number, reterr);
    case WALDO_KIND_FLOAT:
        item->type = IS_FLOAT;
        status = waldo_value_get_double(value, &real, reterr);
        if (status >= 0)
            memcpy(&item->number, &real, sizeof real);
        return status;
    case WALDO_KIND_STR:
        item->type = IS_STR;
        status = waldo_value_get_str(value, &text, &item->length, reterr);
        item->data = text;
        return status;
    case WALDO_KIND_BYTES:
        item->type = IS_BYTES;
        status = waldo_value_get_bytes(value, &bytes, &item->length, reterr);
        item->data = bytes;
        return status;
    default:
        return waldo_error_set(reterr, WALDO_ETYPE, "a '%s' cannot be in a ShareableList",
                               waldo_value_type_name(value));
    }
}

/* With the terminator that Python's has. */
static uint64_t capacity_for(const waldo__slot_item *item)
{
    if (item->type != IS_STR && item->type != IS_BYTES)
        return sizeof item->number;
    return (item->length + 1 + 7) / 8 * 8;
}

static waldo__slot *slots_of(void *memory)
{
    return (waldo__slot *)((uint8_t *)memory + sizeof(waldo__list_head));
}

/* ---- One that is there ---- */

static int open_list(waldo_mp_shared_memory *memory, waldo_mp_shareable_list **ret_list,
                     waldo_error *reterr)
{
    size_t size = waldo_mp_shared_memory_size(memory);
    waldo__list_head head = {0};
    if (size >= sizeof head)
        memcpy(&head, waldo_mp_shared_memory_buf(memory), sizeof head);
    if (head.magic != MAGIC || head.count > (size - sizeof head) / sizeof(waldo__slot))
        return waldo_error_set(reterr, WALDO_EPROTOCOL, "'%s' is no ShareableList",
                               waldo_mp_shared_memory_name(memory));
    waldo_mp_shareable_list *list = calloc(1, sizeof *list);
    if (!list)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    atomic_init(&list->references, 1);
    list->memory = waldo_mp_shared_memory_ref(memory);
    list->count = head.count;
    *ret_list = list;
    return 0;
}

int waldo_mp_shareable_list_attach(const char *name, waldo_mp_shareable_list **ret_list,
                                   waldo_error *reterr)
{
    waldo_mp_shared_memory *memory = NULL;
    int status = waldo_mp_shared_memory_attach(name, &memory, reterr);
    if (status >= 0)
        status = open_list(memory, ret_list, reterr);
    waldo_mp_shared_memory_unref(memory);
    return status;
}

waldo_mp_shareable_list *waldo_mp_shareable_list_ref(waldo_mp_shareable_list *list)
{
    atomic_fetch_add_explicit(&list->references, 1, memory_order_relaxed);
    return list;
}

waldo_mp_shareable_list *waldo_mp_shareable_list_unref(waldo_mp_shareable_list *list)
{
    if (list && atomic_fetch_sub_explicit(&list->references, 1, memory_order_acq_rel) == 1) {
        waldo_mp_shared_memory_unref(list->memory);
        free(list);
    }
    return NULL;
}

waldo_mp_shared_memory *waldo_mp_shareable_list_shm(const waldo_mp_shareable_list *list)
{
    return list->memory;
}

size_t waldo_mp_shareable_list_length(const waldo_mp_shareable_list *list)
{
    return list->count;
}

/* A copy of the slot, whose numbers are good; and where it and its room are. */
static int find_slot(const waldo_mp_shareable_list *list, int64_t index, waldo__slot *ret_slot,
                     waldo__slot **ret_place, uint8_t **ret_room, waldo_error *reterr)
{
    uint8_t *memory = waldo_mp_shared_memory_buf(list->memory);
    size_t size = waldo_mp_shared_memory_size(list->memory);
    if (!memory)
        return waldo_error_set(reterr, WALDO_EVALUE, "the ShareableList is closed");
    if (index < 0)
        index += (int64_t)list->count;
    if (index < 0 || (uint64_t)index >= list->count)
        return waldo_error_set(reterr, WALDO_EINDEX, "index out of range");
    waldo__slot *place = slots_of(memory) + index;
    memcpy(ret_slot, place, sizeof *ret_slot);
    if (ret_slot->offset > size || ret_slot->capacity > size - ret_slot->offset ||
        ret_slot->capacity < sizeof(uint64_t) || ret_slot->length > ret_slot->capacity)
        return waldo_error_set(reterr, WALDO_EPROTOCOL, "the ShareableList is spoiled");
    *ret_place = place;
    *ret_room = memory + ret_slot->offset;
    return 0;
}

static waldo_value *number_of(uint64_t type, const uint8_t *room)
{
    int64_t number;
    double real;
    memcpy(&number, room, sizeof number);
    memcpy(&real, room, sizeof real);
    switch (type) {
    case IS_BOOL:
        return waldo_v_bool(number != 0);
    case IS_INT:
        return waldo_v_int64(number);
    case IS_FLOAT:
        return waldo_v_float(real);
    default:
        return waldo_v_none();
    }
}

int waldo_mp_shareable_list_get(const waldo_mp_shareable_list *list, int64_t index,
                                waldo_value **ret_item, waldo_error *reterr)
{
    waldo__slot slot = {0};
    waldo__slot *place = NULL;
    uint8_t *room = NULL;
    int status = find_slot(list, index, &slot, &place, &room, reterr);
    if (status < 0)
        return status;
    if (slot.type == IS_STR)
        return waldo_value_parse_str((const char *)room, slot.length, ret_item, reterr);
    waldo_value *item =
        slot.type == IS_BYTES ? waldo_v_bytes(room, slot.length) : number_of(slot.type, room);
    if (!item)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    *ret_item = item;
    return 0;
}

static int store(waldo_mp_shareable_list *list, int64_t index, const waldo_value *value,
                 waldo_error *reterr)
{
    waldo__slot slot = {0};
    waldo__slot *place = NULL;
    uint8_t *room = NULL;
    waldo__slot_item item;
    int status = find_slot(list, index, &slot, &place, &room, reterr);
    if (status >= 0)
        status = look_at(value, &item, reterr);
    if (status < 0)
        return status;
    if (capacity_for(&item) > slot.capacity)
        return waldo_error_set(reterr, WALDO_EVALUE, "bytes/str item exceeds available storage");
    slot.type = item.type;
    slot.length = item.length;
    memcpy(room, item.data, item.length);
    memcpy(place, &slot, sizeof slot);
    return 0;
}

int waldo_mp_shareable_list_set(waldo_mp_shareable_list *list, int64_t index, waldo_value *item,
                                waldo_error *reterr)
{
    if (!item)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    int status = store(list, index, item, reterr);
    waldo_value_unref(item);
    return status;
}

/* ---- A new one ---- */

/* How many bytes the items need; item is called only to be measured. */
static int measure(const waldo_value *items, size_t count, size_t *ret_size, waldo_error *reterr)
{
    size_t size = sizeof(waldo__list_head) + count * sizeof(waldo__slot);
    for (size_t i = 0; i < count; ++i) {
        waldo_value *value = NULL;
        waldo__slot_item item;
        int status = waldo_value_item(items, (int64_t)i, &value, reterr);
        if (status >= 0)
            status = look_at(value, &item, reterr);
        waldo_value_unref(value);
        if (status < 0)
            return status;
        size += capacity_for(&item);
    }
    *ret_size = size;
    return 0;
}

/* The slots, in memory of the size that was measured. */
static int lay_out(const waldo_value *items, size_t count, void *memory, waldo_error *reterr)
{
    size_t offset = sizeof(waldo__list_head) + count * sizeof(waldo__slot);
    *(waldo__list_head *)memory = (waldo__list_head){.magic = MAGIC, .count = count};
    for (size_t i = 0; i < count; ++i) {
        waldo_value *value = NULL;
        waldo__slot_item item;
        int status = waldo_value_item(items, (int64_t)i, &value, reterr);
        if (status >= 0)
            status = look_at(value, &item, reterr);
        if (status >= 0) {
            slots_of(memory)[i] = (waldo__slot){.offset = offset,
                                                .capacity = capacity_for(&item),
                                                .length = item.length,
                                                .type = item.type};
            memcpy((uint8_t *)memory + offset, item.data, item.length);
            offset += capacity_for(&item);
        }
        waldo_value_unref(value);
        if (status < 0)
            return status;
    }
    return 0;
}

static int create(const waldo_value *items, const char *name, waldo_mp_shareable_list **ret_list,
                  waldo_error *reterr)
{
    waldo_mp_shared_memory *memory = NULL;
    size_t count = 0;
    size_t size = 0;
    waldo_kind kind = waldo_value_kind(items);
    if (kind != WALDO_KIND_LIST && kind != WALDO_KIND_TUPLE)
        return waldo_error_set(reterr, WALDO_ETYPE,
                               "a ShareableList is made of a list, not of '%s'",
                               waldo_value_type_name(items));
    int status = waldo_value_length(items, &count, reterr);
    if (status >= 0)
        status = measure(items, count, &size, reterr);
    if (status >= 0)
        status = waldo_mp_shared_memory_create(name, size, true, &memory, reterr);
    if (status < 0)
        return status;
    status = lay_out(items, count, waldo_mp_shared_memory_buf(memory), reterr);
    if (status >= 0)
        status = open_list(memory, ret_list, reterr);
    if (status < 0)
        (void)!waldo_mp_shared_memory_unlink(memory, NULL);
    waldo_mp_shared_memory_unref(memory);
    return status;
}

int waldo_mp_shareable_list_create(waldo_value *items, const char *name,
                                   waldo_mp_shareable_list **ret_list, waldo_error *reterr)
{
    if (!items)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    int status = create(items, name, ret_list, reterr);
    waldo_value_unref(items);
    return status;
}

int waldo_mp_shareable_list_copy(const waldo_mp_shareable_list *list, const char *name,
                                 waldo_mp_shareable_list **ret_list, waldo_error *reterr)
{
    waldo_mp_shared_memory *memory = NULL;
    const void *from = waldo_mp_shared_memory_buf(list->memory);
    size_t size = waldo_mp_shared_memory_size(list->memory);
    if (!from)
        return waldo_error_set(reterr, WALDO_EVALUE, "the ShareableList is closed");
    int status = waldo_mp_shared_memory_create(name, size, true, &memory, reterr);
    if (status < 0)
        return status;
    memcpy(waldo_mp_shared_memory_buf(memory), from, size);
    status = open_list(memory, ret_list, reterr);
    if (status < 0)
        (void)!waldo_mp_shared_memory_unlink(memory, NULL);
    waldo_mp_shared_memory_unref(memory);
    return status;
}

/* ---- Looking through it ---- */

/* 1: the item there is equal, 0: it is not. */
static int is_equal(const waldo_mp_shareable_list *list, size_t index, const waldo_value *item,
                    waldo_error *reterr)
{
    waldo_value *there = NULL;
    int status = waldo_mp_shareable_list_get(list, (int64_t)index, &there, reterr);
    if (status < 0)
        return status;
    status = waldo_value_equal(there, item, reterr);
    waldo_value_unref(there);
    return status;
}

int waldo_mp_shareable_list_count(const waldo_mp_shareable_list *list, const waldo_value *item,
                                  size_t *ret_count, waldo_error *reterr)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; ++i) {
        int status = is_equal(list, i, item, reterr);
        if (status < 0)
            return status;
        count += (size_t)status;
    }
    *ret_count = count;
    return 0;
}

int waldo_mp_shareable_list_index(const waldo_mp_shareable_list *list, const waldo_value *item,
                                  size_t *ret_index, waldo_error *reterr)
{
    for (size_t i = 0; i < list->count; ++i) {
        int status = is_equal(list, i, item, reterr);
        if (status < 0)
            return status;
        if (status > 0) {
            *ret_index = i;
            return 0;
        }
    }
    char *text = waldo_value_repr(item);
    waldo_error_set(reterr, WALDO_EVALUE, "%s not in this container", text ? text : "the item");
    free(text);
    return WALDO_EVALUE;
}

static void print_format(FILE *stream, const waldo__slot *slot)
{
    static const char *const formats[] = {
        [IS_NONE] = "xxxxxx?x", [IS_BOOL] = "xxxxxxx?", [IS_INT] = "q", [IS_FLOAT] = "d"};
    if (slot->type <= IS_FLOAT)
        fputs(formats[slot->type], stream);
    else
        fprintf(stream, "%llus", (unsigned long long)slot->capacity);
}

int waldo_mp_shareable_list_format(const waldo_mp_shareable_list *list, char **ret_format,
                                   waldo_error *reterr)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    int status = 0;
    for (size_t i = 0; status >= 0 && i < list->count; ++i) {
        waldo__slot slot = {0};
        waldo__slot *place = NULL;
        uint8_t *room = NULL;
        status = find_slot(list, (int64_t)i, &slot, &place, &room, reterr);
        if (status >= 0)
            print_format(stream, &slot);
    }
    if (fclose(stream) != 0 && status >= 0)
        status = waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    if (status < 0)
        free(text);
    else
        *ret_format = text;
    return status;
}

/* ---- As a handle: its memory's ---- */

static void *ref(void *object)
{
    return waldo_mp_shareable_list_ref(object);
}

static void *unref(void *object)
{
    return waldo_mp_shareable_list_unref(object);
}

static int reduce(void *object, waldo__reduced *ret, waldo_error *reterr)
{
    const waldo_mp_shareable_list *list = object;
    return waldo__shared_memory_class.reduce(list->memory, ret, reterr);
}

static int rebuild(const waldo__reduced *from, void **ret_object, waldo_error *reterr)
{
    void *memory = NULL;
    waldo_mp_shareable_list *list = NULL;
    int status = waldo__shared_memory_class.rebuild(from, &memory, reterr);
    if (status < 0)
        return status;
    status = open_list(memory, &list, reterr);
    waldo_mp_shared_memory_unref(memory);
    if (status >= 0)
        *ret_object = list;
    return status;
}

const waldo__handle_class waldo__shareable_list_class = {
    .name = "ShareableList", .reduce = reduce, .rebuild = rebuild, .ref = ref, .unref = unref};

waldo_value *waldo_mp_shareable_list_value(waldo_mp_shareable_list *list)
{
    return waldo__v_handle(&waldo__shareable_list_class, list);
}

int waldo_mp_shareable_list_from_value(const waldo_value *value, waldo_mp_shareable_list **ret_list,
                                       waldo_error *reterr)
{
    void *object = NULL;
    int status = waldo__handle_from_value(value, &waldo__shareable_list_class, &object, reterr);
    if (status >= 0)
        *ret_list = object;
    return status;
}
