#include "daemon.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trial/types.h"

enum { SCHEMES = 5, URL_SIZE = 256 };

struct daemon_server {
    pid_t pid;
    char directory[64]; /* of the sockets */
    char listens[SCHEMES][URL_SIZE];
};

static const char *const schemes[SCHEMES] = {"tcp", "ipc", "nn+tcp", "nn+ipc", "ws"};

/* Beside this program, or where the PATH leads. */
static void find_program(char *path, size_t size)
{
    static const char name[] = "waldod";
    ssize_t length = readlink("/proc/self/exe", path, size - sizeof name);
    path[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(path, '/');
    char *end = slash ? slash + 1 : path;
    memcpy(end, name, sizeof name);
    if (access(path, X_OK) < 0)
        memcpy(path, name, sizeof name);
}

/* The module is a library that this program uses. */
static const char *trial_types(void)
{
    Dl_info info;
    return dladdr((void *)(uintptr_t)conformance_register, &info) ? info.dli_fname : NULL;
}

_Noreturn static void become_waldod(const daemon_server *server, const char *authkey_file,
                                    int output)
{
    char program[PATH_MAX];
    const char *module = trial_types();
    char direct[URL_SIZE], nanomsg[URL_SIZE];
    find_program(program, sizeof program);
    snprintf(direct, sizeof direct, "ipc://%s/direct", server->directory);
    snprintf(nanomsg, sizeof nanomsg, "nn+ipc://%s/nanomsg", server->directory);
    /* Less than the default, so that clients that die are missed sooner. */
    const char *arguments[32] = {program,
                                 "--lease",
                                 "4",
                                 "--grace",
                                 "0.5",
                                 "--listen",
                                 "tcp://127.0.0.1:0",
                                 "--listen",
                                 direct,
                                 "--listen",
                                 "nn+tcp://127.0.0.1:0",
                                 "--listen",
                                 nanomsg,
                                 "--listen",
                                 "ws://127.0.0.1:0"};
    size_t count = 0;
    while (arguments[count])
        count++;
    if (module) {
        arguments[count++] = "--load";
        arguments[count++] = module;
    }
    if (authkey_file) {
        arguments[count++] = "--authkey-file";
        arguments[count++] = authkey_file;
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(output, STDOUT_FILENO);
    execvp(program, (char *const *)arguments);
    fprintf(stderr, "waldo-conformance: %s: %s\n", program, strerror(errno));
    _exit(127);
}

static bool read_listeners(daemon_server *server, int output)
{
    FILE *lines = fdopen(output, "r");
    if (!lines)
        return false;
    char line[URL_SIZE + 32];
    bool good = true;
    for (size_t i = 0; i < SCHEMES && good; i++)
        good = fgets(line, sizeof line, lines) &&
               sscanf(line, "listening on %255s", server->listens[i]) == 1;
    fclose(lines);
    return good;
}

daemon_server *daemon_start(const char *authkey_file)
{
    daemon_server *server = calloc(1, sizeof *server);
    int output[2];
    if (!server)
        return NULL;
    snprintf(server->directory, sizeof server->directory, "/tmp/waldo-conformance-XXXXXX");
    if (!mkdtemp(server->directory) || pipe(output) < 0) {
        perror("waldo-conformance");
        free(server);
        return NULL;
    }
    server->pid = fork();
    if (server->pid == 0) {
        close(output[0]);
        become_waldod(server, authkey_file, output[1]);
    }
    close(output[1]);
    if (server->pid < 0 || !read_listeners(server, output[0])) {
        fprintf(stderr, "waldo-conformance: waldod does not start\n");
        (void)daemon_stop(server);
        return NULL;
    }
    return server;
}

const char *daemon_url(const daemon_server *server, const char *scheme)
{
    if (strcmp(scheme, "shm") == 0)
        scheme = "ipc";
    for (size_t i = 0; i < SCHEMES; i++)
        if (strcmp(schemes[i], scheme) == 0)
            return server->listens[i];
    return NULL;
}

int daemon_stop(daemon_server *server)
{
    int status = 0;
    if (!server)
        return 0;
    if (server->pid > 0) {
        kill(server->pid, SIGTERM);
        waitpid(server->pid, &status, 0);
    }
    if (rmdir(server->directory) < 0)
        perror(server->directory);
    free(server);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}
