#include "symbols.h"

#include <string.h>

struct symbol {
    const char *meaning;
    struct position position;
};

static void report(struct symbols *symbols, const char *scope, const char *name,
                   struct position position, const struct symbol *other, const char *meaning)
{
    const char *where = "";
    if (other->position.line > 0)
        where = arena_print(symbols->arena, " (%s:%d)", other->position.file, other->position.line);
    errors_add(symbols->errors, position, "%s: the C name %s%s%s is taken by %s%s", meaning, scope,
               *scope == '\0' ? "" : ".", name, other->meaning, where);
}

void symbols_add(struct symbols *symbols, const char *scope, const char *name,
                 struct position position, bool own, const char *meaning)
{
    const char *key = arena_print(symbols->arena, "%s.%s", scope, name);
    const struct symbol *other = map_get(&symbols->map, key);
    if (other != NULL) {
        /* Two things with one name share many more: the first of them says it. */
        if (own && !errors_has(symbols->errors, position))
            report(symbols, scope, name, position, other, meaning);
        return;
    }
    struct symbol *symbol = arena_alloc(symbols->arena, 1, sizeof *symbol);
    *symbol = (struct symbol){meaning, position};
    map_put(&symbols->map, symbols->arena, key, symbol);
}
