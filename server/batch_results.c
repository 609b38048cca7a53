#include "batch_results.h"

#include <inttypes.h>

#include <waldo/value_message.h>

#include "server_internal.h"
#include "value/convert.h"
#include "value/message.h"
#include "wire/envelope.h"
#include "wire/scan.h"

/* One step that is filled in. */
typedef struct filling {
    waldo_call *step;
    const waldo__batch_step *steps;
    size_t count;
    size_t size; /* of the arguments and what went in, in bytes */
    /* Of the step's arena. What a list names a million times is made as often. */
    waldo__limited_allocator memory;
} filling;

static int too_big(const filling *f, size_t limit)
{
    return waldo_call_raise(f->step, WALDO_ETOOBIG,
                            "with the results that they use the arguments have more than the %zu "
                            "bytes that are allowed",
                            limit);
}

/* Where a function that took f->memory failed. Returns the status. */
static int raise_error(const filling *f, int status, const waldo_error *error)
{
    if (status == WALDO_ENOMEM && f->memory.over_limit)
        return too_big(f, WALDO__SCAN_MEMORY);
    if (status < 0)
        waldo__call_raise_error(f->step, error);
    return status;
}

/* ---- a result ---- */

static int read_reply(const filling *f, uint32_t number, waldo__arena *arena,
                      Waldo__Wire__Reply **ret_reply)
{
    const waldo__buffer *packed = &f->steps[number - 1].call->reply;
    waldo_error error;
    if (waldo__envelope_read_reply(arena, packed->data, packed->size, ret_reply, &error) < 0)
        return waldo__call_raise_error(f->step, &error);
    const Waldo__Wire__Reply *reply = *ret_reply;
    if (reply->status >= 0)
        return 0;
    const char *text =
        reply->error_message[0] ? reply->error_message : waldo_error_text(reply->status);
    return waldo_call_raise_type(
        f->step, reply->status,
        reply->error_type[0] ? reply->error_type : waldo_error_type(reply->status),
        "call %" PRIu32 ", whose result it uses, failed: %s", number - 1, text);
}

static int unpack(filling *f, const ProtobufCMessageDescriptor *descriptor,
                  const ProtobufCBinaryData *body, ProtobufCMessage **ret_message)
{
    waldo_error error;
    int status =
        waldo__unpack(descriptor, &f->memory.allocator, body->data, body->len, ret_message, &error);
    return raise_error(f, status, &error);
}

/* The method's own message as a value. */
static int convert(filling *f, const ProtobufCMessage *message, Waldo__Value **ret_value)
{
    waldo_value *value;
    waldo_error error;
    int status = waldo__convert_from_message(message, &value, &error);
    if (status >= 0) {
        status = waldo_value_to_message(value, &f->memory.allocator, ret_value, &error);
        waldo_value_unref(value);
    }
    return raise_error(f, status, &error);
}

static int new_value(filling *f, Waldo__Value__KindCase kind, Waldo__Value **ret_value)
{
    Waldo__Value *value = waldo__allocate(&f->memory.allocator, sizeof *value);
    waldo_error error;
    if (!value)
        return raise_error(f, waldo__no_memory(&error), &error);
    waldo__value__init(value);
    value->kind_case = kind;
    value->none = kind == WALDO__VALUE__KIND_NONE;
    *ret_value = value;
    return 0;
}

static int value_of_proxy(filling *f, const Waldo__Wire__Reply *reply, Waldo__Value **ret_value)
{
    ProtobufCMessage *created;
    int status = unpack(f, &waldo__wire__created__descriptor, &reply->body, &created);
    if (status >= 0)
        status = new_value(f, WALDO__VALUE__KIND_REF, ret_value);
    if (status >= 0)
        (*ret_value)->ref = ((const Waldo__Wire__Created *)created)->ref;
    return status;
}

static int value_of(filling *f, const waldo__batch_step *earlier, const Waldo__Wire__Reply *reply,
                    Waldo__Value **ret_value)
{
    if (reply->proxy)
        return value_of_proxy(f, reply, ret_value);
    /* What every object answers, which is no method of its type, is a value, whoever asks. */
    const waldo_service_method *method = earlier->call->method;
    if (earlier->is_dynamic || !method)
        return unpack(f, &waldo__value__descriptor, &reply->body, (ProtobufCMessage **)ret_value);
    if (!method->output)
        return new_value(f, WALDO__VALUE__KIND_NONE, ret_value);
    ProtobufCMessage *message;
    int status = unpack(f, method->output, &reply->body, &message);
    return status < 0 ? status : convert(f, message, ret_value);
}

static int check_size(const filling *f)
{
    size_t limit = f->step->server->limits.limit[WALDO_LIMIT_MESSAGE];
    return f->size <= limit ? 0 : too_big(f, limit);
}

static int find_result(filling *f, uint32_t number, Waldo__Value **ret_value)
{
    if (number == 0 || number > f->count)
        return waldo_call_raise(f->step, WALDO_EVALUE,
                                "it uses the result of call %" PRId64 ", which is none of the %zu "
                                "before it",
                                (int64_t)number - 1, f->count);
    waldo__arena arena;
    Waldo__Wire__Reply *reply;
    waldo__arena_init(&arena);
    int status = read_reply(f, number, &arena, &reply);
    if (status >= 0) {
        f->size += reply->body.len;
        status = check_size(f);
    }
    if (status >= 0)
        status = value_of(f, &f->steps[number - 1], reply, ret_value);
    waldo__arena_free(&arena);
    return status;
}

/* ---- into the arguments ---- */

static int replace_all(filling *f, Waldo__Value *const *values, size_t count);

static int replace(filling *f, Waldo__Value *value)
{
    Waldo__Value *result = NULL;
    int status;
    switch (value->kind_case) {
    case WALDO__VALUE__KIND_RESULT:
        status = find_result(f, value->result, &result);
        if (result)
            *value = *result;
        return status;
    case WALDO__VALUE__KIND_LIST:
    case WALDO__VALUE__KIND_TUPLE:
    case WALDO__VALUE__KIND_SET:
        return replace_all(f, value->list->items, value->list->n_items);
    case WALDO__VALUE__KIND_DICT:
        status = replace_all(f, value->dict->keys, value->dict->n_keys);
        return status < 0 ? status : replace_all(f, value->dict->values, value->dict->n_values);
    default:
        return 0;
    }
}

/* As deep as the message was allowed to be. */
static int replace_all(filling *f, Waldo__Value *const *values, size_t count)
{
    int status = 0;
    for (size_t i = 0; i < count && status >= 0; i++)
        status = replace(f, values[i]);
    return status;
}

/* The body with the results in it is looked at as any other is. */
static int fill_in_body(filling *f)
{
    Waldo__Wire__Request *request = f->step->request;
    if (!request->dynamic)
        return waldo_call_raise(f->step, WALDO_EPROTOCOL, "only values can use results");
    ProtobufCMessage *value;
    int status = unpack(f, &waldo__value__descriptor, &request->body, &value);
    if (status >= 0)
        status = replace(f, (Waldo__Value *)value);
    if (status < 0)
        return status;
    size_t size = protobuf_c_message_get_packed_size(value);
    uint8_t *data = waldo__arena_alloc(&f->step->arena, size);
    if (!data)
        return waldo_call_raise(f->step, WALDO_ENOMEM, "no memory for %zu bytes of arguments",
                                size);
    request->body = (ProtobufCBinaryData){protobuf_c_message_pack(value, data), data};
    return 0;
}

/* ---- into the object ---- */

static int fill_in_object(filling *f, uint32_t number)
{
    Waldo__Value *result = NULL;
    int status = find_result(f, number, &result);
    if (!result)
        return status;
    if (result->kind_case != WALDO__VALUE__KIND_REF || result->ref->object == 0)
        return waldo_call_raise(f->step, WALDO_ETYPE, "the result of call %" PRIu32 " is no proxy",
                                number - 1);
    f->step->request->object = result->ref->object;
    f->step->request->incarnation = result->ref->incarnation;
    return 0;
}

int waldo__batch_fill_in(waldo_call *step, const Waldo__Wire__BatchCall *one,
                         const waldo__batch_step *steps, size_t count)
{
    filling f = {.step = step, .steps = steps, .count = count, .size = step->request->body.len};
    waldo__limited_allocator_init(&f.memory, &step->arena.allocator, WALDO__SCAN_MEMORY);
    int status = one->object_from > 0 ? fill_in_object(&f, one->object_from) : 0;
    return status >= 0 && one->uses_results ? fill_in_body(&f) : status;
}
