#include "memory/place.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

void waldo__place_of(const waldo__segment *segment, Waldo__Wire__Place *ret_place)
{
    waldo__wire__place__init(ret_place);
    ret_place->process = (uint32_t)getpid();
    ret_place->descriptor = (uint32_t)segment->descriptor;
    ret_place->device = segment->device;
    ret_place->file = segment->file;
    ret_place->name = (char *)segment->name;
}

static int not_there(waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_EKEY, "the buffer is not where it was any more");
}

/* Nothing has been opened yet but the name: a pipe or a device there does not notice. */
static int check_file(int name, const Waldo__Wire__Place *place, waldo_error *reterr)
{
    struct stat file;
    if (fstat(name, &file) < 0)
        return waldo_error_system(reterr, errno, "a buffer's memory");
    if (!S_ISREG(file.st_mode) || file.st_dev != place->device || file.st_ino != place->file)
        return not_there(reterr);
    if (file.st_uid != geteuid())
        return waldo_error_set(reterr, WALDO_EPERMISSION,
                               "a buffer's memory belongs to another user");
    return 0;
}

int waldo__place_check_number(int descriptor, waldo_error *reterr)
{
    struct rlimit most;
    if (getrlimit(RLIMIT_NOFILE, &most) < 0 || (rlim_t)descriptor < most.rlim_cur / 4 * 3)
        return 0;
    return waldo_error_set(reterr, WALDO_ELIMIT, "no descriptor is left for a buffer that came");
}

static int open_named(int name, int *ret_descriptor, waldo_error *reterr)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", name);
    int descriptor = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0)
        return waldo_error_system(reterr, errno, "a buffer's memory");
    int status = waldo__place_check_number(descriptor, reterr);
    if (status < 0)
        close(descriptor);
    else
        *ret_descriptor = descriptor;
    return status;
}

int waldo__place_open(const Waldo__Wire__Place *place, int *ret_descriptor, waldo_error *reterr)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%u/fd/%u", place->process, place->descriptor);
    int name = open(path, O_PATH | O_CLOEXEC);
    if (name < 0 && (errno == ENOENT || errno == ESRCH))
        return not_there(reterr);
    if (name < 0)
        return waldo_error_system(reterr, errno, "a buffer's memory");
    int status = check_file(name, place, reterr);
    if (status >= 0)
        status = open_named(name, ret_descriptor, reterr);
    close(name);
    return status;
}

/* ---- probes ---- */

static int make_secret(const uint8_t *secret)
{
    int descriptor = memfd_create("waldo-probe", MFD_CLOEXEC);
    if (descriptor < 0)
        return -1;
    if (write(descriptor, secret, WALDO__PROBE_SECRET) == WALDO__PROBE_SECRET)
        return descriptor;
    close(descriptor);
    return -1;
}

void waldo__probe_init(waldo__probe *probe)
{
    struct stat file;
    randombytes_buf(probe->secret, sizeof probe->secret);
    waldo__wire__probe__init(&probe->message);
    waldo__wire__place__init(&probe->place);
    probe->descriptor = make_secret(probe->secret);
    if (probe->descriptor < 0 || fstat(probe->descriptor, &file) < 0)
        return;
    probe->place.process = (uint32_t)getpid();
    probe->place.descriptor = (uint32_t)probe->descriptor;
    probe->place.device = file.st_dev;
    probe->place.file = file.st_ino;
    probe->message.place = &probe->place;
    probe->message.secret = (ProtobufCBinaryData){sizeof probe->secret, probe->secret};
}

void waldo__probe_close(waldo__probe *probe)
{
    if (probe->descriptor >= 0)
        close(probe->descriptor);
    probe->descriptor = -1;
}

bool waldo__probe_is_reached(const Waldo__Wire__Probe *probe)
{
    uint8_t secret[WALDO__PROBE_SECRET];
    int descriptor;
    if (!probe || !probe->place || probe->secret.len != sizeof secret ||
        waldo__place_open(probe->place, &descriptor, NULL) < 0)
        return false;
    bool reached = pread(descriptor, secret, sizeof secret, 0) == sizeof secret &&
                   sodium_memcmp(secret, probe->secret.data, sizeof secret) == 0;
    close(descriptor);
    return reached;
}
