/* Who this process is: its name, its parent, its key. Written while it begins, before its target
 * runs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sodium.h>

#include "process/process.h"

static waldo_mp_process self = {
    .relation = WALDO__SELF,
    .name = "MainProcess",
    .identity = "",
    .state = WALDO__PROCESS_RUNNING,
    .handle = -1,
    .sentinel = -1,
};
static waldo_mp_process parent = {.relation = WALDO__PARENT, .handle = -1, .sentinel = -1};

/* With the lock of children.c. */
static unsigned children_named;
static bool has_authkey;
static uint8_t authkey[WALDO__PROCESS_AUTHKEY_SIZE];

waldo_mp_process *waldo_mp_current_process(void)
{
    return &self;
}

waldo_mp_process *waldo_mp_parent_process(void)
{
    return parent.name ? &parent : NULL;
}

int waldo__process_authkey(uint8_t ret_key[WALDO__PROCESS_AUTHKEY_SIZE], waldo_error *reterr)
{
    if (sodium_init() < 0)
        return waldo_error_set(reterr, WALDO_ESYSTEM, "no randomness");
    waldo__children_lock();
    if (!has_authkey)
        randombytes_buf(authkey, sizeof authkey);
    has_authkey = true;
    memcpy(ret_key, authkey, sizeof authkey);
    waldo__children_unlock();
    return 0;
}

/* ---- a child to be ---- */

int waldo__name_child(const char *name, const char **ret_name, const char **ret_identity,
                      waldo_error *reterr)
{
    char *identity = NULL;
    char *given = NULL;
    waldo__children_lock();
    unsigned number = ++children_named;
    waldo__children_unlock();
    int length = asprintf(&identity, "%s%s%u", self.identity, self.identity[0] ? ":" : "", number);
    if (length >= 0)
        length = name ? asprintf(&given, "%s", name) : asprintf(&given, "Process-%s", identity);
    else
        identity = NULL;
    if (length < 0) {
        free(identity);
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a process");
    }
    *ret_name = given;
    *ret_identity = identity;
    return 0;
}

int waldo__birth_of(const waldo_mp_process *process, waldo__birth *ret_birth, waldo_error *reterr)
{
    waldo__birth birth = {
        .name = process->name,
        .identity = process->identity,
        .daemon = process->daemon,
        .start_method = waldo_mp_get_start_method(true),
        .parent_name = self.name,
        .parent_pid = getpid(),
    };
    int status = waldo__process_authkey(birth.authkey, reterr);
    if (status < 0)
        return status;
    birth.parent_handle = (int)syscall(SYS_pidfd_open, birth.parent_pid, 0);
    if (birth.parent_handle < 0)
        return waldo_error_system(reterr, errno, "a descriptor of this process");
    *ret_birth = birth;
    return 0;
}

/* ---- a child that is ---- */

int waldo__become(const waldo__birth *birth, waldo_error *reterr)
{
    if (parent.handle >= 0)
        close(parent.handle);
    self.name = birth->name;
    self.identity = birth->identity;
    self.daemon = birth->daemon;
    parent.name = birth->parent_name;
    parent.pid = birth->parent_pid;
    parent.handle = parent.sentinel = birth->parent_handle;
    parent.state = WALDO__PROCESS_RUNNING;
    children_named = 0;
    has_authkey = true;
    memcpy(authkey, birth->authkey, sizeof authkey);
    return waldo_mp_set_start_method(birth->start_method, true, reterr);
}
