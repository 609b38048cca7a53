/* Marks and versions that every Waldo header and every generated file uses. */
#ifndef WALDO_ABI_H
#define WALDO_ABI_H

#include <math.h>

/* The binary contract between generated code, modules and the libraries. A module or generated
 * file made for another number is refused: by the compiler, or when it is loaded. */
#define WALDO_ABI 1

#define WALDO_VERSION "0.1.0"

#ifdef __cplusplus
#define WALDO_BEGIN_DECLS extern "C" {
#define WALDO_END_DECLS }
#define WALDO_STATIC_ASSERT(condition, text) static_assert(condition, text)
#else
#define WALDO_BEGIN_DECLS
#define WALDO_END_DECLS
#define WALDO_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif

#define WALDO_GENERATED_FOR_ABI(number)                                                            \
    WALDO_STATIC_ASSERT((number) == WALDO_ABI,                                                     \
                        "generated for another version of Waldo: run protoc-gen-waldo again");

#if defined(__GNUC__)
#define WALDO_CHECK __attribute__((warn_unused_result))
#define WALDO_PRINTF(text, rest) __attribute__((format(printf, text, rest)))
/* A pointer that is given back at the end of its scope:
 *     WALDO_AUTO(shop_counter) counter = NULL;   // shop_counter_unref(counter) runs by itself */
#define WALDO_AUTO(type) __attribute__((cleanup(type##_cleanup))) type *
#else
#define WALDO_CHECK
#define WALDO_PRINTF(text, rest)
#endif

/* Durations in public calls are seconds, as doubles. A negative one is WALDO_EVALUE. */
#define WALDO_FOREVER HUGE_VAL

#endif
