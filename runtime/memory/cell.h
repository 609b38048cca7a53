/* One item of a typecode in memory. Typecode 0: bytes of any size. */
#ifndef WALDO_RUNTIME_MEMORY_CELL_H
#define WALDO_RUNTIME_MEMORY_CELL_H

#include <waldo/value.h>

/* 0: no such typecode. */
size_t waldo__cell_size(char typecode);
int waldo__cell_get(char typecode, const void *cell, size_t size, waldo_value **ret_value,
                    waldo_error *reterr);
int waldo__cell_set(char typecode, void *cell, size_t size, const waldo_value *value,
                    waldo_error *reterr);

#endif
