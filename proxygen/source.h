/* Where things stand in a .proto, and the comments above them. */
#ifndef PROXYGEN_SOURCE_H
#define PROXYGEN_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include <google/protobuf/descriptor.pb-c.h>

#include "errors.h"

/* The way to an element: field numbers and indices, as in google.protobuf.SourceCodeInfo. */
struct path {
    int32_t steps[80];
    size_t length;
};

/** The path with two more steps; unchanged where there is no room. */
struct path path_add(const struct path *path, int32_t field, size_t index);
/** The path with one more step. */
struct path path_field(const struct path *path, int32_t field);

/** Where the element starts, or the nearest element around it that has a place. */
struct position source_position(const Google__Protobuf__FileDescriptorProto *file,
                                const struct path *path);
/** The comment above the element without its marks and the space behind them, no line ending in a
 *  space or the text in a newline; "" if there is none. */
const char *source_comment(const Google__Protobuf__FileDescriptorProto *file,
                           const struct path *path, struct arena *arena);

#endif
