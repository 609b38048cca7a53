/* Memory that lives until the program ends, growable text, and a map of strings.
 *
 * protoc-gen-waldo runs for a moment and owns what it allocates through one arena. It is a
 * program, not a library: without memory it says so and exits. One thread. */
#ifndef PROXYGEN_ARENA_H
#define PROXYGEN_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#if defined(__GNUC__)
#define PROXYGEN_PRINTF(text, rest) __attribute__((format(printf, text, rest)))
#else
#define PROXYGEN_PRINTF(text, rest)
#endif

struct arena {
    struct arena_block *blocks;
};

/** Zeroed memory, freed by arena_free. Never NULL. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_print(struct arena *arena, const char *format, ...) PROXYGEN_PRINTF(2, 3);
char *arena_vprint(struct arena *arena, const char *format, va_list arguments);
void arena_free(struct arena *arena);

/* Text that grows. All zero is empty; data is NULL or ends with NUL. */
struct text {
    char *data;
    size_t length;
    size_t capacity;
};

void text_append(struct text *text, const char *data, size_t length);
void text_add(struct text *text, const char *string);
void text_print(struct text *text, const char *format, ...) PROXYGEN_PRINTF(2, 3);
void text_free(struct text *text);

/* Strings to pointers. Keys and values are not copied. All zero is empty. */
struct map {
    struct map_entry **buckets;
    size_t bucket_count;
    size_t count;
};

/** NULL if there is no such key. */
void *map_get(const struct map *map, const char *key);
/** The key must not be there yet. */
void map_put(struct map *map, struct arena *arena, const char *key, void *value);

#endif
