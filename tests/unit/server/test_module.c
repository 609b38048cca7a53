/* Loading shared objects that register types. */
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "registry.h"

static void assert_refused(const char *path, int code, const char *words)
{
    waldo_registry *registry = waldo_registry_new(NULL);
    size_t before = registry->count;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_registry_load(registry, path, &err), code, "%s: %s", path, err.message);
    cr_assert_eq(err.code, code);
    cr_assert_str_eq(err.type_name, waldo_error_type(code));
    cr_assert_not_null(strstr(err.message, words), "%s", err.message);
    cr_assert_eq(registry->count, before);
    cr_assert_eq(waldo_registry_load(registry, path, NULL), code);
    waldo_registry_unref(registry);
}

Test(module, registers_its_types)
{
    waldo_registry *registry = waldo_registry_new(NULL);
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_registry_load(registry, TYPES_MODULE, &err), 0, "%s", err.message);
    cr_assert_not_null(waldo__registry_find(registry, "Thing"));
    cr_assert_not_null(waldo__registry_find(registry, "Picky"));
    /* Again: its types are taken. */
    cr_assert_eq(waldo_registry_load(registry, TYPES_MODULE, &err), WALDO_EEXIST);
    waldo_registry_unref(registry);
    /* It stays loaded, for the next registry. */
    registry = waldo_registry_new(NULL);
    cr_assert_eq(waldo_registry_load(registry, TYPES_MODULE, &err), 0, "%s", err.message);
    waldo_registry_unref(registry);
}

Test(module, a_name_without_a_slash_is_a_file_here)
{
    waldo_registry *registry = waldo_registry_new(NULL);
    char directory[sizeof TYPES_MODULE] = TYPES_MODULE;
    char *name = strrchr(directory, '/');
    waldo_error err = WALDO_ERROR_INIT;

    *name++ = '\0';
    cr_assert_eq(chdir(directory), 0);
    cr_assert_eq(waldo_registry_load(registry, name, &err), 0, "%s", err.message);
    waldo_registry_unref(registry);
    /* Not one of the system's libraries. */
    assert_refused("libc.so.6", WALDO_EMODULE, "libc.so.6");
}

Test(module, no_such_file)
{
    assert_refused("/nowhere/at/all.so", WALDO_EMODULE, "/nowhere/at/all.so");
    assert_refused("", WALDO_EMODULE, "");
    assert_refused("/", WALDO_EMODULE, "");
}

Test(module, not_a_shared_object)
{
    assert_refused("/proc/self/status", WALDO_EMODULE, "/proc/self/status");
    assert_refused("/dev/null", WALDO_EMODULE, "/dev/null");
}

Test(module, a_path_that_is_too_long)
{
    static char path[10000];

    memset(path, 'x', sizeof path - 1);
    assert_refused(path, WALDO_EMODULE, "the path of the module is too long");
}

Test(module, no_waldo_module)
{
    assert_refused(NO_MODULE, WALDO_EMODULE, "is no module of Waldo: it has no WALDO_MODULE()");
}

Test(module, another_abi)
{
    assert_refused(OTHER_ABI_MODULE, WALDO_EVERSION, "was made for ABI 2 of Waldo, this is ABI 1");
}

Test(module, what_nobody_has)
{
    assert_refused(UNRESOLVED_MODULE, WALDO_EMODULE, "nobody_has_this");
}

Test(module, an_initialize_that_fails)
{
    assert_refused(FAILS_MODULE, WALDO_EPERMISSION, "the licence has run out");
}

Test(module, an_initialize_that_does_not_say_why)
{
    assert_refused(FAILS_SILENTLY_MODULE, WALDO_EKEY, "fails_silently");
}
