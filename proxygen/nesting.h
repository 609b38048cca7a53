/* protobuf-c unpacks nested messages by recursion without a bound; this looks at packed bytes
 * first. */
#ifndef PROXYGEN_NESTING_H
#define PROXYGEN_NESTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Are no messages of a packed CodeGeneratorRequest declared inside others too deep to unpack?
 *  Malformed bytes may pass: unpacking refuses them. */
bool nesting_is_bounded(const uint8_t *request, size_t length);

#endif
