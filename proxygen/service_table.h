/* The waldo_service of a service, in foo.service.c. */
#ifndef PROXYGEN_SERVICE_TABLE_H
#define PROXYGEN_SERVICE_TABLE_H

#include "printer.h"

/** Prints provides_S, the tables of methods and typeids, and S_service. $S$ and $service$ are set.
 */
void service_table_print(struct printer *printer, const struct service *service);

#endif
