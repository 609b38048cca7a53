/* A module that needs what nobody has. */
#include <waldo/server.h>

int nobody_has_this(waldo_registry *registry, waldo_error *reterr);

WALDO_MODULE(nobody_has_this);
