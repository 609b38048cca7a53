/* Any bytes as an SP stream, in pieces of any size: the first byte of the input says which side
 * reads, whether it is a Unix socket's, and how long the pieces are. */
#include <stdint.h>

#include "engine/sp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_MESSAGE = 1 << 16 };

/* Takes a piece; false: the parser has refused. */
static int feed(waldo__sp_parser *parser, const uint8_t *piece, size_t size)
{
    waldo__sp_message message;
    int status = 1;

    while (status == 1 && size > 0)
        status = waldo__sp_take(parser, &piece, &size, &message, NULL);
    return status >= 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint8_t choice = data[0];
    size_t piece = (size_t)(choice >> 2) + 1;
    waldo__sp_parser parser = {
        .peer = choice & 1 ? WALDO__SP_REQ : WALDO__SP_REP,
        .ipc = choice & 2,
        .max_hops = choice & 1 ? WALDO__SP_MAX_HOPS : 0,
        .limit = MAX_MESSAGE,
    };

    data++;
    size--;
    while (size > 0) {
        size_t taken = piece < size ? piece : size;
        if (!feed(&parser, data, taken))
            break;
        data += taken;
        size -= taken;
    }
    waldo__sp_parser_free(&parser);
    return 0;
}
