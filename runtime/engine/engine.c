#include "engine/engine.h"

#include "engine/direct/client.h"
#include "engine/nanomsg/client.h"

const waldo__client_engine *waldo__client_engine_for(const waldo__url *url)
{
    return waldo__url_is_nanomsg(url) ? &waldo__nanomsg_client : &waldo__direct_client;
}
