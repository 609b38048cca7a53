/* Values to waldo.Value messages. */
#include <stdlib.h>
#include <string.h>

#include "memory/classes.h"
#include "memory/lodging.h"
#include "value/integer.h"
#include "value/keeper.h"
#include "value/later.h"
#include "value/message.h"
#include "wire/tail.h"

/* One conversion: where the memory comes from, and where errors go. */
typedef struct conversion {
    ProtobufCAllocator *allocator;
    waldo_error *reterr;
    waldo__handles handles;
    waldo__descriptors *descriptors; /* those of handles that are sent */
    bool leaving; /* the message leaves the process: what it names shall be found alive */
    waldo__later_scope *scope; /* NULL: it is no argument of a batch */
} conversion;

void *waldo__allocate(ProtobufCAllocator *allocator, size_t size)
{
    return allocator ? allocator->alloc(allocator->allocator_data, size) : malloc(size);
}

ProtobufCMessage *waldo__new_message(const ProtobufCMessageDescriptor *descriptor,
                                     ProtobufCAllocator *allocator)
{
    ProtobufCMessage *message = waldo__allocate(allocator, descriptor->sizeof_message);
    if (message)
        protobuf_c_message_init(descriptor, message);
    return message;
}

bool waldo__copy_string(ProtobufCAllocator *allocator, const char *text, char **ret_copy)
{
    size_t size = strlen(text) + 1;
    char *copy = waldo__allocate(allocator, size);
    if (!copy)
        return false;
    *ret_copy = memcpy(copy, text, size);
    return true;
}

bool waldo__copy_data(ProtobufCAllocator *allocator, const void *data, size_t size,
                      ProtobufCBinaryData *ret_copy)
{
    uint8_t *copy = waldo__allocate(allocator, size ? size : 1);
    if (!copy)
        return false;
    if (size > 0)
        memcpy(copy, data, size);
    *ret_copy = (ProtobufCBinaryData){size, copy};
    return true;
}

static int fill(conversion *c, const waldo_value *value, Waldo__Value *message,
                const waldo__path *path);

static void *new_message(conversion *c, const ProtobufCMessageDescriptor *descriptor)
{
    return waldo__new_message(descriptor, c->allocator);
}

/* Appends a message of value to a field that has room for it. */
static int append(conversion *c, const waldo_value *value, Waldo__Value **items, size_t *count,
                  const waldo__path *path)
{
    Waldo__Value *item = new_message(c, &waldo__value__descriptor);
    if (!item)
        return waldo__no_memory(c->reterr);
    items[(*count)++] = item;
    return fill(c, value, item, path);
}

static bool new_items(conversion *c, size_t count, Waldo__Value ***ret_items)
{
    if (count == 0)
        return true;
    *ret_items = waldo__allocate(c->allocator, count * sizeof(**ret_items));
    return *ret_items != NULL;
}

static int fill_sequence(conversion *c, const waldo_value *value, Waldo__Sequence *sequence,
                         const waldo__path *path)
{
    size_t count;
    waldo_value *const *items = waldo__items(value, &count);
    if (!new_items(c, count, &sequence->items))
        return waldo__no_memory(c->reterr);
    int status = 0;
    for (size_t i = 0; i < count && status >= 0; i++)
        status = append(c, items[i], sequence->items, &sequence->n_items, path);
    return status;
}

static int fill_set(conversion *c, const waldo_value *value, Waldo__Sequence *sequence,
                    const waldo__path *path)
{
    const waldo__table *table = &((const waldo__mapping *)value)->table;
    if (!new_items(c, table->count, &sequence->items))
        return waldo__no_memory(c->reterr);
    int status = 0;
    size_t position = 0;
    for (waldo__entry *entry; status >= 0 && (entry = waldo__table_next(table, &position));)
        status = append(c, entry->key, sequence->items, &sequence->n_items, path);
    return status;
}

static int fill_dict(conversion *c, const waldo_value *value, Waldo__Mapping *mapping,
                     const waldo__path *path)
{
    const waldo__table *table = &((const waldo__mapping *)value)->table;
    if (!new_items(c, table->count, &mapping->keys) ||
        !new_items(c, table->count, &mapping->values))
        return waldo__no_memory(c->reterr);
    int status = 0;
    size_t position = 0;
    for (waldo__entry *entry; status >= 0 && (entry = waldo__table_next(table, &position));) {
        status = append(c, entry->key, mapping->keys, &mapping->n_keys, path);
        if (status >= 0)
            status = append(c, entry->value, mapping->values, &mapping->n_values, path);
    }
    return status;
}

static int fill_container(conversion *c, const waldo_value *value, Waldo__Value *message,
                          const waldo__path *outer)
{
    waldo__path path = {value, outer, outer ? outer->depth + 1 : 1};
    if (waldo__path_holds(outer, value))
        return waldo_error_set(c->reterr, WALDO_EVALUE, "circular reference");
    if (path.depth > WALDO__MAX_WIRE_DEPTH)
        return waldo_error_set(c->reterr, WALDO_ERECURSION, "value is nested more than %d deep",
                               WALDO__MAX_WIRE_DEPTH);
    if (value->kind == WALDO_KIND_DICT) {
        message->dict = new_message(c, &waldo__mapping__descriptor);
        message->kind_case = WALDO__VALUE__KIND_DICT;
        return message->dict ? fill_dict(c, value, message->dict, &path)
                             : waldo__no_memory(c->reterr);
    }
    Waldo__Sequence *sequence = new_message(c, &waldo__sequence__descriptor);
    message->list = sequence;
    message->kind_case = value->kind == WALDO_KIND_LIST    ? WALDO__VALUE__KIND_LIST
                         : value->kind == WALDO_KIND_TUPLE ? WALDO__VALUE__KIND_TUPLE
                                                           : WALDO__VALUE__KIND_SET;
    if (!sequence)
        return waldo__no_memory(c->reterr);
    return value->kind == WALDO_KIND_SET ? fill_set(c, value, sequence, &path)
                                         : fill_sequence(c, value, sequence, &path);
}

/* ---- Leaves: false is out of memory ---- */

static bool fill_int(conversion *c, const waldo_value *value, Waldo__Value *message)
{
    int64_t small;
    if (waldo__int_fits(value, &small)) {
        message->integer = small;
        message->kind_case = WALDO__VALUE__KIND_INTEGER;
        return true;
    }
    size_t size = waldo__int_wire_size(value);
    uint8_t *data = waldo__allocate(c->allocator, size);
    if (!data)
        return false;
    waldo__int_to_wire(value, data);
    message->big_integer = (ProtobufCBinaryData){size, data};
    message->kind_case = WALDO__VALUE__KIND_BIG_INTEGER;
    return true;
}

static bool fill_text(conversion *c, const waldo__text *text, Waldo__Value *message)
{
    if (!waldo__copy_data(c->allocator, text->data, text->size, &message->bytes))
        return false;
    message->kind_case =
        text->head.kind == WALDO_KIND_STR ? WALDO__VALUE__KIND_TEXT : WALDO__VALUE__KIND_BYTES;
    return true;
}

static bool fill_array(conversion *c, const waldo__array *array, Waldo__Value *message)
{
    Waldo__Array *target = new_message(c, &waldo__array__descriptor);
    message->array = target;
    message->kind_case = WALDO__VALUE__KIND_ARRAY;
    if (!target || !waldo__copy_data(c->allocator, array->items, array->count * array->item_size,
                                     &target->items))
        return false;
    waldo__swap_to_little_endian(target->items.data, array->count, array->item_size);
    target->typecode = (uint32_t)array->typecode;
    return true;
}

bool waldo__fill_reference(const waldo__reference *reference, bool leaving,
                           ProtobufCAllocator *allocator, Waldo__Ref *target)
{
    target->incarnation = reference->incarnation;
    target->object = reference->object;
    target->ticket = reference->ticket;
    if (leaving && target->ticket == 0)
        target->ticket =
            waldo__keeper_ticket(reference->incarnation, reference->object, reference->release);
    return waldo__copy_string(allocator, reference->type_id, &target->typeid_) &&
           waldo__copy_string(allocator, reference->address, &target->address);
}

static bool fill_error(conversion *c, const waldo__failure *failure, Waldo__Value *message)
{
    Waldo__Failure *target = new_message(c, &waldo__failure__descriptor);
    message->error = target;
    message->kind_case = WALDO__VALUE__KIND_ERROR;
    if (!target)
        return false;
    target->code = failure->code;
    return waldo__copy_string(c->allocator, failure->type_name, &target->type_name) &&
           waldo__copy_string(c->allocator, failure->message, &target->message) &&
           waldo__copy_string(c->allocator, failure->trace, &target->trace);
}

static bool fill_extension(conversion *c, const waldo__extension *extension, Waldo__Value *message)
{
    Waldo__Extension *target = new_message(c, &waldo__extension__descriptor);
    message->extension = target;
    message->kind_case = WALDO__VALUE__KIND_EXTENSION;
    return target && waldo__copy_string(c->allocator, extension->name, &target->name) &&
           waldo__copy_data(c->allocator, extension->data, extension->size, &target->data);
}

static bool fill_leaf(conversion *c, const waldo_value *value, Waldo__Value *message)
{
    switch (waldo_value_kind(value)) {
    case WALDO_KIND_BOOL:
        message->boolean = waldo_value_is_true(value);
        message->kind_case = WALDO__VALUE__KIND_BOOLEAN;
        return true;
    case WALDO_KIND_INT:
        return fill_int(c, value, message);
    case WALDO_KIND_FLOAT:
        message->real = ((const waldo__real *)value)->number;
        message->kind_case = WALDO__VALUE__KIND_REAL;
        return true;
    case WALDO_KIND_STR:
    case WALDO_KIND_BYTES:
        return fill_text(c, (const waldo__text *)value, message);
    case WALDO_KIND_ARRAY:
        return fill_array(c, (const waldo__array *)value, message);
    case WALDO_KIND_PROXY:
        message->ref = new_message(c, &waldo__ref__descriptor);
        message->kind_case = WALDO__VALUE__KIND_REF;
        return message->ref && waldo__fill_reference(waldo__value_reference(value), c->leaving,
                                                     c->allocator, message->ref);
    case WALDO_KIND_ERROR:
        return fill_error(c, (const waldo__failure *)value, message);
    case WALDO_KIND_EXTENSION:
        return fill_extension(c, (const waldo__extension *)value, message);
    default:
        message->none = true;
        message->kind_case = WALDO__VALUE__KIND_NONE;
        return true;
    }
}

static int add_descriptors(conversion *c, const waldo__reduced *reduced)
{
    waldo__descriptors *all = c->descriptors;
    if (reduced->descriptor_count > WALDO__PARCEL_DESCRIPTORS - all->count)
        return waldo_error_set(c->reterr, WALDO_ELIMIT, "a message carries at most %d descriptors",
                               WALDO__PARCEL_DESCRIPTORS);
    for (size_t i = 0; i < reduced->descriptor_count; i++)
        all->items[all->count++] = reduced->descriptors[i];
    return 0;
}

static int fill_sent(conversion *c, const waldo__handle *handle, Waldo__Handle *target)
{
    waldo__reduced reduced = {0};
    int status = handle->class->reduce(handle->object, &reduced, c->reterr);
    if (status >= 0)
        status = add_descriptors(c, &reduced);
    if (status < 0)
        return status;
    if (!waldo__copy_data(c->allocator, reduced.data, reduced.size, &target->data))
        return waldo__no_memory(c->reterr);
    target->descriptors = (uint32_t)reduced.descriptor_count;
    return 0;
}

static int fill_carried(conversion *c, const waldo__handle *handle, Waldo__Handle *target)
{
    uint8_t id[WALDO__LODGING_ID_SIZE];
    bool done = waldo__lodging_enter(handle->object, id) &&
                waldo__copy_data(c->allocator, id, sizeof id, &target->carried);
    return done ? 0 : waldo__no_memory(c->reterr);
}

static int fill_handle(conversion *c, const waldo__handle *handle, Waldo__Value *message)
{
    int status = waldo__later_fill(&handle->head, c->scope, message, c->reterr);
    if (status != 0)
        return status < 0 ? status : 0;
    bool sent = c->handles == WALDO__HANDLES_SENT;
    if (!sent && !(c->handles == WALDO__HANDLES_CARRIED && handle->class == &waldo__buffer_class))
        return waldo_error_set(c->reterr, WALDO_ETYPE,
                               "a %s can only be sent to a process of this host",
                               handle->class->name);
    Waldo__Handle *target = new_message(c, &waldo__handle__descriptor);
    message->handle = target;
    message->kind_case = WALDO__VALUE__KIND_HANDLE;
    if (!target || !waldo__copy_string(c->allocator, handle->class->name, &target->class_))
        return waldo__no_memory(c->reterr);
    return sent ? fill_sent(c, handle, target) : fill_carried(c, handle, target);
}

static int fill(conversion *c, const waldo_value *value, Waldo__Value *message,
                const waldo__path *path)
{
    if (waldo__is_container(value))
        return fill_container(c, value, message, path);
    if (value->kind == WALDO_KIND_HANDLE)
        return fill_handle(c, (const waldo__handle *)value, message);
    return fill_leaf(c, value, message) ? 0 : waldo__no_memory(c->reterr);
}

int waldo__explain_no_memory(const waldo__limited_allocator *limited, int status,
                             waldo_error *reterr)
{
    if (status != WALDO_ENOMEM || !limited->over_limit)
        return status;
    return waldo_error_set(reterr, WALDO_ETOOBIG,
                           "the value would take more than %zu bytes as a message",
                           WALDO__SCAN_MEMORY);
}

int waldo_value_to_message(const waldo_value *value, ProtobufCAllocator *allocator,
                           Waldo__Value **ret_message, waldo_error *reterr)
{
    return waldo__value_to_message(value, true, WALDO__HANDLES_CARRIED, NULL, allocator,
                                   ret_message, reterr);
}

/* c: all but the allocator. */
static int convert(conversion c, const waldo_value *value, ProtobufCAllocator *allocator,
                   Waldo__Value **ret_message)
{
    /* A list may hold one large item a million times: the message would hold it as often. */
    waldo__limited_allocator limited;
    waldo__limited_allocator_init(&limited, allocator, WALDO__SCAN_MEMORY);
    c.allocator = &limited.allocator;
    Waldo__Value *message = new_message(&c, &waldo__value__descriptor);
    int status = message ? fill(&c, value, message, NULL) : waldo__no_memory(c.reterr);
    if (status >= 0)
        *ret_message = message;
    else
        waldo__value__free_unpacked(message, allocator);
    return waldo__explain_no_memory(&limited, status, c.reterr);
}

int waldo__value_to_message(const waldo_value *value, bool leaving, waldo__handles handles,
                            waldo__descriptors *descriptors, ProtobufCAllocator *allocator,
                            Waldo__Value **ret_message, waldo_error *reterr)
{
    conversion c = {
        .reterr = reterr, .handles = handles, .descriptors = descriptors, .leaving = leaving};
    return convert(c, value, allocator, ret_message);
}

bool waldo__value_lend(const waldo_value *value, Waldo__Value *ret_message)
{
    const uint8_t *data;
    size_t size;
    if (value->kind != WALDO_KIND_BYTES || waldo_value_get_bytes(value, &data, &size, NULL) < 0 ||
        size < WALDO__TAIL_LEAST)
        return false;
    waldo__value__init(ret_message);
    ret_message->kind_case = WALDO__VALUE__KIND_BYTES;
    ret_message->bytes = (ProtobufCBinaryData){size, (uint8_t *)data};
    return true;
}

int waldo__later_to_message(const waldo_value *value, waldo__later_scope *scope,
                            ProtobufCAllocator *allocator, Waldo__Value **ret_message,
                            waldo_error *reterr)
{
    conversion c = {.reterr = reterr, .leaving = true, .scope = scope};
    return convert(c, value, allocator, ret_message);
}
