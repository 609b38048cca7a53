#include "source.h"

#include <string.h>

typedef Google__Protobuf__SourceCodeInfo__Location location_message;

struct path path_add(const struct path *path, int32_t field, size_t index)
{
    struct path longer = *path;
    if (longer.length + 2 <= sizeof longer.steps / sizeof *longer.steps) {
        longer.steps[longer.length++] = field;
        longer.steps[longer.length++] = (int32_t)index;
    }
    return longer;
}

struct path path_field(const struct path *path, int32_t field)
{
    struct path longer = *path;
    if (longer.length < sizeof longer.steps / sizeof *longer.steps)
        longer.steps[longer.length++] = field;
    return longer;
}

static const location_message *find(const Google__Protobuf__FileDescriptorProto *file,
                                    const int32_t *steps, size_t length)
{
    const Google__Protobuf__SourceCodeInfo *info = file->source_code_info;
    for (size_t i = 0; info != NULL && i < info->n_location; i++) {
        const location_message *location = info->location[i];
        if (location->n_path == length && location->n_span >= 3 &&
            (length == 0 || memcmp(location->path, steps, length * sizeof *steps) == 0))
            return location;
    }
    return NULL;
}

struct position source_position(const Google__Protobuf__FileDescriptorProto *file,
                                const struct path *path)
{
    struct position position = {file->name, 0, 0};
    for (size_t length = path->length; length > 0; length--) {
        const location_message *location = find(file, path->steps, length);
        if (location != NULL) {
            position.line = location->span[0] + 1;
            position.column = location->span[1] + 1;
            return position;
        }
    }
    return position;
}

static size_t trimmed(const char *line, size_t length)
{
    while (length > 0 && strchr(" \t\r\f\v", line[length - 1]) != NULL)
        length--;
    return length;
}

const char *source_comment(const Google__Protobuf__FileDescriptorProto *file,
                           const struct path *path, struct arena *arena)
{
    const location_message *location = find(file, path->steps, path->length);
    if (location == NULL || location->leading_comments == NULL)
        return "";

    const char *line = location->leading_comments;
    char *comment = arena_alloc(arena, strlen(line) + 1, 1);
    size_t length = 0;
    while (*line != '\0') {
        size_t width = strcspn(line, "\n");
        const char *next = line + width + (line[width] == '\n');
        if (*line == ' ') {
            line++;
            width--;
        }
        width = trimmed(line, width);
        if (length > 0 || width > 0) {
            memcpy(comment + length, line, width);
            length += width;
            comment[length++] = '\n';
        }
        line = next;
    }
    while (length > 0 && comment[length - 1] == '\n')
        comment[--length] = '\0';
    return comment;
}
