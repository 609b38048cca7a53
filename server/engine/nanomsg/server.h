/* The server's side of nn+tcp://, nn+ipc:// and inproc://: a raw REP socket of libnanomsg.
 *
 * libnanomsg tells nobody when a connection comes or goes and cannot close one: gone() is never
 * called, admit() and disconnect() do nothing, and messages of max_message are taken from all. Nor
 * can it stop accepting without dropping the connections it has: stop() does nothing. Use it where
 * every process that can connect is trusted: over nn+ipc:// a frame of a wrong type aborts the
 * process (an assertion in libnanomsg 1.1.5), so its socket file is for this user only. */
#ifndef WALDO_SERVER_ENGINE_NANOMSG_SERVER_H
#define WALDO_SERVER_ENGINE_NANOMSG_SERVER_H

#include "engine/engine.h"

extern const waldo__server_engine waldo__nanomsg_server;

#endif
