/* How names of a .proto become names in C. */
#ifndef PROXYGEN_NAMES_H
#define PROXYGEN_NAMES_H

#include <stdbool.h>

#include "arena.h"

/* As protoc-gen-c 1.4.1 spells them: shop.HTTPCode -> Shop__HTTPCode, shop__httpcode,
 * SHOP__HTTPCODE; a_b.FooBar -> AB__FooBar, a_b__foo_bar, A_B__FOO_BAR. */
char *names_type(struct arena *arena, const char *full_name);
char *names_lower(struct arena *arena, const char *full_name);
char *names_upper(struct arena *arena, const char *full_name);
/** A field: lower case, with `_` behind it if it is one of the keywords protoc-gen-c knows. */
char *names_field(struct arena *arena, const char *name);

/** AuditCounter -> audit_counter, HTTPServer -> http_server, Foo1 -> foo1. */
char *names_snake(struct arena *arena, const char *name);
/** The package with `_` for `.`, lower-cased, and snake_case of the name. */
char *names_prefix(struct arena *arena, const char *package, const char *name);
/** The name of a .proto without its ending, as protoc-gen-c cuts it. */
char *names_base(struct arena *arena, const char *file);
/** An include guard, different for different files: kind is PROXY or SERVICE. */
char *names_guard(struct arena *arena, const char *kind, const char *file);

/** Can it be a C identifier, by its letters? */
bool names_is_identifier(const char *name);
/** What a name cannot be declared as: "a keyword of C", "a macro of the C library", ...; NULL if
 *  nothing stands in the way. */
const char *names_reserved(const char *name);
/** The same for names at file scope: functions and types of the C library and of Waldo count. */
const char *names_reserved_global(const char *name);

#endif
