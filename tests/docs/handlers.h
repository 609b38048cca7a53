/* The types of types.proto, with the handlers that docs/handlers.md shows. */
#ifndef TESTS_DOCS_HANDLERS_H
#define TESTS_DOCS_HANDLERS_H

#include <waldo/server.h>

int shop_register_counter(waldo_registry *registry, waldo_error *reterr);
int shop_register_squares(waldo_registry *registry, waldo_error *reterr);
int shop_register_mailbox(waldo_registry *registry, waldo_error *reterr);
int shop_register_desk(waldo_registry *registry, waldo_error *reterr);
int shop_register_share_data(waldo_registry *registry, waldo_error *reterr);

/** All of them. */
int shop_register(waldo_registry *registry, waldo_error *reterr);

#endif
