/* Any bytes as a WebSocket: an opening, and what follows it, in pieces of any size. The first byte
 * of the input says which side reads, whether it begins with the opening, and how long the pieces
 * are. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/websocket/frames.h"
#include "engine/websocket/opening.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_MESSAGE = 1 << 16 };

/* Takes the opening from the bytes. false: it is not whole, or was refused. */
static int open_with(int is_client, const uint8_t **data, size_t *size)
{
    static const waldo__ws_key key = {"dGhlIHNhbXBsZSBub25jZQ=="};
    waldo__ws_text text = {.size = 0}, answer;
    size_t taken;
    int whole = waldo__ws_text_add(&text, *data, *size, &taken);

    *data += taken;
    *size -= taken;
    if (whole == 0)
        return 0;
    if (is_client)
        return whole == 1 && waldo__ws_check(&text, &key, NULL) == 0;
    return waldo__ws_answer(&text, &answer);
}

/* Takes a piece; false: the reader has refused. */
static int feed(waldo__ws_reader *reader, waldo__sp_parser *parser, const uint8_t *piece,
                size_t size)
{
    waldo__sp_message message;
    size_t room_size;
    uint8_t *room = waldo__ws_room(reader, parser, &room_size);

    if (room != NULL) {
        size_t taken = size < room_size ? size : room_size;
        memcpy(room, piece, taken);
        waldo__ws_filled(reader, parser, room, taken, &message);
        piece += taken;
        size -= taken;
    }
    if (size == 0)
        return 1;
    uint8_t *bytes = malloc(size);
    if (bytes == NULL)
        return 0;
    memcpy(bytes, piece, size);
    uint8_t *at = bytes;
    int status = 1;
    while (status > 0 && size > 0)
        status = waldo__ws_take(reader, parser, &at, &size, &message, NULL);
    free(bytes);
    return status >= 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint8_t choice = *data++;
    size_t piece = (size_t)(choice >> 2) + 1;
    waldo__ws_reader reader = {.from_client = choice & 1};
    waldo__sp_parser parser = {
        .max_hops = choice & 1 ? WALDO__SP_MAX_HOPS : 0,
        .limit = MAX_MESSAGE,
        .stage = WALDO__SP_AT_HEAD,
    };

    size--;
    if ((choice & 2) && !open_with(!(choice & 1), &data, &size))
        return 0;
    while (size > 0) {
        size_t taken = piece < size ? piece : size;
        if (!feed(&reader, &parser, data, taken))
            break;
        data += taken;
        size -= taken;
    }
    waldo__ws_reader_free(&reader);
    waldo__sp_parser_free(&parser);
    return 0;
}
