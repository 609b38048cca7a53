/* The keyed hash under waldo_value_hash. */
#ifndef WALDO_RUNTIME_VALUE_HASH_H
#define WALDO_RUNTIME_VALUE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* SipHash-2-4 with a random key of this process. Any thread. */
uint64_t waldo__hash_bytes(const void *data, size_t size);

#endif
