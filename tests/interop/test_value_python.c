/* Values against python3: a few ten thousand random ones, written down with what this library says
 * of them; value_oracle.py checks every line. Skipped where there is no python3. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <waldo/value.h>

#define ROUNDS 6000

static uint64_t state = 20240229;

static uint64_t random_bits(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1dULL;
}

static unsigned below(unsigned limit)
{
    return (unsigned)(random_bits() >> 33) % limit;
}

/* ---- Random values ---- */

static double random_double(void)
{
    static const double edges[] = {
        0.0,    -0.0,   1.0,    -1.0,    0.5,    2.5,   1e16, 1e15,    1e-4,  1e-5,     1e22,
        5e-324, 0x1p53, 0x1p63, -0x1p63, 0x1p64, 1e308, 0.1,  1.0 / 3, 100.0, INFINITY, -INFINITY};
    uint64_t bits = random_bits();
    double number;
    switch (below(5)) {
    case 0:
        return edges[below(sizeof(edges) / sizeof(edges[0]))];
    case 1:
        return (double)(int64_t)(bits >> (below(60))) / 8;
    case 2:
        return ldexp(1.0, (int)below(2098) - 1074);
    case 3:
        return (double)(int)below(2000) / 10.0 - 100;
    default:
        memcpy(&number, &bits, sizeof(number));
        return isnan(number) ? 1.5 : number;
    }
}

static waldo_value *random_int(void)
{
    char text[200];
    int size;
    switch (below(4)) {
    case 0:
        return waldo_v((int)below(20) - 10);
    case 1:
        return waldo_v((int64_t)random_bits() >> below(64));
    case 2:
        return waldo_v(random_bits());
    default:
        size = (int)below(120) + 1;
        text[0] = '-';
        for (int i = 1; i <= size; i++)
            text[i] = "0123456789abcdef"[below(16)];
        text[size + 1] = '\0';
        return waldo_v_int_text(text + below(2), 16);
    }
}

static size_t put_utf8(char *target, uint32_t c)
{
    if (c < 0x80)
        return target[0] = (char)c, 1;
    if (c < 0x800) {
        target[0] = (char)(0xc0 | c >> 6);
        target[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    size_t at = 0;
    if (c >= 0x10000)
        target[at++] = (char)(0xf0 | c >> 18);
    target[at] = (char)(c >= 0x10000 ? 0x80 | (c >> 12 & 0x3f) : 0xe0 | c >> 12);
    target[at + 1] = (char)(0x80 | (c >> 6 & 0x3f));
    target[at + 2] = (char)(0x80 | (c & 0x3f));
    return at + 3;
}

/* Characters whose category has not changed for many versions of Unicode. */
static waldo_value *random_str(void)
{
    static const uint32_t odd[] = {'\'', '"',    '\\',   '\n',   '\t',    '\r',    0,       0x7f,
                                   0xa0, 0xad,   0x300,  0x200b, 0x2028,  0x3000,  0xe000,  0xfeff,
                                   0xe9, 0x20ac, 0x4e2d, 0xffff, 0x1f600, 0xe0001, 0x10ffff};
    char text[64];
    size_t size = 0;
    for (unsigned count = below(12); count > 0; count--) {
        uint32_t c = below(3) ? 0x20 + below(0x60) : below(0x100);
        if (below(4) == 0)
            c = odd[below(sizeof(odd) / sizeof(odd[0]))];
        size += put_utf8(text + size, c);
    }
    return waldo_v_str_sized(text, size);
}

static waldo_value *random_bytes(void)
{
    uint8_t data[16];
    size_t size = below(sizeof(data));
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(below(2) ? below(256) : 0x20 + below(0x60));
    return waldo_v_bytes(data, size);
}

static waldo_value *random_scalar(void)
{
    switch (below(8)) {
    case 0:
        return waldo_v_none();
    case 1:
        return waldo_v_bool(below(2));
    case 2:
    case 3:
        return random_int();
    case 4:
    case 5:
        return waldo_v(random_double());
    case 6:
        return random_str();
    default:
        return random_bytes();
    }
}

static waldo_value *random_array(void)
{
    int16_t shorts[] = {(int16_t)random_bits(), 0, -7};
    double doubles[] = {random_double(), 1.0};
    return below(2) ? waldo_v_array('h', shorts, below(4)) : waldo_v_array('d', doubles, below(3));
}

static waldo_value *random_value(int depth)
{
    waldo_value *items[6];
    unsigned kind = depth > 0 ? below(10) : 9;
    if (kind > 4)
        return random_scalar();
    if (kind == 4)
        return random_array();
    /* Python orders sets by hash, so that only those of one item have one repr. */
    unsigned count = kind == 2 ? below(2) : below(3) * 2;
    for (unsigned i = 0; i < count; i++) {
        bool is_key = kind == 2 || (kind == 3 && i % 2 == 0);
        items[i] = is_key ? random_scalar() : random_value(depth - 1);
    }
    switch (kind) {
    case 0:
        return waldo_v_list_of(items, count);
    case 1:
        return waldo_v_tuple_of(items, count);
    case 2:
        return waldo_v_set_of(items, count);
    default:
        return waldo_v_dict_of(items, count);
    }
}

/* ---- As Python expressions that do not depend on any repr ---- */

static void write_hex(FILE *out, const void *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        fprintf(out, "%02x", ((const unsigned char *)data)[i]);
}

static void write_expression(FILE *out, const waldo_value *value);

static void write_int(FILE *out, const waldo_value *value)
{
    char *text;
    cr_assert(waldo_value_get_int_text(value, 16, &text, NULL) >= 0);
    fprintf(out, "int('%s',16)", text);
    free(text);
}

static void write_float(FILE *out, const waldo_value *value)
{
    double number;
    cr_assert(waldo_value_get_double(value, &number, NULL) >= 0);
    if (isfinite(number))
        fprintf(out, "f('%a')", number);
    else
        fputs(isnan(number) ? "nan" : number > 0 ? "inf" : "(-inf)", out);
}

static void write_items(FILE *out, const waldo_value *value, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        waldo_value *item;
        cr_assert(waldo_value_item(value, (int64_t)i, &item, NULL) >= 0);
        write_expression(out, item);
        fputc(',', out);
        waldo_value_unref(item);
    }
}

static void write_mapping(FILE *out, const waldo_value *value)
{
    size_t position = 0;
    waldo_value *key;
    waldo_value *item;
    while (waldo_value_next(value, &position, &key, &item)) {
        write_expression(out, key);
        if (item) {
            fputc(':', out);
            write_expression(out, item);
        }
        fputc(',', out);
    }
}

static void write_array(FILE *out, const waldo_value *value)
{
    char typecode;
    const void *items;
    size_t count;
    cr_assert(waldo_value_array_items(value, &typecode, &items, &count, NULL) >= 0);
    fprintf(out, "array.array('%c',bytes.fromhex('", typecode);
    write_hex(out, items, count * (typecode == 'h' ? 2 : 8));
    fputs("'))", out);
}

static void write_text(FILE *out, const waldo_value *value)
{
    const char *text = NULL;
    const uint8_t *data = NULL;
    size_t size = 0;
    bool is_str = waldo_value_kind(value) == WALDO_KIND_STR;
    if (is_str)
        cr_assert(waldo_value_get_str(value, &text, &size, NULL) >= 0);
    else
        cr_assert(waldo_value_get_bytes(value, &data, &size, NULL) >= 0);
    fputs("bytes.fromhex('", out);
    write_hex(out, is_str ? (const void *)text : data, size);
    fputs(is_str ? "').decode()" : "')", out);
}

static void write_expression(FILE *out, const waldo_value *value)
{
    size_t length = 0;
    (void)!waldo_value_length(value, &length, NULL);
    switch (waldo_value_kind(value)) {
    case WALDO_KIND_NONE:
        fputs("None", out);
        break;
    case WALDO_KIND_BOOL:
        fputs(waldo_value_is_true(value) ? "True" : "False", out);
        break;
    case WALDO_KIND_INT:
        write_int(out, value);
        break;
    case WALDO_KIND_FLOAT:
        write_float(out, value);
        break;
    case WALDO_KIND_LIST:
    case WALDO_KIND_TUPLE:
        fputs(waldo_value_kind(value) == WALDO_KIND_LIST ? "[" : "(", out);
        write_items(out, value, length);
        fputs(waldo_value_kind(value) == WALDO_KIND_LIST ? "]" : ")", out);
        break;
    case WALDO_KIND_DICT:
    case WALDO_KIND_SET:
        fputs(waldo_value_kind(value) == WALDO_KIND_SET ? "set([" : "{", out);
        write_mapping(out, value);
        fputs(waldo_value_kind(value) == WALDO_KIND_SET ? "])" : "}", out);
        break;
    case WALDO_KIND_ARRAY:
        write_array(out, value);
        break;
    default:
        write_text(out, value);
    }
}

/* ---- Claims ---- */

typedef int operation(const waldo_value *, const waldo_value *, waldo_value **, waldo_error *);

static const struct {
    const char *name;
    operation *run;
} operations[] = {
    {"add", waldo_value_add},           {"sub", waldo_value_sub}, {"mul", waldo_value_mul},
    {"floordiv", waldo_value_floordiv}, {"mod", waldo_value_mod}, {"pow", waldo_value_pow},
};

static void claim_about(FILE *out, const waldo_value *value)
{
    char *repr = waldo_value_repr(value);
    cr_assert_not_null(repr);
    fputs("repr\t", out);
    write_expression(out, value);
    fputc('\t', out);
    write_hex(out, repr, strlen(repr));
    fputs("\ntruth\t", out);
    write_expression(out, value);
    fprintf(out, "\t%d\n", waldo_value_is_true(value));
    free(repr);
}

static void write_pair(FILE *out, const char *kind, const waldo_value *left,
                       const waldo_value *right)
{
    fprintf(out, "%s\t", kind);
    write_expression(out, left);
    fputc('\t', out);
    write_expression(out, right);
    fputc('\t', out);
}

static void claim_relation(FILE *out, const waldo_value *left, const waldo_value *right)
{
    int equal = waldo_value_equal(left, right, NULL);
    int order;
    write_pair(out, "equal", left, right);
    fprintf(out, "%d\n", equal);
    write_pair(out, "order", left, right);
    if (waldo_value_compare(left, right, &order, NULL) < 0)
        fputs("!\n", out);
    else
        fprintf(out, "%d\n", order);
    uint64_t hash;
    uint64_t other;
    if (equal == 1 && waldo_value_hash(left, &hash, NULL) >= 0 &&
        waldo_value_hash(right, &other, NULL) >= 0)
        cr_assert_eq(hash, other);
}

static void claim_result(FILE *out, size_t which, const waldo_value *left, const waldo_value *right)
{
    waldo_value *result;
    waldo_error err = WALDO_ERROR_INIT;
    int status = operations[which].run(left, right, &result, &err);
    write_pair(out, operations[which].name, left, right);
    if (status < 0) {
        fprintf(out, "!%s\n", err.type_name);
        return;
    }
    write_expression(out, result);
    fputc('\n', out);
    waldo_value_unref(result);
}

/* Of kinds that often go together, so that not all is a TypeError. */
static waldo_value *random_operand(void)
{
    return below(8) ? (below(2) ? random_int() : waldo_v(random_double())) : random_value(1);
}

static bool is_text(const waldo_value *value)
{
    return waldo_value_kind(value) == WALDO_KIND_STR || waldo_value_kind(value) == WALDO_KIND_BYTES;
}

/* Left out: % of text, which formats in Python, and what takes Python long or much memory. */
static bool is_comparable(size_t which, const waldo_value *left, const waldo_value *right)
{
    int64_t number;
    bool small = waldo_value_get_int64(right, &number, NULL) >= 0 && number > -50 && number < 50;
    bool left_is_number = waldo_value_kind(left) <= WALDO_KIND_FLOAT;
    bool right_is_number = waldo_value_kind(right) <= WALDO_KIND_FLOAT;
    if (operations[which].run == waldo_value_mod)
        return !is_text(left);
    if (operations[which].run == waldo_value_mul)
        return small || (left_is_number && right_is_number);
    if (operations[which].run == waldo_value_pow)
        return small || waldo_value_kind(right) != WALDO_KIND_INT;
    return true;
}

static void write_claims(FILE *out)
{
    for (int i = 0; i < ROUNDS; i++) {
        waldo_value *left = random_value(3);
        waldo_value *right = below(3) ? random_value(3) : waldo_value_ref(left);
        claim_about(out, left);
        claim_relation(out, left, right);
        waldo_value_unref(left);
        waldo_value_unref(right);
        size_t which = below(6);
        left = random_operand();
        right = below(2) ? waldo_v((int)below(40) - 8) : random_operand();
        claim_relation(out, left, right);
        if (is_comparable(which, left, right))
            claim_result(out, which, left, right);
        waldo_value_unref(left);
        waldo_value_unref(right);
    }
}

static void write_powers_of_two(FILE *out)
{
    for (int exponent = -1074; exponent < 1024; exponent++) {
        waldo_value *value = waldo_v(ldexp(1.0, exponent));
        claim_about(out, value);
        waldo_value_unref(value);
    }
}

/* The exit status of python3 with these arguments; 127: there is none. */
static int run_python(char *const arguments[])
{
    pid_t child;
    int status;
    if (posix_spawnp(&child, "python3", NULL, NULL, arguments, environ) != 0)
        return 127;
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(value_python, python_agrees)
{
    if (run_python((char *[]){"python3", "-c", "pass", NULL}) != 0)
        cr_skip("no python3");
    char path[] = "/tmp/waldo-claims-XXXXXX";
    int descriptor = mkstemp(path);
    cr_assert(descriptor >= 0);
    FILE *out = fdopen(descriptor, "w");
    cr_assert_not_null(out);
    write_claims(out);
    write_powers_of_two(out);
    cr_assert_eq(fclose(out), 0);

    int status = run_python((char *[]){"python3", VALUE_ORACLE, path, NULL});
    unlink(path);
    cr_assert_eq(status, 0, "see the claims above");
}
