/* The client's side of tcp://, ipc:// and ws://: SP on a plain socket, poll() and deadlines. */
#ifndef WALDO_RUNTIME_ENGINE_DIRECT_CLIENT_H
#define WALDO_RUNTIME_ENGINE_DIRECT_CLIENT_H

#include "engine/engine.h"

extern const waldo__client_engine waldo__direct_client;

#endif
