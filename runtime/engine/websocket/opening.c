#include "engine/websocket/opening.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <sha1.h>
#include <sodium.h>

#define END_OF_HEAD "\r\n\r\n"
#define SUBPROTOCOL "rep.sp.nanomsg.org"
/* RFC 6455, section 1.3: who has hashed this with the key has understood the request. */
#define UNDERSTOOD "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define KEY_BYTES 16
#define ACCEPT_SIZE (sodium_base64_ENCODED_LEN(SHA1_DIGEST_LENGTH, sodium_base64_VARIANT_ORIGINAL))

/* Some bytes of a request or an answer. at is NULL: there are none. */
typedef struct span {
    const char *at;
    size_t size;
} span;

static bool is_text(span part, const char *text)
{
    return part.at != NULL && part.size == strlen(text) && memcmp(part.at, text, part.size) == 0;
}

static bool is_word(span part, const char *word)
{
    return part.at != NULL && part.size == strlen(word) &&
           strncasecmp(part.at, word, part.size) == 0;
}

static span trimmed(span part)
{
    while (part.size > 0 && (part.at[0] == ' ' || part.at[0] == '\t')) {
        part.at++;
        part.size--;
    }
    while (part.size > 0 && (part.at[part.size - 1] == ' ' || part.at[part.size - 1] == '\t'))
        part.size--;
    return part;
}

/* Takes what stands before the separator off *rest, or all of it, and the separator. */
static span take_until(span *rest, const char *separator)
{
    size_t length = strlen(separator);
    const char *end = memmem(rest->at, rest->size, separator, length);
    span taken = {rest->at, end != NULL ? (size_t)(end - rest->at) : rest->size};
    size_t gone = end != NULL ? taken.size + length : taken.size;

    rest->at += gone;
    rest->size -= gone;
    return taken;
}

/* The value of the next header of that name, which is taken off *rest with what is before it. */
static span next_header(span *rest, const char *name)
{
    while (rest->size > 0) {
        span value = take_until(rest, "\r\n");
        span found = take_until(&value, ":");
        if (is_word(found, name))
            return trimmed(value);
    }
    return (span){NULL, 0};
}

static span header(span headers, const char *name)
{
    return next_header(&headers, name);
}

/* Is the word one of a list that may be spread over several headers? */
static bool lists(span headers, const char *name, const char *word)
{
    for (span list = next_header(&headers, name); list.at != NULL;
         list = next_header(&headers, name))
        while (list.size > 0)
            if (is_word(trimmed(take_until(&list, ",")), word))
                return true;
    return false;
}

static void hash_key(const char *key, size_t size, char accept[ACCEPT_SIZE])
{
    uint8_t digest[SHA1_DIGEST_LENGTH];
    SHA1_CTX hash;

    SHA1Init(&hash);
    SHA1Update(&hash, (const uint8_t *)key, size);
    SHA1Update(&hash, (const uint8_t *)UNDERSTOOD, strlen(UNDERSTOOD));
    SHA1Final(digest, &hash);
    sodium_bin2base64(accept, ACCEPT_SIZE, digest, sizeof digest, sodium_base64_VARIANT_ORIGINAL);
}

static bool is_key(span key)
{
    uint8_t bytes[KEY_BYTES];
    size_t size = 0;

    return key.at != NULL &&
           sodium_base642bin(bytes, sizeof bytes, key.at, key.size, NULL, &size, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           size == sizeof bytes;
}

void waldo__ws_key_make(waldo__ws_key *ret_key)
{
    uint8_t bytes[KEY_BYTES];

    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2base64(ret_key->text, sizeof ret_key->text, bytes, sizeof bytes,
                      sodium_base64_VARIANT_ORIGINAL);
}

/* A method, or HTTP/1.1. Somebody who speaks another protocol is told so before waiting for more.
 */
static bool is_http(const waldo__ws_text *text)
{
    return text->size == 0 || isupper((unsigned char)text->bytes[0]);
}

/* The end may be in several pieces, so it is looked for a little before the new bytes. */
int waldo__ws_text_add(waldo__ws_text *text, const void *data, size_t size, size_t *ret_taken)
{
    size_t before = text->size;
    size_t room = sizeof text->bytes - before;
    size_t copied = size < room ? size : room;
    size_t start = before < strlen(END_OF_HEAD) ? 0 : before - strlen(END_OF_HEAD);

    memcpy(text->bytes + before, data, copied);
    text->size = before + copied;
    *ret_taken = copied;
    if (!is_http(text))
        return WALDO_EPROTOCOL;
    const char *end =
        memmem(text->bytes + start, text->size - start, END_OF_HEAD, strlen(END_OF_HEAD));
    if (end != NULL)
        text->size = (size_t)(end - text->bytes) + strlen(END_OF_HEAD);
    *ret_taken = text->size - before;
    if (end != NULL)
        return 1;
    return text->size < sizeof text->bytes ? 0 : WALDO_ETOOBIG;
}

void waldo__ws_ask(const waldo__url *url, const waldo__ws_key *key, waldo__ws_text *ret_request)
{
    bool brackets = strchr(url->host, ':') != NULL;

    /* A host has at most 255 bytes, so all of it fits. */
    ret_request->size = (size_t)snprintf(ret_request->bytes, sizeof ret_request->bytes,
                                         "GET / HTTP/1.1\r\n"
                                         "Host: %s%s%s:%u\r\n"
                                         "Upgrade: websocket\r\n"
                                         "Connection: Upgrade\r\n"
                                         "Sec-WebSocket-Key: %s\r\n"
                                         "Sec-WebSocket-Version: 13\r\n"
                                         "Sec-WebSocket-Protocol: " SUBPROTOCOL END_OF_HEAD,
                                         brackets ? "[" : "", url->host, brackets ? "]" : "",
                                         (unsigned)url->port, key->text);
}

/* A no: the status, a header that belongs to it or nothing, and a sentence. */
typedef struct refusal {
    const char *status;
    const char *header;
    const char *sentence;
} refusal;

/* NULL: the request is one that is accepted. */
static const refusal *judge(const waldo__ws_text *request)
{
    static const refusal other = {"400 Bad Request", "",
                                  "This is a Waldo server at ws://. It speaks HTTP first.\n"};
    static const refusal too_long = {"431 Request Header Fields Too Large", "",
                                     "The request is too long.\n"};
    static const refusal method = {"405 Method Not Allowed", "Allow: GET\r\n",
                                   "This is a Waldo server. It speaks SP over WebSocket.\n"};
    static const refusal version = {"505 HTTP Version Not Supported", "",
                                    "HTTP/1.1 is spoken here.\n"};
    static const refusal no_upgrade = {"426 Upgrade Required",
                                       "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
                                       "This is a Waldo server. It speaks SP over WebSocket.\n"};
    static const refusal bad_key = {"400 Bad Request", "", "Host or Sec-WebSocket-Key is wrong.\n"};
    static const refusal page = {"403 Forbidden", "", "Pages in browsers may not connect.\n"};
    static const refusal protocol = {"400 Bad Request", "",
                                     "The subprotocol must be " SUBPROTOCOL ".\n"};
    span rest = {request->bytes, request->size};
    span line = take_until(&rest, "\r\n");
    bool get = is_text(take_until(&line, " "), "GET");

    take_until(&line, " "); /* the path: any will do, and NNG leaves it out */
    if (!is_http(request))
        return &other;
    if (memmem(request->bytes, request->size, END_OF_HEAD, strlen(END_OF_HEAD)) == NULL)
        return &too_long;
    if (!get)
        return &method;
    if (!is_text(line, "HTTP/1.1"))
        return &version;
    if (!lists(rest, "Upgrade", "websocket") || !lists(rest, "Connection", "Upgrade") ||
        !is_text(header(rest, "Sec-WebSocket-Version"), "13"))
        return &no_upgrade;
    if (!is_key(header(rest, "Sec-WebSocket-Key")) || header(rest, "Host").at == NULL)
        return &bad_key;
    /* Else any page that this user looks at could use a server on this host that asks for no key.
     */
    if (header(rest, "Origin").at != NULL)
        return &page;
    return lists(rest, "Sec-WebSocket-Protocol", SUBPROTOCOL) ? NULL : &protocol;
}

bool waldo__ws_answer(const waldo__ws_text *request, waldo__ws_text *ret_answer)
{
    char accept[ACCEPT_SIZE];
    const refusal *no = judge(request);
    int size;

    if (no != NULL) {
        size = snprintf(ret_answer->bytes, sizeof ret_answer->bytes,
                        "HTTP/1.1 %s\r\n"
                        "%s"
                        "Connection: close\r\n"
                        "Content-Type: text/plain\r\n"
                        "Content-Length: %zu" END_OF_HEAD "%s",
                        no->status, no->header, strlen(no->sentence), no->sentence);
    } else {
        span key = header((span){request->bytes, request->size}, "Sec-WebSocket-Key");
        hash_key(key.at, key.size, accept);
        size = snprintf(ret_answer->bytes, sizeof ret_answer->bytes,
                        "HTTP/1.1 101 Switching Protocols\r\n"
                        "Upgrade: websocket\r\n"
                        "Connection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: %s\r\n"
                        "Sec-WebSocket-Protocol: " SUBPROTOCOL END_OF_HEAD,
                        accept);
    }
    ret_answer->size = (size_t)size;
    return no == NULL;
}

static int refused(span line, waldo_error *reterr)
{
    char text[80];
    size_t size = line.size < sizeof text ? line.size : sizeof text - 1;

    for (size_t i = 0; i < size; i++)
        text[i] = isprint((unsigned char)line.at[i]) ? line.at[i] : '?';
    text[size] = '\0';
    return waldo_error_set(reterr, WALDO_EPROTOCOL,
                           "the server does not speak SP over WebSocket: it said \"%s\"", text);
}

int waldo__ws_check(const waldo__ws_text *answer, const waldo__ws_key *key, waldo_error *reterr)
{
    char accept[ACCEPT_SIZE];
    span rest = {answer->bytes, answer->size};
    span line = take_until(&rest, "\r\n");
    span status = line;
    bool http = is_text(take_until(&status, " "), "HTTP/1.1");

    hash_key(key->text, strlen(key->text), accept);
    if (!http || !is_text(take_until(&status, " "), "101"))
        return refused(line, reterr);
    if (!lists(rest, "Upgrade", "websocket") || !lists(rest, "Connection", "Upgrade") ||
        !is_text(header(rest, "Sec-WebSocket-Accept"), accept))
        return waldo_error_set(reterr, WALDO_EPROTOCOL,
                               "the server's answer is not to the request for a WebSocket");
    if (!is_word(header(rest, "Sec-WebSocket-Protocol"), SUBPROTOCOL))
        return waldo_error_set(reterr, WALDO_EPROTOCOL,
                               "the server's WebSocket is not for SP (" SUBPROTOCOL ")");
    return 0;
}
