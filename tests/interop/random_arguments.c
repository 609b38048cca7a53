#include "random_arguments.h"

static uint64_t state;

void random_seed(uint64_t seed)
{
    state = seed * 2 + 1;
}

unsigned random_below(unsigned limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state * 0x2545f4914f6cdd1dULL >> 33) % limit;
}

static waldo_value *small_int(void)
{
    return waldo_v((int)random_below(14) - 4);
}

static waldo_value *scalar(void)
{
    static const char *const words[] = {"", "a", "b", "ab", "it's", "\u00e9", "\U0001f600", "a\nb"};
    switch (random_below(12)) {
    case 0:
        return waldo_v_none();
    case 1:
        return waldo_v_bool(random_below(2));
    case 2:
        return waldo_v((double)random_below(8) / 2 - 1);
    case 3:
        return waldo_v_int_text(random_below(2) ? "123456789012345678901234567890"
                                                : "-123456789012345678901234567890",
                                10);
    case 4:
        return waldo_v_bytes("a\0'", random_below(4));
    case 5:
    case 6:
    case 7:
        return waldo_v(words[random_below(8)]);
    default:
        return small_int();
    }
}

static waldo_value *any(int depth);

static waldo_value *sequence(waldo_value *(*make)(waldo_value *const *, size_t), unsigned most,
                             int depth)
{
    waldo_value *items[8];
    size_t count = random_below(most + 1);
    for (size_t i = 0; i < count; i++)
        items[i] = any(depth - 1);
    return make(items, count);
}

/* Of items that can be in one. */
static waldo_value *set_of(unsigned most)
{
    waldo_value *items[8];
    size_t count = random_below(most + 1);
    for (size_t i = 0; i < count; i++)
        items[i] = random_below(6) ? scalar() : waldo_v_tuple(small_int(), scalar());
    return waldo_v_set_of(items, count);
}

static waldo_value *dict_of(void)
{
    waldo_value *items[6];
    size_t count = random_below(4) * 2;
    for (size_t i = 0; i < count; i++)
        items[i] = scalar();
    return waldo_v_dict_of(items, count);
}

static waldo_value *any(int depth)
{
    switch (depth > 0 ? random_below(14) : 13) {
    case 0:
        return sequence(waldo_v_list_of, 3, depth);
    case 1:
    case 2:
        return sequence(waldo_v_tuple_of, 3, depth);
    case 3:
        return dict_of();
    case 4:
        return set_of(3);
    default:
        return scalar();
    }
}

static waldo_value *ints(void)
{
    waldo_value *items[8];
    size_t count = random_below(9);
    for (size_t i = 0; i < count; i++)
        items[i] = small_int();
    return waldo_v_list_of(items, count);
}

static waldo_value *array(void)
{
    static const char typecodes[] = "bBhHiIlLqQfd";
    static const uint64_t zeros_and_ones[] = {0, 1, 0, 1};
    return waldo_v_array(random_below(3) ? 'i' : typecodes[random_below(12)], zeros_and_ones,
                         random_below(5));
}

static waldo_value *iterable(void)
{
    switch (random_below(8)) {
    case 0:
        return set_of(1); /* Python's order of more is another */
    case 1:
        return dict_of();
    case 2:
        return scalar(); /* a str is one */
    case 3:
        return sequence(waldo_v_tuple_of, 5, 2);
    case 4:
        return array();
    default:
        return sequence(waldo_v_list_of, 6, 2);
    }
}

static int64_t bound(void)
{
    return random_below(3) ? (int64_t)random_below(24) - 8 : WALDO_OMIT;
}

static waldo_value *slice(void)
{
    int64_t step = random_below(2) ? WALDO_OMIT : (int64_t)random_below(7) - 3;
    return waldo_v_slice(bound(), bound(), step);
}

static waldo_value *slice_or_index(void)
{
    return random_below(2) ? slice() : waldo_v((int)random_below(24) - 10);
}

static waldo_value *index_or_worse(void)
{
    return random_below(30) ? waldo_v((int)random_below(24) - 10) : scalar();
}

static waldo_value *typecode(void)
{
    static const char typecodes[] = "bBhHiIlLqQfdx";
    char text[] = {typecodes[random_below(4) ? 4 : random_below(sizeof typecodes - 1)], '\0'};
    return waldo_v(text);
}

/* What dict() takes. */
static waldo_value *pairs(void)
{
    waldo_value *items[4];
    size_t count = random_below(5);
    if (random_below(3) == 0)
        return dict_of();
    for (size_t i = 0; i < count; i++)
        items[i] =
            random_below(12) ? waldo_v_tuple(any(1), any(2)) : sequence(waldo_v_list_of, 3, 1);
    return waldo_v_list_of(items, count);
}

static waldo_value *name(void)
{
    static const char *const names[] = {"a", "b", "c", "value", "x1"};
    return waldo_v(names[random_below(5)]);
}

static waldo_value *keywords(void)
{
    waldo_value *items[6];
    size_t count = random_below(4) * 2;
    for (size_t i = 0; i < count; i += 2) {
        items[i] = name();
        items[i + 1] = any(2);
    }
    return waldo_v_dict_of(items, count);
}

static waldo_value *one(char wanted)
{
    switch (wanted) {
    case 'p':
        return pairs();
    case 'D':
        return random_below(4) ? dict_of() : any(2);
    case 'm':
        return name();
    case 'q':
        return waldo_v((int)random_below(8) - 1);
    case 'f':
        return waldo_v_bool(false);
    case 'T':
        return random_below(2) ? waldo_v_none() : waldo_v((int)random_below(3) - 1);
    case 'd':
        return random_below(40) ? small_int() : scalar();
    case 'i':
        return index_or_worse();
    case 's':
        return slice();
    case 'x':
        return random_below(40) ? slice_or_index() : any(2);
    case 'n':
        return random_below(6) ? waldo_v((int)random_below(4) - 1) : any(1);
    case 'I':
        return iterable();
    case 'L':
        return random_below(4) ? sequence(waldo_v_list_of, 6, 2) : any(2);
    case 'S':
        return random_below(5) ? set_of(6) : any(2);
    case 'k':
        return ints();
    case 't':
        return typecode();
    case 'a':
        return random_below(4) ? ints() : iterable();
    case 'A':
        return random_below(6) ? array() : ints();
    default:
        return any(3);
    }
}

static waldo_value *keywords_of_sort(void)
{
    waldo_value *reverse = waldo_v_bool(random_below(2));
    switch (random_below(6)) {
    case 0:
        return waldo_v_fields("reverse", reverse, "key", waldo_v("abs"));
    case 1:
        return waldo_v_fields("reverse", reverse, "key", waldo_v("repr"));
    case 2:
        return waldo_v_fields("reverse", reverse, "key", waldo_v("str"));
    case 3:
        return waldo_v_fields("reverse", reverse, "key", waldo_v("len"));
    case 4:
        return waldo_v_fields("reverse", reverse, "key", waldo_v_tuple());
    default:
        return waldo_v_fields("reverse", reverse);
    }
}

waldo_value *random_arguments(const char *wanted)
{
    waldo_value *items[8];
    size_t count = 0;
    if (*wanted == 'o')
        return keywords_of_sort();
    if (*wanted == 'w')
        return keywords();
    if (*wanted == 'O')
        return waldo_v_fields("reverse", waldo_v_bool(random_below(2)));
    for (; *wanted; wanted++) {
        if (*wanted == '?' && random_below(2))
            break;
        if (*wanted == '*')
            for (unsigned i = random_below(4); i > 0; i--)
                items[count++] = iterable();
        else if (*wanted != '?')
            items[count++] = one(*wanted);
    }
    return waldo_v_tuple_of(items, count);
}
