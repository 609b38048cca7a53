#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include "../held_port.h"

/* ---- waiting ---- */

double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int faults_times(void)
{
    const char *given = getenv("WALDO_FAULTS_TIMES");
    return given && atoi(given) > 0 ? atoi(given) : 1;
}

void pause_ms(unsigned ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

/* ---- processes ---- */

enum { MAX_ARGUMENTS = 32 };

static void make_pipe(int ends[2])
{
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0, "%s", strerror(errno));
}

process spawn(const char *const *arguments, bool catch_errors)
{
    int input[2], output[2], errors[2] = {-1, -1};
    make_pipe(input);
    make_pipe(output);
    if (catch_errors)
        make_pipe(errors);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    if (catch_errors)
        posix_spawn_file_actions_adddup2(&actions, errors[1], STDERR_FILENO);
    process made = {.input = input[1], .output = output[0], .errors = errors[0]};
    /* It dies with the test. */
    const char *command[MAX_ARGUMENTS + 4] = {"setpriv", "--pdeathsig", "KILL"};
    for (size_t i = 0; arguments[i]; i++) {
        cr_assert_lt(i, MAX_ARGUMENTS);
        command[i + 3] = arguments[i];
    }
    int status =
        posix_spawnp(&made.pid, command[0], &actions, NULL, (char *const *)command, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(input[0]);
    close(output[1]);
    if (catch_errors)
        close(errors[1]);
    cr_assert_eq(status, 0, "%s: %s", arguments[0], strerror(status));
    return made;
}

bool read_line(int descriptor, char *line, size_t size)
{
    size_t length = 0;
    while (length + 1 < size) {
        struct pollfd readable = {.fd = descriptor, .events = POLLIN};
        if (poll(&readable, 1, (int)(PATIENCE * 1000)) <= 0 ||
            read(descriptor, line + length, 1) != 1)
            return false;
        if (line[length] == '\n')
            break;
        length++;
    }
    line[length] = '\0';
    return true;
}

void expect_line(const process *from, const char *expected)
{
    char line[256];
    cr_assert(read_line(from->output, line, sizeof line), "it does not say \"%s\"", expected);
    cr_assert_str_eq(line, expected);
}

static void close_once(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
    *descriptor = -1;
}

int await_end(process *one)
{
    int status = 0;
    pid_t ended = 0;
    AWAIT((ended = waitpid(one->pid, &status, WNOHANG)) != 0);
    cr_assert_eq(ended, one->pid);
    close_once(&one->input);
    close_once(&one->output);
    close_once(&one->errors);
    one->pid = 0;
    return status;
}

void end_with(process *one, int signal_number)
{
    kill(one->pid, signal_number);
    (void)await_end(one);
}

void stop(const process *one)
{
    int status;
    kill(one->pid, SIGSTOP);
    cr_assert_eq(waitpid(one->pid, &status, WUNTRACED), one->pid);
    cr_assert(WIFSTOPPED(status));
}

size_t descriptors_of(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *directory = opendir(path);
    cr_assert(directory, "%s: %s", path, strerror(errno));
    size_t count = 0;
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

size_t resident_of(pid_t pid)
{
#ifdef __SANITIZE_THREAD__
    /* It would be ThreadSanitizer's own. */
    (void)pid;
    return 0;
#else
    char path[64];
    unsigned long total = 0, resident = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    FILE *file = fopen(path, "re");
    cr_assert(file && fscanf(file, "%lu %lu", &total, &resident) == 2, "%s", path);
    fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
#endif
}

/* ---- keys ---- */

void format_key(char *text, size_t size, const char *name, int seed, const char *rights)
{
    uint8_t secret[32];
    char encoded[64];
    memset(secret, seed, sizeof secret);
    sodium_bin2base64(encoded, sizeof encoded, secret, sizeof secret,
                      sodium_base64_VARIANT_ORIGINAL);
    int length = snprintf(text, size, "key %s %s %s\n", name, encoded, rights);
    cr_assert(length > 0 && (size_t)length < size);
}

void write_private(const char *path, const char *text)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    cr_assert_geq(descriptor, 0, "%s: %s", path, strerror(errno));
    cr_assert_eq(write(descriptor, text, strlen(text)), (ssize_t)strlen(text));
    close(descriptor);
}

/* ---- servers ---- */

static void launch(server *one)
{
    const char *arguments[MAX_ARGUMENTS] = {"unshare", "--net"};
    size_t count = one->elsewhere ? 2 : 0;
    arguments[count++] = one->program;
    arguments[count++] = "--load";
    arguments[count++] = FAULTS_TYPES;
    arguments[count++] = "--authkey-file";
    arguments[count++] = one->ring;
    for (int i = 0; i < MAX_URLS; i++) {
        arguments[count++] = "--listen";
        arguments[count++] = one->urls[i];
    }
    for (const char *const *option = one->options; option && *option; option++)
        arguments[count++] = *option;
    arguments[count] = NULL;
    one->process = spawn(arguments, false);
    for (int i = 0; i < MAX_URLS; i++) {
        static const char prefix[] = "listening on ";
        char line[256];
        cr_assert(read_line(one->process.output, line, sizeof line), "waldod does not start");
        cr_assert(strncmp(line, prefix, sizeof prefix - 1) == 0, "%s", line);
        snprintf(one->urls[i], sizeof one->urls[i], "%.120s", line + sizeof prefix - 1);
    }
}

static void prepare(server *one, const char *const *options)
{
    *one = (server){.directory = "/tmp/waldo-faults-XXXXXX", .program = WALDOD, .options = options};
    cr_assert(mkdtemp(one->directory), "%s", strerror(errno));
    snprintf(one->key_file, sizeof one->key_file, "%s/key", one->directory);
    snprintf(one->ring, sizeof one->ring, "%s/key", one->directory);
    char key[160];
    format_key(key, sizeof key, "test", 1, "create=* call=* shutdown list");
    write_private(one->key_file, key);
    hold_port("tcp", one->urls[0], sizeof one->urls[0], &one->held[0]);
    snprintf(one->urls[1], sizeof one->urls[1], "ipc://%s/socket", one->directory);
    hold_port("nn+tcp", one->urls[2], sizeof one->urls[2], &one->held[2]);
    hold_port("ws", one->urls[3], sizeof one->urls[3], &one->held[3]);
}

void start_server(server *one, const char *const *options)
{
    prepare(one, options);
    launch(one);
}

void start_server_of(server *one, const char *program, const char *const *options)
{
    prepare(one, options);
    one->program = program;
    launch(one);
}

void start_server_with_ring(server *one)
{
    char key[160];
    prepare(one, NULL);
    snprintf(one->ring, sizeof one->ring, "%s/ring", one->directory);
    format_key(key, sizeof key, "owner", 1, "create=* call=* shutdown list");
    write_private(one->ring, key);
    launch(one);
}

void start_server_elsewhere(server *one, const char *const *options, const char *url)
{
    prepare(one, options);
    one->elsewhere = true;
    snprintf(one->urls[0], sizeof one->urls[0], "%s", url);
    /* There is no loopback yet. */
    snprintf(one->urls[2], sizeof one->urls[2], "tcp://0.0.0.0:0");
    snprintf(one->urls[3], sizeof one->urls[3], "ws://0.0.0.0:0");
    launch(one);
}

void kill_server(server *one)
{
    end_with(&one->process, SIGKILL);
}

void restart_server(server *one)
{
    launch(one);
}

static void remove_directory(const char *path)
{
    DIR *directory = opendir(path);
    cr_assert(directory, "%s", path);
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(directory), entry->d_name, 0);
    closedir(directory);
    rmdir(path);
}

void stop_server(server *one)
{
    kill(one->process.pid, SIGTERM);
    int status = await_end(&one->process);
    for (int i = 0; i < MAX_URLS; i++)
        if (one->held[i] > 0)
            close_once(&one->held[i]);
    remove_directory(one->directory);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "waldod ended with %#x", status);
}

/* ---- clients ---- */

waldo_manager *connect_to(const server *one, const char *url)
{
    waldo_manager_options options = {.authkey_file = one->key_file, .call_timeout = PATIENCE};
    waldo_manager *manager = NULL;
    OK(waldo_connect(url, &options, &manager, &error));
    return manager;
}

process spawn_client(const server *one, const char *url, const char *action, const char *argument)
{
    const char *arguments[] = {FAULTS_CLIENT, url, one->key_file, action, argument, NULL};
    return spawn(arguments, false);
}
