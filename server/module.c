/* Loading shared objects that register types. */
#include <waldo/server.h>

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

typedef int module_initialize(waldo_registry *registry, waldo_error *reterr);

/* POSIX lets an object pointer of dlsym be a function; ISO C has no cast for it. */
static module_initialize *as_function(void *symbol)
{
    module_initialize *function;
    memcpy(&function, &symbol, sizeof function);
    return function;
}

static int find_initialize(void *handle, const char *path, module_initialize **ret_initialize,
                           waldo_error *reterr)
{
    const unsigned *abi = dlsym(handle, "waldo_module_abi");
    void *symbol = dlsym(handle, "waldo_module_init");
    if (!abi || !symbol)
        return waldo_error_set(reterr, WALDO_EMODULE,
                               "%s is no module of Waldo: it has no WALDO_MODULE()", path);
    if (*abi != WALDO_ABI)
        return waldo_error_set(reterr, WALDO_EVERSION,
                               "%s was made for ABI %u of Waldo, this is ABI %d", path, *abi,
                               WALDO_ABI);
    *ret_initialize = as_function(symbol);
    return 0;
}

int waldo_registry_load(waldo_registry *registry, const char *path, waldo_error *reterr)
{
    /* dlopen() looks for a name without a slash elsewhere; a file here is meant. */
    char file[PATH_MAX];
    int length = snprintf(file, sizeof file, "%s%s", strchr(path, '/') ? "" : "./", path);
    if (length < 0 || (size_t)length >= sizeof file)
        return waldo_error_set(reterr, WALDO_EMODULE, "the path of the module is too long");
    void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *reason = dlerror(); /* names the file itself */
        return waldo_error_set(reterr, WALDO_EMODULE, "%s", reason ? reason : file);
    }
    module_initialize *initialize = NULL;
    int status = find_initialize(handle, path, &initialize, reterr);
    if (status < 0) {
        dlclose(handle);
        return status;
    }
    /* From here on it stays: types of it may be registered. */
    waldo_error error = WALDO_ERROR_INIT;
    status = initialize(registry, &error);
    if (status < 0 && error.code == 0)
        waldo_error_set(&error, status, "%s: %s", path, waldo_error_text(status));
    if (status < 0 && reterr)
        *reterr = error;
    return status;
}
