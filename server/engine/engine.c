#include "engine/engine.h"

#include "engine/direct/server.h"
#include "engine/nanomsg/server.h"

const waldo__server_engine *waldo__server_engine_for(const waldo__url *url)
{
    return waldo__url_is_nanomsg(url) ? &waldo__nanomsg_server : &waldo__direct_server;
}
