#include "engine/websocket/frames.h"

#include <string.h>

#include <sodium.h>

#define CONTINUATION 0x0
#define TEXT 0x1
#define LAST 0x80
#define RESERVED 0x70
#define MASKED 0x80
#define LENGTH 0x7F
/* Of LENGTH: the length follows in so many bytes. */
#define IN_TWO 126
#define IN_EIGHT 127
/* Memory for messages in several frames is kept up to here. */
#define KEPT_CAPACITY (64 * 1024)

static bool is_control(uint8_t opcode)
{
    return opcode & 0x8;
}

/* ---- Masks ---- */

/* Masks or unmasks bytes of a payload, the first of which is the at-th one in it. */
static void apply_mask(const uint8_t mask[4], size_t at, uint8_t *data, size_t size)
{
    uint8_t turned[8];
    uint64_t eight, word;
    size_t done = 0;

    for (size_t i = 0; i < sizeof turned; i++)
        turned[i] = mask[(at + i) % 4];
    memcpy(&eight, turned, sizeof eight);
    for (; size - done >= sizeof eight; done += sizeof eight) {
        memcpy(&word, data + done, sizeof word);
        word ^= eight;
        memcpy(data + done, &word, sizeof word);
    }
    for (size_t i = 0; done < size; done++, i++)
        data[done] ^= turned[i];
}

static void unmask(waldo__ws_reader *reader, uint8_t *data, size_t size)
{
    if (reader->from_client)
        apply_mask(reader->mask, reader->mask_at, data, size);
    reader->mask_at += size;
    reader->left -= size;
}

/* ---- Heads that come in ---- */

static size_t length_size(uint8_t second)
{
    switch (second & LENGTH) {
    case IN_TWO:
        return 2;
    case IN_EIGHT:
        return 8;
    default:
        return 0;
    }
}

static int bad_frame(const char *what, waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_EPROTOCOL, "the peer does not speak WebSocket: %s", what);
}

/* Whether the frame may come now, and from such a peer. */
static int check_frame(const waldo__ws_reader *reader, waldo_error *reterr)
{
    bool masked = reader->head[1] & MASKED;

    if (reader->head[0] & RESERVED)
        return bad_frame("a frame with reserved bits", reterr);
    if (masked != reader->from_client)
        return bad_frame(
            masked ? "a server's frame with a mask" : "a client's frame without a mask", reterr);
    switch (reader->opcode) {
    case WALDO__WS_CLOSE:
    case WALDO__WS_PING:
    case WALDO__WS_PONG:
        if (!reader->last || reader->left > WALDO__WS_CONTROL_MOST)
            return bad_frame("a control frame that is too long", reterr);
        return reader->controls < WALDO__WS_CONTROLS_IN_A_ROW
                   ? 0
                   : bad_frame("control frames and no messages", reterr);
    case CONTINUATION:
        if (!reader->in_message)
            return bad_frame("the rest of no message", reterr);
        return reader->last || reader->left > 0 ? 0 : bad_frame("an empty piece", reterr);
    case WALDO__WS_BINARY:
        return reader->in_message ? bad_frame("a message within another one", reterr) : 0;
    case TEXT:
        return bad_frame("text, where SP has binary messages", reterr);
    default:
        return bad_frame("a frame of an unknown kind", reterr);
    }
}

/* SP's parser learns of a message as a stream would tell it: by the length. */
static int announce(waldo__sp_parser *parser, uint64_t size, waldo__sp_message *message,
                    waldo_error *reterr)
{
    uint8_t length[8];
    const uint8_t *at = length;
    size_t left = sizeof length;

    waldo__sp_put_word(length, (uint32_t)(size >> 32));
    waldo__sp_put_word(length + 4, (uint32_t)size);
    return waldo__sp_take(parser, &at, &left, message, reterr);
}

static int begin_fragment(const waldo__ws_reader *reader, const waldo__sp_parser *parser,
                          waldo_error *reterr)
{
    size_t most = parser->limit + WALDO__SP_ROUTE_SIZE;

    if (reader->left > most - reader->fragments.size)
        return waldo_error_set(reterr, WALDO_ETOOBIG,
                               "the peer sent a message of more than the %zu bytes allowed",
                               parser->limit);
    return 0;
}

/* The head is whole. */
static int begin_frame(waldo__ws_reader *reader, waldo__sp_parser *parser,
                       waldo__sp_message *message, waldo_error *reterr)
{
    size_t bytes = length_size(reader->head[1]);
    uint64_t length = reader->head[1] & LENGTH;

    if (bytes > 0)
        length = 0;
    for (size_t i = 0; i < bytes; i++)
        length = length << 8 | reader->head[2 + i];
    if ((bytes == 2 && length < IN_TWO) || (bytes == 8 && (length <= UINT16_MAX || length >> 63)))
        return bad_frame("a length in too many bytes", reterr);
    if (reader->from_client)
        memcpy(reader->mask, reader->head + 2 + bytes, sizeof reader->mask);
    reader->opcode = reader->head[0] & 0xF;
    reader->last = reader->head[0] & LAST;
    reader->left = length;
    reader->mask_at = 0;
    reader->head_size = 0;
    int rc = check_frame(reader, reterr);
    if (rc < 0)
        return rc;
    reader->in_frame = true;
    if (is_control(reader->opcode)) {
        reader->control_size = 0;
        reader->controls++;
        return 0;
    }
    if (reader->last && !reader->in_message)
        return announce(parser, length, message, reterr);
    if (!reader->in_message)
        reader->fragments.size = 0;
    reader->in_message = true;
    return begin_fragment(reader, parser, reterr);
}

static int take_head(waldo__ws_reader *reader, waldo__sp_parser *parser, uint8_t **data,
                     size_t *size, waldo__sp_message *message, waldo_error *reterr)
{
    while (*size > 0) {
        reader->head[reader->head_size++] = *(*data)++;
        --*size;
        size_t whole = reader->head_size < 2 ? 2 : 2 + length_size(reader->head[1]);
        if (reader->head_size >= 2 && (reader->head[1] & MASKED))
            whole += sizeof reader->mask;
        if (reader->head_size == whole)
            return begin_frame(reader, parser, message, reterr);
    }
    return 0;
}

/* ---- Payloads that come in ---- */

static int take_fragment(waldo__ws_reader *reader, waldo__sp_parser *parser, const uint8_t *data,
                         size_t size, waldo__sp_message *message, waldo_error *reterr)
{
    waldo__buffer *fragments = &reader->fragments;

    if (!waldo__buffer_append(fragments, data, size))
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a message");
    if (reader->left > 0 || !reader->last)
        return 0;
    reader->in_message = false;
    int rc = announce(parser, fragments->size, message, reterr);
    const uint8_t *at = fragments->data;
    size_t left = fragments->size;
    return rc < 0 ? rc : waldo__sp_take(parser, &at, &left, message, reterr);
}

static int take_payload(waldo__ws_reader *reader, waldo__sp_parser *parser, uint8_t **data,
                        size_t *size, waldo__sp_message *message, waldo_error *reterr)
{
    size_t taken = *size < reader->left ? *size : (size_t)reader->left;
    const uint8_t *start = *data;

    unmask(reader, *data, taken);
    *data += taken;
    *size -= taken;
    reader->in_frame = reader->left > 0;
    if (is_control(reader->opcode)) {
        memcpy(reader->control + reader->control_size, start, taken);
        reader->control_size += taken;
        return reader->in_frame ? 0 : 2;
    }
    if (reader->in_message)
        return take_fragment(reader, parser, start, taken, message, reterr);
    return waldo__sp_take(parser, &start, &taken, message, reterr);
}

/* The memory of a long message that came in several frames, which has been delivered. */
static void give_back(waldo__ws_reader *reader)
{
    if (!reader->in_message && reader->fragments.capacity > KEPT_CAPACITY)
        waldo__buffer_free(&reader->fragments);
}

int waldo__ws_take(waldo__ws_reader *reader, waldo__sp_parser *parser, uint8_t **data, size_t *size,
                   waldo__sp_message *ret_message, waldo_error *reterr)
{
    int rc = 0;

    give_back(reader);
    while (rc == 0 && *size > 0) {
        if (!reader->in_frame)
            rc = take_head(reader, parser, data, size, ret_message, reterr);
        /* An empty payload is whole as soon as the head is. */
        if (rc == 0 && reader->in_frame && (*size > 0 || reader->left == 0))
            rc = take_payload(reader, parser, data, size, ret_message, reterr);
    }
    if (rc == 1)
        reader->controls = 0;
    return rc;
}

uint8_t *waldo__ws_room(const waldo__ws_reader *reader, waldo__sp_parser *parser, size_t *ret_size)
{
    if (reader != NULL && (!reader->in_frame || is_control(reader->opcode) || reader->in_message))
        return NULL;
    return waldo__sp_room(parser, ret_size);
}

int waldo__ws_filled(waldo__ws_reader *reader, waldo__sp_parser *parser, uint8_t *room, size_t size,
                     waldo__sp_message *ret_message)
{
    if (reader != NULL) {
        unmask(reader, room, size);
        reader->in_frame = reader->left > 0;
        reader->controls = 0;
    }
    return waldo__sp_filled(parser, size, ret_message);
}

void waldo__ws_reader_free(waldo__ws_reader *reader)
{
    waldo__buffer_free(&reader->fragments);
}

/* ---- What goes out ---- */

/* Returns the size of the head without a mask. */
static size_t put_head(uint8_t *head, uint8_t opcode, uint64_t payload)
{
    size_t bytes = payload < IN_TWO ? 0 : payload <= UINT16_MAX ? 2 : 8;

    head[0] = LAST | opcode;
    head[1] = (uint8_t)(bytes == 0 ? payload : bytes == 2 ? IN_TWO : IN_EIGHT);
    for (size_t i = 0; i < bytes; i++)
        head[2 + i] = (uint8_t)(payload >> 8 * (bytes - 1 - i));
    return 2 + bytes;
}

/* Returns where the mask is. */
static uint8_t *add_mask(uint8_t *head, size_t *size)
{
    uint8_t *mask = head + *size;

    head[1] |= MASKED;
    randombytes_buf(mask, 4);
    *size += 4;
    return mask;
}

void waldo__ws_frame_init(waldo__sp_frame *frame, const waldo__sp_route *route,
                          const struct iovec *parts, int part_count, size_t payload)
{
    size_t prefix = put_head(frame->head, WALDO__WS_BINARY, (uint64_t)route->size + payload);

    waldo__sp_frame_begin(frame, prefix, route, parts, part_count, payload);
}

static bool append_parts(waldo__buffer *buffer, const struct iovec *parts, int part_count)
{
    bool appended = true;

    for (int i = 0; appended && i < part_count; i++)
        appended = waldo__buffer_append(buffer, parts[i].iov_base, parts[i].iov_len);
    return appended;
}

bool waldo__ws_append_request(waldo__buffer *buffer, const waldo__sp_route *route,
                              const struct iovec *parts, int part_count)
{
    uint8_t head[WALDO__WS_HEAD_SIZE];
    size_t before = buffer->size;
    size_t payload = route->size;

    for (int i = 0; i < part_count; i++)
        payload += parts[i].iov_len;
    size_t size = put_head(head, WALDO__WS_BINARY, payload);
    uint8_t *mask = add_mask(head, &size);
    bool appended = waldo__buffer_append(buffer, head, size) &&
                    waldo__buffer_append(buffer, route->bytes, route->size) &&
                    append_parts(buffer, parts, part_count);
    if (appended)
        apply_mask(mask, 0, buffer->data + before + size, payload);
    else
        buffer->size = before;
    return appended;
}

bool waldo__ws_append_control(waldo__buffer *buffer, uint8_t opcode, bool from_client,
                              const uint8_t *payload, size_t size)
{
    uint8_t frame[WALDO__WS_HEAD_SIZE + WALDO__WS_CONTROL_MOST];
    size_t head = put_head(frame, opcode, size);
    const uint8_t *mask = from_client ? add_mask(frame, &head) : NULL;

    memcpy(frame + head, payload, size);
    if (mask != NULL)
        apply_mask(mask, 0, frame + head, size);
    return waldo__buffer_append(buffer, frame, head + size);
}
