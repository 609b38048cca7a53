/* Sockets without anything above them: as many bytes there and back as a short call has. And 1 MiB,
 * sealed by who sends it and opened by who receives it, with the cipher that Waldo's frames have
 * between two programs of this machine. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <sodium.h>

#include "bench/bench.h"

enum {
    SHORT = 96, /* what dict.__getitem__ of an int takes on tcp://, frame and encryption included */
    LONG = 1024 * 1024,
    TAG = crypto_aead_chacha20poly1305_ietf_ABYTES, /* and AES-GCM's */
    NONCE = crypto_aead_chacha20poly1305_ietf_NPUBBYTES,
    KEY = crypto_aead_chacha20poly1305_ietf_KEYBYTES
};

/* One side of a connection. */
typedef struct raw_end {
    int socket;
    size_t size;    /* of what is on the wire */
    uint8_t *wire;  /* of so many bytes */
    uint8_t *plain; /* the same opened; NULL: nothing is sealed */
    bool has_aes;
    crypto_aead_aes256gcm_state aes;
} raw_end;

typedef struct raw_state {
    bench_child server;
    raw_end end;
} raw_state;

static bool receive_all(int socket, uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t count = recv(socket, data, size, 0);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        data += count;
        size -= (size_t)count;
    }
    return true;
}

static bool send_all(int socket, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t count = send(socket, data, size, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return false;
        data += count;
        size -= (size_t)count;
    }
    return true;
}

/* Key and nonce are always the same: nobody listens. */
static const uint8_t key[KEY], nonce[NONCE];

static bool end_open(raw_end *end, const char *kind)
{
    bool is_sealed = strcmp(kind, "encrypted") == 0;
    *end = (raw_end){.socket = -1, .size = is_sealed ? LONG + TAG : SHORT};
    end->wire = calloc(1, end->size);
    if (is_sealed)
        end->plain = calloc(1, end->size);
    if (sodium_init() < 0)
        return false;
    end->has_aes = crypto_aead_aes256gcm_is_available();
    if (end->has_aes)
        crypto_aead_aes256gcm_beforenm(&end->aes, key);
    return end->wire && (!is_sealed || end->plain);
}

static void end_close(raw_end *end)
{
    if (end->socket >= 0)
        close(end->socket);
    free(end->wire);
    free(end->plain);
}

static void seal(raw_end *end)
{
    if (end->has_aes)
        crypto_aead_aes256gcm_encrypt_afternm(end->wire, NULL, end->plain, end->size - TAG, NULL, 0,
                                              NULL, nonce, &end->aes);
    else
        crypto_aead_chacha20poly1305_ietf_encrypt(end->wire, NULL, end->plain, end->size - TAG,
                                                  NULL, 0, NULL, nonce, key);
}

static bool open_sealed(raw_end *end)
{
    if (end->has_aes)
        return crypto_aead_aes256gcm_decrypt_afternm(end->plain, NULL, NULL, end->wire, end->size,
                                                     NULL, 0, nonce, &end->aes) == 0;
    return crypto_aead_chacha20poly1305_ietf_decrypt(end->plain, NULL, NULL, end->wire, end->size,
                                                     NULL, 0, nonce, key) == 0;
}

static bool end_send(raw_end *end)
{
    if (end->plain)
        seal(end);
    return send_all(end->socket, end->wire, end->size);
}

static bool end_receive(raw_end *end)
{
    return receive_all(end->socket, end->wire, end->size) && (!end->plain || open_sealed(end));
}

static void set_no_delay(int socket)
{
    int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static struct sockaddr_in local_address(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static struct sockaddr_un path_address(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    return address;
}

/* ---- the server: echoes to one client ---- */

static int listen_at(const char *kind, const char *path)
{
    bool is_tcp = strcmp(kind, "unix") != 0;
    int listener = socket(is_tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in here = local_address(0);
    struct sockaddr_un file = path_address(path);
    int status = is_tcp ? bind(listener, (struct sockaddr *)&here, sizeof here)
                        : bind(listener, (struct sockaddr *)&file, sizeof file);
    socklen_t size = sizeof here;
    if (status < 0 || listen(listener, 1) < 0 ||
        (is_tcp && getsockname(listener, (struct sockaddr *)&here, &size) < 0))
        return -1;
    printf("%d\n", is_tcp ? ntohs(here.sin_port) : 0);
    fflush(stdout);
    return listener;
}

int bench_serve_raw(const char *kind, const char *address)
{
    raw_end end = {.socket = -1};
    int listener = listen_at(kind, address);
    bool good = listener >= 0 && end_open(&end, kind);
    if (good) {
        end.socket = accept(listener, NULL, NULL);
        if (strcmp(kind, "unix") != 0)
            set_no_delay(end.socket);
        while (end_receive(&end) && end_send(&end))
            ;
    }
    end_close(&end);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- the client ---- */

static int connect_to(const char *kind, const char *path, uint16_t port)
{
    bool is_tcp = strcmp(kind, "unix") != 0;
    int client = socket(is_tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in there = local_address(port);
    struct sockaddr_un file = path_address(path);
    int status = is_tcp ? connect(client, (struct sockaddr *)&there, sizeof there)
                        : connect(client, (struct sockaddr *)&file, sizeof file);
    if (status < 0) {
        close(client);
        return -1;
    }
    if (is_tcp)
        set_no_delay(client);
    return client;
}

static void close_raw(bench_row *row)
{
    raw_state *state = row->state;
    end_close(&state->end);
    bench_child_end(&state->server);
    free(state);
}

static bench_opened open_raw(bench_row *row)
{
    raw_state *state = calloc(1, sizeof *state);
    if (!state)
        return bench_fail(row, "no memory");
    row->state = state;
    char path[BENCH_PATH_SIZE], line[32];
    snprintf(path, sizeof path, "%s/raw", row->place->directory);
    if (end_open(&state->end, row->parameter) &&
        bench_child_serve(&state->server, row->parameter, path) &&
        bench_child_read_line(&state->server, line, sizeof line))
        state->end.socket = connect_to(row->parameter, path, (uint16_t)strtoul(line, NULL, 10));
    if (state->end.socket >= 0)
        return BENCH_READY;
    close_raw(row);
    return bench_fail(row, "its server does not start: %s", strerror(errno));
}

static bool echo_once(bench_row *row)
{
    raw_state *state = row->state;
    return (end_send(&state->end) && end_receive(&state->end)) ||
           bench_fail(row, "the connection broke") == BENCH_READY;
}

static double run_raw(bench_row *row, double seconds, histogram *times)
{
    return bench_time_each(row, seconds, times, echo_once);
}

#define RAW .is_peer = true, .open = open_raw, .run = run_raw, .close = close_raw

bench_row bench_raw_rows[] = {
    {.name = "raw.tcp", RAW, .parameter = "tcp"},
    {.name = "raw.unix", RAW, .parameter = "unix"},
    {.name = "raw.tcp.encrypted", RAW, .parameter = "encrypted"},
    {0},
};
