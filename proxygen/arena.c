#include "arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
    struct arena_block *next;
    max_align_t data[];
};

struct map_entry {
    struct map_entry *next;
    const char *key;
    void *value;
};

static _Noreturn void out_of_memory(void)
{
    fputs("protoc-gen-waldo: out of memory\n", stderr);
    exit(1);
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > (SIZE_MAX - sizeof(struct arena_block)) / size)
        out_of_memory();
    struct arena_block *block = calloc(1, sizeof *block + count * size);
    if (block == NULL)
        out_of_memory();
    block->next = arena->blocks;
    arena->blocks = block;
    return block->data;
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1, 1);
    memcpy(copy, text, length);
    return copy;
}

char *arena_vprint(struct arena *arena, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        out_of_memory();
    char *text = arena_alloc(arena, (size_t)length + 1, 1);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

char *arena_print(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = arena_vprint(arena, format, arguments);
    va_end(arguments);
    return text;
}

void arena_free(struct arena *arena)
{
    while (arena->blocks != NULL) {
        struct arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
}

void text_append(struct text *text, const char *data, size_t length)
{
    if (length >= SIZE_MAX / 2 - text->length)
        out_of_memory();
    if (text->length + length + 1 > text->capacity) {
        size_t capacity = 2 * (text->length + length + 1);
        char *grown = realloc(text->data, capacity);
        if (grown == NULL)
            out_of_memory();
        text->data = grown;
        text->capacity = capacity;
    }
    memcpy(text->data + text->length, data, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void text_add(struct text *text, const char *string)
{
    text_append(text, string, strlen(string));
}

void text_print(struct text *text, const char *format, ...)
{
    struct arena arena = {NULL};
    va_list arguments;
    va_start(arguments, format);
    text_add(text, arena_vprint(&arena, format, arguments));
    va_end(arguments);
    arena_free(&arena);
}

void text_free(struct text *text)
{
    free(text->data);
    *text = (struct text){NULL, 0, 0};
}

static size_t hash(const char *key)
{
    size_t value = 5381;
    while (*key != '\0')
        value = value * 33 + (unsigned char)*key++;
    return value;
}

void *map_get(const struct map *map, const char *key)
{
    if (map->bucket_count == 0)
        return NULL;
    struct map_entry *entry = map->buckets[hash(key) % map->bucket_count];
    while (entry != NULL && strcmp(entry->key, key) != 0)
        entry = entry->next;
    return entry == NULL ? NULL : entry->value;
}

static void map_grow(struct map *map, struct arena *arena)
{
    size_t bucket_count = map->bucket_count == 0 ? 64 : 2 * map->bucket_count;
    struct map_entry **buckets = arena_alloc(arena, bucket_count, sizeof(struct map_entry *));
    for (size_t i = 0; i < map->bucket_count; i++) {
        struct map_entry *next;
        for (struct map_entry *entry = map->buckets[i]; entry != NULL; entry = next) {
            struct map_entry **bucket = &buckets[hash(entry->key) % bucket_count];
            next = entry->next;
            entry->next = *bucket;
            *bucket = entry;
        }
    }
    map->buckets = buckets;
    map->bucket_count = bucket_count;
}

void map_put(struct map *map, struct arena *arena, const char *key, void *value)
{
    if (map->count >= map->bucket_count)
        map_grow(map, arena);
    struct map_entry *entry = arena_alloc(arena, 1, sizeof *entry);
    struct map_entry **bucket = &map->buckets[hash(key) % map->bucket_count];
    *entry = (struct map_entry){*bucket, key, value};
    *bucket = entry;
    map->count++;
}
