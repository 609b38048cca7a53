/* waldod: a server for types that come in modules.
 *
 *     waldod --listen URL... [--load FILE.so...] [--share NAME=TYPE...] [--authkey-file FILE] ...
 *
 * Prints one line `listening on URL` for each listener, then serves until SIGTERM or SIGINT, which
 * drain; a second one ends it at once. SIGHUP reads the key file again. Exit status: 0 served, 1
 * could not, 2 wrong usage. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#include <waldo/server.h>

static const char usage[] =
    "usage: waldod --listen URL [--load FILE.so] [--share NAME=TYPE] [OPTION...]\n"
    "\n"
    "  --listen URL         tcp://127.0.0.1:5555 ipc:///run/me.sock ws://127.0.0.1:8080, or by\n"
    "                       libnanomsg nn+tcp:// nn+ipc://; once for each address;\n"
    "                       ipc:///run/me.sock?shm=0 lets nobody move to shared memory;\n"
    "                       port 0 takes a free one\n"
    "  --load FILE.so       a module that registers types; once for each\n"
    "  --share NAME=TYPE    all clients that ask for NAME get the same object: jobs=Queue,\n"
    "                       'start=Barrier(3)', \"total=Value('q', 0)\"; once for each\n"
    "  --authkey-file FILE  a key ring (waldo-keygen makes one); the user's own key\n"
    "  --max-message BYTES  the largest message taken or sent; 64 MiB\n"
    "  --lease SECONDS      a client that is silent for so long is given up; 10\n"
    "  --grace SECONDS      or without a connection for so long; 2\n"
    "  --transit SECONDS    a proxy on its way keeps its object for so long; 60\n"
    "  --handshake SECONDS  a stranger has so long to prove that it holds a key; 10\n"
    "  --spin MICROSECONDS  looks for the next request for so long before it sleeps, while\n"
    "                       requests come so often; 0: never; 100\n"
    "  --limit NAME=NUMBER  another limit than the default: connections, strangers,\n"
    "                       sessions, objects, message, queued, parked, kept,\n"
    "                       kept_bytes, tickets, depth, batch, memory (waldo/limits.h)\n"
    "  --version, --help\n";

enum { MAX_URLS = 16, MAX_SHARED = 256, MAX_ARGUMENTS = 16 };

typedef struct waldod_settings {
    waldo_registry *registry;
    const char *urls[MAX_URLS];
    int url_count;
    const char *shared[MAX_SHARED]; /* NAME=TYPE */
    int shared_count;
    waldo_server_options options;
} waldod_settings;

/* NULL: none any more. Its threads, which may be handling a signal, end before it is freed. */
static waldo_server *_Atomic serving;

static void on_signal(int number)
{
    static volatile sig_atomic_t again;
    if (again)
        _Exit(128 + number);
    again = 1;
    waldo_server *server = serving;
    if (server)
        waldo_server_stop(server);
}

static int fail(const waldo_error *error)
{
    fputs("waldod: ", stderr);
    waldo_error_print(error, stderr);
    return 1;
}

static int complain(const char *what)
{
    fprintf(stderr, "waldod: %s\n%s", what, usage);
    return 2;
}

static int take_size(const char *text, size_t *ret_size)
{
    char *end;
    unsigned long long size = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || size < 4096 || size > UINT32_MAX)
        return complain("--max-message takes a number of bytes from 4096 to 4294967295");
    *ret_size = (size_t)size;
    return 0;
}

static int take_seconds(const char *text, double *ret_seconds)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !(seconds >= 0.001 && seconds <= 1e6))
        return complain(
            "--lease, --grace, --transit and --handshake take seconds, 0.001 to 1000000");
    *ret_seconds = seconds;
    return 0;
}

static int take_spin(const char *text, int *ret_microseconds)
{
    char *end;
    long microseconds = strtol(text, &end, 10);
    if (end == text || *end != '\0' || microseconds < 0 || microseconds > 1000000)
        return complain("--spin takes microseconds, 0 to 1000000");
    *ret_microseconds = microseconds > 0 ? (int)microseconds : -1;
    return 0;
}

/* The duration that --lease, --grace, --transit or --handshake sets. */
static double *duration(waldo_server_options *options, int option)
{
    switch (option) {
    case 'e':
        return &options->lease;
    case 'g':
        return &options->grace;
    case 't':
        return &options->transit;
    default:
        return &options->handshake;
    }
}

static const char *const limit_names[] = {
#define LIMIT_NAME(name, value, what) #name,
    WALDO_LIMIT_MAP(LIMIT_NAME)
#undef LIMIT_NAME
};

static int take_limit(const char *text, uint64_t limits[WALDO_LIMIT_COUNT])
{
    size_t length = strcspn(text, "=");
    const char *number = text[length] ? text + length + 1 : "";
    char *end;
    unsigned long long value = strtoull(number, &end, 10);
    int which = 0;
    while (which < WALDO_LIMIT_COUNT && (strlen(limit_names[which]) != length ||
                                         strncasecmp(limit_names[which], text, length) != 0))
        which++;
    if (which == WALDO_LIMIT_COUNT || *number < '0' || *number > '9' || *end != '\0' || value == 0)
        return complain("--limit takes the NAME of a limit, '=', and a number above 0");
    limits[which] = value;
    return 0;
}

/* ---- --share: NAME=TYPE, or NAME=TYPE(ARGUMENT, ...) ---- */

/* An integer, or a text in quotes, from *at on, which moves behind it. NULL: it is neither. */
static waldo_value *take_argument(const char **at)
{
    waldo_value *value = NULL;
    const char *start = *at;
    const char *end = *start == '\'' || *start == '"' ? strchr(start + 1, *start) : NULL;
    if (end) {
        *at = end + 1;
        (void)!waldo_value_parse_str(start + 1, (size_t)(end - start - 1), &value, NULL);
        return value;
    }
    *at += strcspn(start, ",) ");
    char *number = strndup(start, (size_t)(*at - start));
    if (number)
        (void)!waldo_value_parse_int(number, 10, &value, NULL);
    free(number);
    return value;
}

static bool skip(const char **at, char wanted)
{
    *at += strspn(*at, " ");
    bool found = **at == wanted;
    *at += found;
    *at += strspn(*at, " ");
    return found;
}

/* What stands from the parenthesis on, to the end. NULL: it is no list of arguments. */
static waldo_value *read_arguments_of_type(const char *at)
{
    waldo_value *items[MAX_ARGUMENTS];
    size_t count = 0;
    bool ends = false, goes_on = skip(&at, '(') && !(ends = skip(&at, ')'));
    while (goes_on && count < MAX_ARGUMENTS) {
        items[count++] = take_argument(&at);
        goes_on = skip(&at, ',');
        ends = !goes_on && skip(&at, ')');
    }
    waldo_value *arguments = waldo_v_tuple_of(items, count);
    if (ends && *at == '\0')
        return arguments;
    waldo_value_unref(arguments);
    return NULL;
}

/* Of what is no NAME=TYPE(ARGUMENT, ...) at all. */
static int refuse_to_share(const char *text, const char *why)
{
    fprintf(stderr, "waldod: --share %s: %s\n", text, why);
    return 2;
}

/* TAKES arguments. */
static int share_as(waldo_registry *registry, const char *name, const char *type_id,
                    waldo_value *arguments, const char *text)
{
    waldo_error error;
    int status = waldo_registry_share(registry, name, type_id, arguments, &error);
    if (status >= 0)
        return 0;
    fprintf(stderr, "waldod: --share %s: ", text);
    waldo_error_print(&error, stderr);
    return 1;
}

/* Types of modules are known when all options have been read. */
static int share(waldo_registry *registry, const char *text)
{
    size_t name_size = strcspn(text, "=");
    const char *type_id = text[name_size] ? text + name_size + 1 : "";
    size_t type_size = strcspn(type_id, "(");
    if (name_size == 0 || type_size == 0)
        return refuse_to_share(text, "it takes a NAME, '=', and the type of the object");
    waldo_value *arguments =
        type_id[type_size] ? read_arguments_of_type(type_id + type_size) : waldo_v_none();
    if (!arguments)
        return refuse_to_share(text, "what follows the type is no list of integers and of texts in "
                                     "quotes, as in (1, 'text')");
    char *name = strndup(text, name_size), *type = strndup(type_id, type_size);
    int status = 1;
    if (name && type)
        status = share_as(registry, name, type, waldo_value_ref(arguments), text);
    else
        fputs("waldod: out of memory\n", stderr);
    waldo_value_unref(arguments);
    free(name);
    free(type);
    return status;
}

static int share_all(const waldod_settings *settings)
{
    int status = 0;
    for (int i = 0; status == 0 && i < settings->shared_count; i++)
        status = share(settings->registry, settings->shared[i]);
    return status;
}

/* What stands behind the options, and whether there is an address. */
static int check_rest(const waldod_settings *settings, int argc, char **argv)
{
    if (optind < argc) {
        fprintf(stderr,
                "waldod: unexpected argument %s: each address needs a --listen of its own\n",
                argv[optind]);
        return 2;
    }
    return settings->url_count == 0 ? complain("nothing to --listen on") : 0;
}

static const struct option options[] = {
    {"listen", required_argument, NULL, 'l'},
    {"load", required_argument, NULL, 'm'},
    {"share", required_argument, NULL, 'o'},
    {"authkey-file", required_argument, NULL, 'k'},
    {"max-message", required_argument, NULL, 's'},
    {"lease", required_argument, NULL, 'e'},
    {"grace", required_argument, NULL, 'g'},
    {"transit", required_argument, NULL, 't'},
    {"handshake", required_argument, NULL, 'p'},
    {"spin", required_argument, NULL, 'i'},
    {"limit", required_argument, NULL, 'n'},
    {"version", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

/* 0: go on; else the exit status, less 1 for --help and --version. */
static int read_arguments(int argc, char **argv, waldod_settings *settings)
{
    waldo_error error;
    int status = 0;
    for (int option; status == 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'l':
            if (settings->url_count == MAX_URLS)
                return complain("too many --listen");
            settings->urls[settings->url_count++] = optarg;
            break;
        case 'm':
            if (waldo_registry_load(settings->registry, optarg, &error) < 0)
                return fail(&error);
            break;
        case 'o':
            if (settings->shared_count == MAX_SHARED)
                return complain("too many --share");
            settings->shared[settings->shared_count++] = optarg;
            break;
        case 'k':
            settings->options.authkey_file = optarg;
            break;
        case 's':
            status = take_size(optarg, &settings->options.max_message);
            break;
        case 'e':
        case 'g':
        case 't':
        case 'p':
            status = take_seconds(optarg, duration(&settings->options, option));
            break;
        case 'i':
            status = take_spin(optarg, &settings->options.spin_us);
            break;
        case 'n':
            status = take_limit(optarg, settings->options.limits);
            break;
        case 'v':
            puts("waldod " WALDO_VERSION);
            return -1;
        case 'h':
            fputs(usage, stdout);
            return -1;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    return status == 0 ? check_rest(settings, argc, argv) : status;
}

/* Nothing is said before all is well: whoever reads a line may connect. */
static int listen_everywhere(waldo_server *server, const waldod_settings *settings,
                             waldo_error *reterr)
{
    const char *addresses[MAX_URLS];
    for (int i = 0; i < settings->url_count; i++) {
        int status = waldo_server_listen(server, settings->urls[i], &addresses[i], reterr);
        if (status < 0)
            return status;
    }
    for (int i = 0; i < settings->url_count; i++)
        printf("listening on %s\n", addresses[i]);
    fflush(stdout);
    return 0;
}

static void on_hangup(int number)
{
    (void)number;
    waldo_server *server = serving;
    if (server)
        waldo_server_reload_keys(server);
}

static void report_reload(int status, const waldo_error *error, void *unused)
{
    (void)unused;
    if (status < 0)
        fail(error);
    else
        fputs("waldod: the keys were read again\n", stderr);
}

static void handle_signals(waldo_server *server)
{
    serving = server;
    struct sigaction hangup = {.sa_handler = on_hangup, .sa_flags = SA_RESTART};
    sigemptyset(&hangup.sa_mask);
    sigaction(SIGHUP, &hangup, NULL);
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int serve(const waldod_settings *settings)
{
    waldo_error error;
    waldo_server *server;
    int status = waldo_server_new(settings->registry, &settings->options, &server, &error);
    if (status < 0)
        return fail(&error);
    handle_signals(server);
    status = listen_everywhere(server, settings, &error);
    if (status >= 0)
        status = waldo_server_serve_forever(server, &error);
    if (status < 0)
        status = fail(&error);
    /* The drain time is over: handlers that hang end with the process. */
    if (waldo_server_is_busy(server))
        _Exit(status);
    serving = NULL;
    waldo_server_free(server);
    return status;
}

/* Each connection takes a descriptor, and the usual limit is far below what the system allows. */
static void allow_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
    waldod_settings settings = {.options.on_reloaded = report_reload,
                                .registry = waldo_registry_new(NULL)};
    if (!settings.registry) {
        fputs("waldod: out of memory\n", stderr);
        return 1;
    }
    allow_descriptors();
    waldo_server_keep_memory();
    int status = read_arguments(argc, argv, &settings);
    if (status == 0)
        status = share_all(&settings);
    if (status == 0)
        status = serve(&settings);
    waldo_registry_unref(settings.registry);
    return status < 0 ? 0 : status;
}
