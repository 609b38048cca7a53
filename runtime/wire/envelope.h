/* Packing of the envelope (proto/waldo/wire.proto) without copying the body into it. */
#ifndef WALDO_RUNTIME_WIRE_ENVELOPE_H
#define WALDO_RUNTIME_WIRE_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include <waldo/error.h>

#include "waldo/wire.pb-c.h"
#include "wire/buffer.h"

/* Appends the packed request, then `body` as its body field; request->body itself must be empty.
 * body may be NULL for none. WALDO_ENOMEM. */
int waldo__envelope_request(waldo__buffer *buffer, const Waldo__Wire__Request *request,
                            const ProtobufCMessage *body, waldo_error *reterr);
/* The same for a reply. */
int waldo__envelope_reply(waldo__buffer *buffer, const Waldo__Wire__Reply *reply,
                          const ProtobufCMessage *body, waldo_error *reterr);

#endif
