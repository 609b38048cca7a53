/* The server's side of tcp://, ipc:// and ws://: SP on plain sockets that libuv watches.
 *
 * The sockets are read and written here, not by uv_read_start() and uv_write(): libuv writes
 * without MSG_NOSIGNAL, and a library must not ask its host to ignore SIGPIPE. */
#ifndef WALDO_SERVER_ENGINE_DIRECT_SERVER_H
#define WALDO_SERVER_ENGINE_DIRECT_SERVER_H

#include "engine/engine.h"

extern const waldo__server_engine waldo__direct_server;

#endif
