#include "engine/sp.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define TOP_BIT 0x80000000u
#define IPC_MESSAGE 0x01
/* A payload up to here is taken with one allocation; a longer one as its bytes arrive, so that an
 * announcement alone costs little. */
#define FIRST_ALLOCATION (64 * 1024)
/* So many times what has come. */
#define GROWTH 4

uint32_t waldo__sp_get_word(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

void waldo__sp_put_word(uint8_t *bytes, uint32_t word)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(word >> (24 - 8 * i));
}

waldo__sp_route waldo__sp_plain_route(uint32_t id)
{
    waldo__sp_route route = {.size = 4};

    waldo__sp_put_word(route.bytes, id);
    return route;
}

uint32_t waldo__sp_route_id(const waldo__sp_route *route)
{
    return waldo__sp_get_word(route->bytes + route->size - 4);
}

void waldo__sp_hello(uint8_t hello[WALDO__SP_HELLO_SIZE], uint8_t protocol)
{
    const uint8_t bytes[WALDO__SP_HELLO_SIZE] = {0, 'S', 'P', 0, 0, protocol, 0, 0};

    memcpy(hello, bytes, sizeof bytes);
}

/* Text for people from bytes that may be anything; as many as fit. */
static void quote_bytes(const uint8_t *bytes, size_t size, char *text, size_t text_size)
{
    size_t at = 0;

    for (size_t i = 0; i < size && at + 5 <= text_size; i++) {
        bool plain = isprint(bytes[i]) && bytes[i] != '"' && bytes[i] != '\\';
        at += (size_t)snprintf(text + at, text_size - at, plain ? "%c" : "\\x%02x", bytes[i]);
    }
    text[at] = '\0';
}

static int refuse_hello(const waldo__sp_parser *parser, const uint8_t *more, size_t more_size,
                        waldo_error *reterr)
{
    uint8_t bytes[32];
    char text[4 * sizeof bytes + 1];
    size_t size = parser->head_size;

    memcpy(bytes, parser->head, size);
    if (more_size > sizeof bytes - size)
        more_size = sizeof bytes - size;
    memcpy(bytes + size, more, more_size);
    quote_bytes(bytes, size + more_size, text, sizeof text);
    return waldo_error_set(reterr, WALDO_EPROTOCOL, "the peer does not speak SP: it sent \"%s\"",
                           text);
}

/* Each byte is checked as it comes, so that a peer that says something else is known at once. */
static int take_hello(waldo__sp_parser *parser, const uint8_t **data, size_t *size,
                      waldo_error *reterr)
{
    uint8_t expected[WALDO__SP_HELLO_SIZE];

    waldo__sp_hello(expected, parser->peer);
    while (*size > 0 && parser->head_size < WALDO__SP_HELLO_SIZE) {
        if (parser->head_size == 5 && **data != parser->peer)
            return waldo_error_set(reterr, WALDO_EPROTOCOL,
                                   "the peer is an SP socket of type 0x%02x, not %s", **data,
                                   parser->peer == WALDO__SP_REP ? "REP" : "REQ");
        if (**data != expected[parser->head_size])
            return refuse_hello(parser, *data, *size, reterr);
        parser->head[parser->head_size++] = *(*data)++;
        --*size;
    }
    if (parser->head_size == WALDO__SP_HELLO_SIZE) {
        parser->stage = WALDO__SP_AT_HEAD;
        parser->head_size = 0;
    }
    return 0;
}

static size_t prefix_size(const waldo__sp_parser *parser)
{
    return parser->ipc ? 9 : 8;
}

static int refuse_size(const waldo__sp_parser *parser, uint64_t size, waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_ETOOBIG,
                           "the peer announced a message of %llu bytes; %zu are allowed",
                           (unsigned long long)size, parser->limit);
}

/* Reads type and length. */
static int begin_frame(waldo__sp_parser *parser, waldo_error *reterr)
{
    const uint8_t *length = parser->head + prefix_size(parser) - 8;
    uint64_t size = (uint64_t)waldo__sp_get_word(length) << 32 | waldo__sp_get_word(length + 4);

    if (parser->ipc && parser->head[0] != IPC_MESSAGE)
        return waldo_error_set(reterr, WALDO_EPROTOCOL,
                               "the peer does not speak SP: a frame of type 0x%02x",
                               parser->head[0]);
    if (size < 4)
        return waldo_error_set(reterr, WALDO_EPROTOCOL,
                               "the peer does not speak SP: a frame without a request id");
    uint64_t longest_route = 4 * ((uint64_t)parser->max_hops + 1);
    if (size > longest_route && size - longest_route > parser->limit)
        return refuse_size(parser, size, reterr);
    parser->left = size;
    return 0;
}

/* Looks at the word of the way back that has just come. 1: it is the id. */
static int check_word(waldo__sp_parser *parser, waldo_error *reterr)
{
    size_t words = (parser->head_size - prefix_size(parser)) / 4;

    parser->left -= 4;
    if (waldo__sp_get_word(parser->head + parser->head_size - 4) & TOP_BIT)
        return parser->left > parser->limit ? refuse_size(parser, parser->left, reterr) : 1;
    if (words > parser->max_hops)
        return waldo_error_set(reterr, WALDO_EPROTOCOL,
                               "a message came through more than %u devices, or has no request id",
                               parser->max_hops);
    if (parser->left < 4)
        return waldo_error_set(reterr, WALDO_EPROTOCOL,
                               "the peer does not speak SP: a frame without a request id");
    return 0;
}

/* Type, length and way back, all in parser->head. */
static int take_head(waldo__sp_parser *parser, const uint8_t **data, size_t *size,
                     waldo_error *reterr)
{
    size_t prefix = prefix_size(parser);

    while (*size > 0) {
        size_t have = parser->head_size;
        size_t needed = have < prefix ? prefix - have : 4 - (have - prefix) % 4;
        size_t taken = *size < needed ? *size : needed;
        memcpy(parser->head + have, *data, taken);
        parser->head_size += taken;
        *data += taken;
        *size -= taken;
        if (taken < needed)
            return 0;
        int rc = have < prefix ? begin_frame(parser, reterr) : check_word(parser, reterr);
        if (rc < 0)
            return rc;
        if (rc == 1) {
            parser->stage = WALDO__SP_AT_BODY;
            parser->body.size = 0;
            parser->lead = 0;
            return 0;
        }
    }
    return 0;
}

static int whole(waldo__sp_parser *parser, const uint8_t *data, size_t size, bool in_body,
                 waldo__sp_message *ret_message)
{
    size_t prefix = prefix_size(parser);

    ret_message->route.size = parser->head_size - prefix;
    memcpy(ret_message->route.bytes, parser->head + prefix, ret_message->route.size);
    ret_message->data = data;
    ret_message->size = size;
    ret_message->lead = in_body ? parser->lead : 0;
    ret_message->in_body = in_body;
    parser->stage = WALDO__SP_AT_HEAD;
    parser->head_size = 0;
    parser->left = 0;
    return 1;
}

static bool make_room(waldo__sp_parser *parser, size_t wanted)
{
    waldo__buffer *body = &parser->body;
    size_t total = body->size + (size_t)parser->left;

    if (body->capacity - body->size >= wanted)
        return true;
    if (body->size == 0 && waldo__buffer_reserve_spare(body, total))
        return true;
    size_t capacity = (body->size + wanted) * GROWTH;
    if (capacity < FIRST_ALLOCATION)
        capacity = FIRST_ALLOCATION;
    return waldo__buffer_reserve(body, capacity < total ? capacity : total);
}

/* Puts the first bytes of the payload where its end will be. false: they go where they belong. */
static bool set_apart(waldo__sp_parser *parser, const uint8_t *start, size_t size)
{
    waldo__buffer *body = &parser->body;
    bool fits = parser->leads && body->size == 0 && parser->lead == 0 && size <= WALDO__LEAD_MOST &&
                parser->left >= size + WALDO__TAIL_LEAST;

    if (!fits ||
        (body->capacity < parser->left && !waldo__buffer_reserve_spare(body, (size_t)parser->left)))
        return false;
    memcpy(body->data + (parser->left - size), start, size);
    parser->lead = size;
    parser->left -= size;
    return true;
}

static int take_body(waldo__sp_parser *parser, const uint8_t **data, size_t *size,
                     waldo__sp_message *ret_message, waldo_error *reterr)
{
    size_t taken = *size < parser->left ? *size : (size_t)parser->left;
    const uint8_t *start = *data;

    *data += taken;
    *size -= taken;
    if (taken == parser->left && parser->body.size == 0 && !parser->shared)
        return whole(parser, start, taken, false, ret_message);
    if (set_apart(parser, start, taken))
        return 0;
    if (!make_room(parser, taken) || !waldo__buffer_append(&parser->body, start, taken))
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a message");
    parser->left -= taken;
    if (parser->left > 0)
        return 0;
    parser->body.size += parser->lead;
    return whole(parser, parser->body.data, parser->body.size, true, ret_message);
}

int waldo__sp_take(waldo__sp_parser *parser, const uint8_t **data, size_t *size,
                   waldo__sp_message *ret_message, waldo_error *reterr)
{
    int rc = 0;

    if (parser->stage == WALDO__SP_AT_HELLO)
        rc = take_hello(parser, data, size, reterr);
    if (rc == 0 && parser->stage == WALDO__SP_AT_HEAD)
        rc = take_head(parser, data, size, reterr);
    /* An empty payload is whole as soon as the head is. */
    if (rc == 0 && parser->stage == WALDO__SP_AT_BODY && (*size > 0 || parser->left == 0))
        rc = take_body(parser, data, size, ret_message, reterr);
    return rc;
}

uint8_t *waldo__sp_room(waldo__sp_parser *parser, size_t *ret_size)
{
    waldo__buffer *body = &parser->body;

    if (parser->stage != WALDO__SP_AT_BODY || body->size == 0 || !make_room(parser, 1))
        return NULL;
    size_t room = body->capacity - body->size;
    *ret_size = room < parser->left ? room : (size_t)parser->left;
    return body->data + body->size;
}

int waldo__sp_filled(waldo__sp_parser *parser, size_t size, waldo__sp_message *ret_message)
{
    parser->body.size += size;
    parser->left -= size;
    if (parser->left > 0)
        return 0;
    return whole(parser, parser->body.data, parser->body.size, true, ret_message);
}

bool waldo__sp_is_midway(const waldo__sp_parser *parser)
{
    return parser->head_size > 0;
}

void waldo__sp_parser_free(waldo__sp_parser *parser)
{
    waldo__buffer_free(&parser->body);
}
