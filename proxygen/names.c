#include "names.h"

#include <string.h>

/* Not <ctype.h>: the result must not depend on the locale. */
static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char to_lower(char c)
{
    return is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

static char to_upper(char c)
{
    return is_lower(c) ? (char)(c - 'a' + 'A') : c;
}

char *names_type(struct arena *arena, const char *full_name)
{
    char *name = arena_alloc(arena, 2 * strlen(full_name) + 1, 1);
    size_t length = 0;
    bool raise = true;
    for (const char *c = full_name; *c != '\0'; c++) {
        if (*c == '.') {
            name[length++] = '_';
            name[length++] = '_';
            raise = true;
        } else if (*c == '_') {
            raise = true;
        } else {
            name[length++] = raise ? to_upper(*c) : *c;
            raise = false;
        }
    }
    return name;
}

/* Puts `_` before each capital that follows something else, and changes all letters by `change`. */
static char *split_words(struct arena *arena, const char *full_name, char (*change)(char))
{
    char *name = arena_alloc(arena, 2 * strlen(full_name) + 1, 1);
    size_t length = 0;
    bool was_upper = true;
    for (const char *c = full_name; *c != '\0'; c++) {
        if (*c == '.') {
            name[length++] = '_';
            name[length++] = '_';
            was_upper = true;
            continue;
        }
        if (is_upper(*c) && !was_upper)
            name[length++] = '_';
        name[length++] = change(*c);
        was_upper = is_upper(*c);
    }
    return name;
}

char *names_lower(struct arena *arena, const char *full_name)
{
    return split_words(arena, full_name, to_lower);
}

char *names_upper(struct arena *arena, const char *full_name)
{
    return split_words(arena, full_name, to_upper);
}

char *names_snake(struct arena *arena, const char *name)
{
    char *snake = arena_alloc(arena, 2 * strlen(name) + 1, 1);
    size_t length = 0;
    for (size_t i = 0; name[i] != '\0'; i++) {
        bool after_word = i > 0 && (is_lower(name[i - 1]) || is_digit(name[i - 1]));
        bool starts_word = i > 0 && is_upper(name[i - 1]) && is_lower(name[i + 1]);
        if (is_upper(name[i]) && (after_word || starts_word))
            snake[length++] = '_';
        snake[length++] = to_lower(name[i]);
    }
    return snake;
}

char *names_prefix(struct arena *arena, const char *package, const char *name)
{
    const char *snake = names_snake(arena, name);
    if (*package == '\0')
        return arena_print(arena, "%s", snake);
    char *prefix = arena_print(arena, "%s_%s", package, snake);
    for (size_t i = 0; package[i] != '\0'; i++)
        prefix[i] = package[i] == '.' ? '_' : to_lower(package[i]);
    return prefix;
}

char *names_base(struct arena *arena, const char *file)
{
    static const char *const endings[] = {".protodevel", ".proto"};
    size_t length = strlen(file);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t ending = strlen(endings[i]);
        if (length >= ending && strcmp(file + length - ending, endings[i]) == 0)
            return arena_strndup(arena, file, length - ending);
    }
    return arena_strndup(arena, file, length);
}

char *names_guard(struct arena *arena, const char *kind, const char *file)
{
    static const char hex[] = "0123456789abcdef";
    char *guard = arena_print(arena, "WALDO_%s_%*s", kind, (int)(3 * strlen(file) + 3), "");
    size_t length = strlen("WALDO_") + strlen(kind) + 1;
    for (const char *c = names_base(arena, file); *c != '\0'; c++) {
        if (is_upper(*c) || is_lower(*c) || is_digit(*c)) {
            guard[length++] = *c;
        } else {
            guard[length++] = '_';
            guard[length++] = hex[(unsigned char)*c >> 4];
            guard[length++] = hex[(unsigned char)*c & 15];
        }
    }
    memcpy(guard + length, "_H", 3);
    return guard;
}

bool names_is_identifier(const char *name)
{
    if (*name == '\0' || is_digit(*name))
        return false;
    for (; *name != '\0'; name++)
        if (!is_upper(*name) && !is_lower(*name) && !is_digit(*name) && *name != '_')
            return false;
    return true;
}
