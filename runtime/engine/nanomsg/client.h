/* The client's side of nn+tcp://, nn+ipc:// and inproc://: a raw REQ socket of libnanomsg
 * for each channel. */
#ifndef WALDO_RUNTIME_ENGINE_NANOMSG_CLIENT_H
#define WALDO_RUNTIME_ENGINE_NANOMSG_CLIENT_H

#include "engine/engine.h"

extern const waldo__client_engine waldo__nanomsg_client;

#endif
