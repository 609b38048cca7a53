#include "errors.h"

#include <string.h>

struct error {
    struct error *next;
    struct position position;
    const char *sentence;
};

/* Does a stand before b? Places of different files keep the order in which they came. */
static bool before(const struct position *a, const struct position *b)
{
    if (strcmp(a->file, b->file) != 0)
        return false;
    return a->line != b->line ? a->line < b->line : a->column < b->column;
}

void errors_add(struct errors *errors, struct position position, const char *format, ...)
{
    struct error *error = arena_alloc(errors->arena, 1, sizeof *error);
    va_list arguments;
    va_start(arguments, format);
    error->sentence = arena_vprint(errors->arena, format, arguments);
    va_end(arguments);
    error->position = position;

    struct error **place = &errors->first;
    while (*place != NULL && !before(&position, &(*place)->position))
        place = &(*place)->next;
    error->next = *place;
    *place = error;
    errors->count++;
}

bool errors_has(const struct errors *errors, struct position position)
{
    for (const struct error *error = errors->first; error != NULL; error = error->next)
        if (error->position.line == position.line && error->position.column == position.column &&
            strcmp(error->position.file, position.file) == 0)
            return true;
    return false;
}

/* Text of a .proto may hold newlines and worse; an error is one line. */
static void print_line(const char *text, FILE *stream)
{
    for (; *text != '\0'; text++)
        fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, stream);
}

void errors_print(const struct errors *errors, FILE *stream)
{
    for (const struct error *error = errors->first; error != NULL; error = error->next) {
        const struct position *at = &error->position;
        print_line(at->file, stream);
        if (at->line > 0)
            fprintf(stream, ":%d:%d", at->line, at->column);
        fputs(": error: ", stream);
        print_line(error->sentence, stream);
        fputc('\n', stream);
    }
}
