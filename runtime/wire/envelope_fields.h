/* The fields of a Request and a Reply, by name: what every call reads and writes. The bytes are
 * protobuf-c's. */
#ifndef WALDO_RUNTIME_WIRE_ENVELOPE_FIELDS_H
#define WALDO_RUNTIME_WIRE_ENVELOPE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "waldo/wire.pb-c.h"
#include "wire/arena.h"
#include "wire/buffer.h"

/* Fill *ret_request and *ret_reply. Texts and arrays are in the arena; bytes too, unless they are
 * borrowed from data. false: it is not as simple as that, or no message at all, or there is no
 * memory; waldo__unpack knows. */
bool waldo__request_read(waldo__arena *arena, const uint8_t *data, size_t size, bool borrows,
                         Waldo__Wire__Request *ret_request);
bool waldo__reply_read(waldo__arena *arena, const uint8_t *data, size_t size, bool borrows,
                       Waldo__Wire__Reply *ret_reply);

/* Append the packed message, and leave room for so many bytes more. false: out of memory. */
bool waldo__request_append(waldo__buffer *buffer, const Waldo__Wire__Request *request, size_t room);
bool waldo__reply_append(waldo__buffer *buffer, const Waldo__Wire__Reply *reply, size_t room);

#endif
