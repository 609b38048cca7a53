/* Values: Python's, in C. What dynamic calls carry and what the builtin types hold.
 *
 * A waldo_value is counted: constructors return a new reference (NULL: out of memory), and
 * waldo_value_unref gives one back. A function that takes `waldo_value *` where its comment says
 * TAKES gives the reference back itself, whether it succeeds or fails, so that literals need no
 * names:  waldo_proxy_call(p, "add", waldo_v_tuple(waldo_v(23), waldo_v(45)), &sum, &err).
 * A TAKEN NULL is reported as WALDO_ENOMEM. `const waldo_value *` only looks.
 *
 * Values in ret_ parameters are new references; text and bytes in ret_ parameters are the value's
 * own and live as long as it does, unless the comment says free().
 *
 * Counts are atomic. Scalars, str, bytes and tuples never change and may be shared by threads;
 * list, dict, set and array may be changed by one thread at a time.
 *
 * Equality, hashing, arithmetic, repr and errors are Python's (rows H1-H10): 1 == 1.0 == True is
 * one key, lst[9] is WALDO_EINDEX "list index out of range". Limits: an int has at most 2^23 bits
 * (WALDO_EOVERFLOW); what looks into containers goes 200 levels deep (WALDO_ERECURSION).
 *
 * A container may be put into itself. repr shows it as Python does; packing it is WALDO_EVALUE;
 * nobody collects such a cycle: its owner must break it. */
#ifndef WALDO_VALUE_H
#define WALDO_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <waldo/error.h>

WALDO_BEGIN_DECLS

typedef struct waldo_value waldo_value;

typedef enum waldo_kind {
    WALDO_KIND_NONE,
    WALDO_KIND_BOOL,
    WALDO_KIND_INT, /* of any size */
    WALDO_KIND_FLOAT,
    WALDO_KIND_STR, /* UTF-8, may hold NUL */
    WALDO_KIND_BYTES,
    WALDO_KIND_LIST,
    WALDO_KIND_TUPLE,
    WALDO_KIND_DICT,  /* insertion order */
    WALDO_KIND_SET,   /* insertion order, too */
    WALDO_KIND_ARRAY, /* Python's array.array */
    WALDO_KIND_PROXY, /* a reference to an object of a server */
    WALDO_KIND_ERROR,
    WALDO_KIND_EXTENSION, /* a name and opaque bytes */
    WALDO_KIND_HANDLE     /* a lock, connection, ...: waldo/mp/handle.h */
} waldo_kind;

/** NULL is allowed and gives NULL. */
waldo_value *waldo_value_ref(const waldo_value *value);
/** NULL is a no-op. Returns NULL. */
waldo_value *waldo_value_unref(waldo_value *value);
/* For WALDO_AUTO(waldo_value). */
static inline void waldo_value_cleanup(waldo_value **value)
{
    waldo_value_unref(*value);
}

waldo_kind waldo_value_kind(const waldo_value *value);
/** Python's name of the type: "NoneType", "int", "dict", ...; an error's is its class. */
const char *waldo_value_type_name(const waldo_value *value);

/* ---- Constructors. NULL: out of memory, or what the comment says ---- */

waldo_value *waldo_v_none(void);
waldo_value *waldo_v_bool(bool truth);
waldo_value *waldo_v_int64(int64_t number);
waldo_value *waldo_v_uint64(uint64_t number);
/** As Python's int(text, base): base 2 to 36, or 0 to go by the prefix. NULL also for a text that
 *  is no int; waldo_value_parse_int says why. */
waldo_value *waldo_v_int_text(const char *text, int base);
waldo_value *waldo_v_float(double number);
/** UTF-8, up to the NUL. Bytes that are not UTF-8 become U+FFFD; waldo_value_parse_str refuses
 *  them instead. */
waldo_value *waldo_v_str(const char *text);
waldo_value *waldo_v_str_sized(const char *text, size_t size);
waldo_value *waldo_v_bytes(const void *data, size_t size);
/** A copy of count items of the typecode's C type: b B h H i I l L q Q f d. NULL items: zeros.
 *  NULL also for another typecode; waldo_value_new_array says so. */
waldo_value *waldo_v_array(char typecode, const void *items, size_t count);
/** An error as a value, as Python's exception objects. type_name NULL: the code's. */
waldo_value *waldo_v_error(int code, const char *type_name, const char *message);
waldo_value *waldo_v_extension(const char *name, const void *data, size_t size);
/* What a slice leaves out: Python's None. */
#define WALDO_OMIT INT64_MIN
/** Python's slice(start, stop, step), for whatever takes an index: an extension named "slice" whose
 *  bytes are "start:stop:step", each of them a number or nothing. */
waldo_value *waldo_v_slice(int64_t start, int64_t stop, int64_t step);
/** The value itself. */
static inline waldo_value *waldo_v_value(waldo_value *value)
{
    return value;
}

/* The next four TAKE the items; if one of them is NULL, the result is NULL and nothing leaks. */
waldo_value *waldo_v_list_of(waldo_value *const *items, size_t count);
waldo_value *waldo_v_tuple_of(waldo_value *const *items, size_t count);
/** NULL also for an unhashable item. */
waldo_value *waldo_v_set_of(waldo_value *const *items, size_t count);
/** key, value, key, value, ...; later ones win. NULL also for an unhashable key or an odd count. */
waldo_value *waldo_v_dict_of(waldo_value *const *items, size_t count);
/** The same with const char * for keys: name, value, name, value, ... */
waldo_value *waldo_v_fields_of(const void *const *items, size_t count);

/** A value after a pattern, as Python's Py_BuildValue:
 *
 *     waldo_v_format("{s: i, s: [d, d], s: (n, v)}", "n", 1, "sizes", 0.25, 0.5, "rest", value)
 *
 * n None, b bool (int), i int, l int64_t, d double, s const char *, v waldo_value *, which is
 * TAKEN; ( ) a tuple, [ ] a list, { } a dict of keys and values. Spaces, `,` and `:` are only to be
 * read. NULL: out of memory, an unhashable key, a v or s that is NULL (all v are taken); or no such
 * pattern. */
waldo_value *waldo_v_format(const char *pattern, ...);

/** As waldo_v_int_text. WALDO_EVALUE: no int; WALDO_EOVERFLOW: too long. */
WALDO_CHECK int waldo_value_parse_int(const char *text, int base, waldo_value **ret_value,
                                      waldo_error *reterr);
/** WALDO_EUNICODE: not UTF-8. */
WALDO_CHECK int waldo_value_parse_str(const char *text, size_t size, waldo_value **ret_value,
                                      waldo_error *reterr);
/** WALDO_EVALUE: bad typecode. */
WALDO_CHECK int waldo_value_new_array(char typecode, const void *items, size_t count,
                                      waldo_value **ret_value, waldo_error *reterr);

/* ---- Scalars out. WALDO_ETYPE: the value is of another kind ---- */

WALDO_CHECK int waldo_value_get_bool(const waldo_value *value, bool *ret_truth,
                                     waldo_error *reterr);
/** An int or a bool. WALDO_EOVERFLOW. */
WALDO_CHECK int waldo_value_get_int64(const waldo_value *value, int64_t *ret_number,
                                      waldo_error *reterr);
WALDO_CHECK int waldo_value_get_uint64(const waldo_value *value, uint64_t *ret_number,
                                       waldo_error *reterr);
/** An int or a bool of any size, in base 2 to 36, as Python writes it but without a prefix.
 *  free() *ret_text. */
WALDO_CHECK int waldo_value_get_int_text(const waldo_value *value, int base, char **ret_text,
                                         waldo_error *reterr);
/** A float, an int or a bool. WALDO_EOVERFLOW: an int beyond a double. */
WALDO_CHECK int waldo_value_get_double(const waldo_value *value, double *ret_number,
                                       waldo_error *reterr);
/** *ret_text ends with a NUL. ret_size may be NULL; then a str that holds a NUL is WALDO_EVALUE. */
WALDO_CHECK int waldo_value_get_str(const waldo_value *value, const char **ret_text,
                                    size_t *ret_size, waldo_error *reterr);
/** They lie at any address, as long as the value does; no NUL follows them. */
WALDO_CHECK int waldo_value_get_bytes(const waldo_value *value, const uint8_t **ret_data,
                                      size_t *ret_size, waldo_error *reterr);
WALDO_CHECK int waldo_value_get_error(const waldo_value *value, waldo_error *ret_error,
                                      waldo_error *reterr);
WALDO_CHECK int waldo_value_get_extension(const waldo_value *value, const char **ret_name,
                                          const uint8_t **ret_data, size_t *ret_size,
                                          waldo_error *reterr);

/* ---- Arithmetic, as Python's operators: numbers; str, bytes, list, tuple and array where Python
 * has them. WALDO_ETYPE, WALDO_EZERODIVISION, WALDO_EOVERFLOW. A root of a negative number is
 * WALDO_EVALUE: there are no complex numbers ---- */

WALDO_CHECK int waldo_value_add(const waldo_value *left, const waldo_value *right,
                                waldo_value **ret_value, waldo_error *reterr);
WALDO_CHECK int waldo_value_sub(const waldo_value *left, const waldo_value *right,
                                waldo_value **ret_value, waldo_error *reterr);
/** Also a sequence times an int, up to 1 GiB. */
WALDO_CHECK int waldo_value_mul(const waldo_value *left, const waldo_value *right,
                                waldo_value **ret_value, waldo_error *reterr);
WALDO_CHECK int waldo_value_floordiv(const waldo_value *left, const waldo_value *right,
                                     waldo_value **ret_value, waldo_error *reterr);
WALDO_CHECK int waldo_value_mod(const waldo_value *left, const waldo_value *right,
                                waldo_value **ret_value, waldo_error *reterr);
WALDO_CHECK int waldo_value_pow(const waldo_value *left, const waldo_value *right,
                                waldo_value **ret_value, waldo_error *reterr);
WALDO_CHECK int waldo_value_neg(const waldo_value *value, waldo_value **ret_value,
                                waldo_error *reterr);

/* ---- Comparison. WALDO_ERECURSION: nested too deep ---- */

/** 1: left == right, 0: not. Inside containers a value equals itself, even NaN. Two proxies are
 *  equal if they name the same object, two extensions if their contents are; an error only equals
 *  itself. */
WALDO_CHECK int waldo_value_equal(const waldo_value *left, const waldo_value *right,
                                  waldo_error *reterr);
/* What waldo_value_compare says where neither is less and they are not equal: a NaN, or sets of
 * which none contains the other. */
#define WALDO_UNORDERED 2
/** *ret_order: -1: left < right (for sets: a proper subset), 0: equal, 1: greater, WALDO_UNORDERED.
 *  WALDO_ETYPE: "'<' not supported between instances of 'int' and 'str'". */
WALDO_CHECK int waldo_value_compare(const waldo_value *left, const waldo_value *right,
                                    int *ret_order, waldo_error *reterr);
/** Equal values have equal hashes. Hashes differ from one process to the next. WALDO_ETYPE:
 *  "unhashable type: 'list'". */
WALDO_CHECK int waldo_value_hash(const waldo_value *value, uint64_t *ret_hash, waldo_error *reterr);
/** Python's bool(value). */
bool waldo_value_is_true(const waldo_value *value);
/** Python's len(value); that of a str counts code points. WALDO_ETYPE for a value without one. */
WALDO_CHECK int waldo_value_length(const waldo_value *value, size_t *ret_length,
                                   waldo_error *reterr);

/* ---- Text. UTF-8, whatever the locale. free() it. NULL: out of memory ---- */

/** Python's repr(value). Characters are printable by Unicode 14; what is nested deeper than 200
 *  levels shows as "...". */
char *waldo_value_repr(const waldo_value *value);
/** Python's str(value): a str without quotes (cut at a NUL by whoever reads it so), an error's
 *  message, else the repr. */
char *waldo_value_str(const waldo_value *value);

/* ---- list and tuple. Negative indices count from the end, as in Python ---- */

/** An item of a list or a tuple. WALDO_EINDEX. */
WALDO_CHECK int waldo_value_item(const waldo_value *sequence, int64_t index, waldo_value **ret_item,
                                 waldo_error *reterr);
/** TAKES item. */
WALDO_CHECK int waldo_value_list_append(waldo_value *list, waldo_value *item, waldo_error *reterr);
/** TAKES item. WALDO_EINDEX. */
WALDO_CHECK int waldo_value_list_set(waldo_value *list, int64_t index, waldo_value *item,
                                     waldo_error *reterr);
/** TAKES item. An index beyond either end is that end. */
WALDO_CHECK int waldo_value_list_insert(waldo_value *list, int64_t index, waldo_value *item,
                                        waldo_error *reterr);
/** Removes and gives the item (Python's pop); ret_item may be NULL (del). WALDO_EINDEX. */
WALDO_CHECK int waldo_value_list_pop(waldo_value *list, int64_t index, waldo_value **ret_item,
                                     waldo_error *reterr);

/* ---- dict. WALDO_ETYPE: an unhashable key, or not a dict ---- */

/** TAKES key and value. */
WALDO_CHECK int waldo_value_dict_set(waldo_value *dict, waldo_value *key, waldo_value *value,
                                     waldo_error *reterr);
/** WALDO_EKEY with the key's repr. */
WALDO_CHECK int waldo_value_dict_get(const waldo_value *dict, const waldo_value *key,
                                     waldo_value **ret_value, waldo_error *reterr);
/** The same for a str key. */
WALDO_CHECK int waldo_value_dict_get_str(const waldo_value *dict, const char *key,
                                         waldo_value **ret_value, waldo_error *reterr);
/** Removes and gives the value; ret_value may be NULL. WALDO_EKEY. */
WALDO_CHECK int waldo_value_dict_pop(waldo_value *dict, const waldo_value *key,
                                     waldo_value **ret_value, waldo_error *reterr);
/** Removes and gives the newest item. WALDO_EKEY: the dict is empty. */
WALDO_CHECK int waldo_value_dict_pop_last(waldo_value *dict, waldo_value **ret_key,
                                          waldo_value **ret_value, waldo_error *reterr);
/** Walks the items in order: start with *position = 0; false at the end. Borrowed references; the
 *  position is good until a key is added or removed. ret_value may be NULL. Also for a set, which
 *  has keys only. */
bool waldo_value_next(const waldo_value *dict_or_set, size_t *position, waldo_value **ret_key,
                      waldo_value **ret_value);

/* ---- set ---- */

/** TAKES item. 1: added, 0: it was there. WALDO_ETYPE: unhashable. */
WALDO_CHECK int waldo_value_set_add(waldo_value *set, waldo_value *item, waldo_error *reterr);
/** 1: removed, 0: it was not there. WALDO_ETYPE: unhashable. */
WALDO_CHECK int waldo_value_set_discard(waldo_value *set, const waldo_value *item,
                                        waldo_error *reterr);
/** Removes and gives the newest item. WALDO_EKEY: the set is empty. */
WALDO_CHECK int waldo_value_set_pop(waldo_value *set, waldo_value **ret_item, waldo_error *reterr);

/* ---- list, dict, set ---- */

/** 1: item is in it (for a dict: among the keys), 0: not. Also for a tuple. */
WALDO_CHECK int waldo_value_contains(const waldo_value *container, const waldo_value *item,
                                     waldo_error *reterr);
/** Removes all items. */
WALDO_CHECK int waldo_value_clear(waldo_value *container, waldo_error *reterr);
/** A list, dict or set of its own with the same items; of another kind the value itself, an array
 *  copied. */
WALDO_CHECK int waldo_value_copy(const waldo_value *value, waldo_value **ret_copy,
                                 waldo_error *reterr);

/* ---- array (row H10). Its length never changes ---- */

/** *ret_items: in memory as C has them; aligned. */
WALDO_CHECK int waldo_value_array_items(const waldo_value *array, char *ret_typecode,
                                        const void **ret_items, size_t *ret_count,
                                        waldo_error *reterr);
/** WALDO_EINDEX. */
WALDO_CHECK int waldo_value_array_get(const waldo_value *array, int64_t index,
                                      waldo_value **ret_item, waldo_error *reterr);
/** WALDO_EINDEX; WALDO_ETYPE, WALDO_EOVERFLOW: not an item of that typecode. */
WALDO_CHECK int waldo_value_array_set(waldo_value *array, int64_t index, const waldo_value *item,
                                      waldo_error *reterr);

/* ---- As bytes: a packed waldo.Value (proto/waldo/value.proto) ---- */

/** free() *ret_data. WALDO_EVALUE: "circular reference"; WALDO_ERECURSION: more than 64 levels;
 *  WALDO_ETOOBIG: would take more than 1 GiB of memory. */
WALDO_CHECK int waldo_value_pack(const waldo_value *value, uint8_t **ret_data, size_t *ret_size,
                                 waldo_error *reterr);
/** For bytes from anywhere. WALDO_EPROTOCOL: not a value; WALDO_ERECURSION: more than 64 levels;
 *  WALDO_ELIMIT: would take too much memory. */
WALDO_CHECK int waldo_value_unpack(const uint8_t *data, size_t size, waldo_value **ret_value,
                                   waldo_error *reterr);

WALDO_END_DECLS

/* ---- Literals ----
 *
 *     waldo_v(5)   waldo_v(2.5)   waldo_v("text")        any C number or text; waldo_v_bool(true),
 *                                                        since C's true is an int
 *     waldo_v_list(waldo_v(1), waldo_v("a"))             waldo_v_tuple(...)  waldo_v_set(...)
 *     waldo_v_dict(waldo_v("n"), waldo_v(5), ...)        keys of any kind
 *     waldo_v_fields("n", waldo_v(5), ...)               names for keys: arguments of a call
 *
 * All may be empty, and TAKE their items. */

#ifdef __cplusplus

inline waldo_value *waldo_v(bool truth)
{
    return waldo_v_bool(truth);
}
inline waldo_value *waldo_v(int number)
{
    return waldo_v_int64(number);
}
inline waldo_value *waldo_v(long number)
{
    return waldo_v_int64(number);
}
inline waldo_value *waldo_v(long long number)
{
    return waldo_v_int64(number);
}
inline waldo_value *waldo_v(unsigned number)
{
    return waldo_v_uint64(number);
}
inline waldo_value *waldo_v(unsigned long number)
{
    return waldo_v_uint64(number);
}
inline waldo_value *waldo_v(unsigned long long number)
{
    return waldo_v_uint64(number);
}
inline waldo_value *waldo_v(double number)
{
    return waldo_v_float(number);
}
inline waldo_value *waldo_v(const char *text)
{
    return waldo_v_str(text);
}
inline waldo_value *waldo_v(waldo_value *value)
{
    return value;
}

template <typename... Items> inline waldo_value *waldo_v_list(Items... items)
{
    waldo_value *const all[] = {nullptr, items...};
    return waldo_v_list_of(all + 1, sizeof...(items));
}
template <typename... Items> inline waldo_value *waldo_v_tuple(Items... items)
{
    waldo_value *const all[] = {nullptr, items...};
    return waldo_v_tuple_of(all + 1, sizeof...(items));
}
template <typename... Items> inline waldo_value *waldo_v_set(Items... items)
{
    waldo_value *const all[] = {nullptr, items...};
    return waldo_v_set_of(all + 1, sizeof...(items));
}
template <typename... Items> inline waldo_value *waldo_v_dict(Items... items)
{
    waldo_value *const all[] = {nullptr, items...};
    return waldo_v_dict_of(all + 1, sizeof...(items));
}
template <typename... Items> inline waldo_value *waldo_v_fields(Items... items)
{
    const void *const all[] = {nullptr, items...};
    return waldo_v_fields_of(all + 1, sizeof...(items));
}

#else

#define waldo_v(x)                                                                                 \
    _Generic((x),                                                                                  \
             _Bool: waldo_v_bool,                                                                  \
             char: waldo_v_int64,                                                                  \
             signed char: waldo_v_int64,                                                           \
             short: waldo_v_int64,                                                                 \
             int: waldo_v_int64,                                                                   \
             long: waldo_v_int64,                                                                  \
             long long: waldo_v_int64,                                                             \
             unsigned char: waldo_v_uint64,                                                        \
             unsigned short: waldo_v_uint64,                                                       \
             unsigned: waldo_v_uint64,                                                             \
             unsigned long: waldo_v_uint64,                                                        \
             unsigned long long: waldo_v_uint64,                                                   \
             float: waldo_v_float,                                                                 \
             double: waldo_v_float,                                                                \
             char *: waldo_v_str,                                                                  \
             const char *: waldo_v_str,                                                            \
             waldo_value *: waldo_v_value)(x)

/* The NULL in front lets the list be empty; sizeof does not evaluate the items again. */
#define WALDO_V_OF(make, type, ...)                                                                \
    make((type const[]){NULL, __VA_ARGS__} + 1,                                                    \
         sizeof((type const[]){NULL, __VA_ARGS__}) / sizeof(type) - 1)
#define waldo_v_list(...) WALDO_V_OF(waldo_v_list_of, waldo_value *, __VA_ARGS__)
#define waldo_v_tuple(...) WALDO_V_OF(waldo_v_tuple_of, waldo_value *, __VA_ARGS__)
#define waldo_v_set(...) WALDO_V_OF(waldo_v_set_of, waldo_value *, __VA_ARGS__)
#define waldo_v_dict(...) WALDO_V_OF(waldo_v_dict_of, waldo_value *, __VA_ARGS__)
#define waldo_v_fields(...) WALDO_V_OF(waldo_v_fields_of, const void *, __VA_ARGS__)

#endif

#endif
