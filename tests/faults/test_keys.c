/* Who is let in, what they may do, and what a change of the keys does to those who are in. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "proxy/manager_internal.h"
#include "support.h"

static server host;
static waldo_manager *owner; /* with all rights */

static const char all[] = "create=* call=* shutdown list";

/* Seeds of the secrets. */
enum { OWNER = 1, GUEST = 2, STRANGER = 3 };

/* The ring: the owner, and the guest with these rights; NULL: no guest. */
static void write_ring(const char *rights)
{
    char ring[512], key[160];
    format_key(ring, sizeof ring, "owner", OWNER, all);
    if (rights) {
        format_key(key, sizeof key, "guest", GUEST, rights);
        strcat(ring, key);
    }
    write_private(host.ring, ring);
}

/* The ring is the server's own file; clients have one with their key each. */
static void set_up(void)
{
    start_server_with_ring(&host);
    owner = connect_to(&host, host.urls[0]);
}

static void tear_down(void)
{
    waldo_manager_unref(owner);
    stop_server(&host);
}

TestSuite(keys, .init = set_up, .fini = tear_down);

static void hang_up(void)
{
    kill(host.process.pid, SIGHUP);
}

/* A manager with the key of that seed; not connected. */
static waldo_manager *manager_of(int seed)
{
    char path[128], key[160];
    snprintf(path, sizeof path, "%s/key-%d", host.directory, seed);
    format_key(key, sizeof key, "mine", seed, "");
    write_private(path, key);
    waldo_manager_options options = {
        .address = host.urls[0], .authkey_file = path, .call_timeout = PATIENCE};
    waldo_manager *manager = NULL;
    OK(waldo_manager_new(&options, &manager, &error));
    return manager;
}

static waldo_manager *guest_with(const char *rights)
{
    write_ring(rights);
    hang_up();
    waldo_manager *guest = manager_of(GUEST);
    AWAIT(waldo_manager_connect(guest, NULL) >= 0);
    return guest;
}

static int create(waldo_manager *manager, faults_register **ret_made, waldo_error *reterr)
{
    Faults__Start start = FAULTS__START__INIT;
    start.name = (char *)"r";
    return faults_register_new(manager, &start, ret_made, reterr);
}

static bool may_create(waldo_manager *manager)
{
    faults_register *made = NULL;
    int status = create(manager, &made, NULL);
    cr_assert(status >= 0 || status == WALDO_EPERMISSION, "%s", waldo_error_name(status));
    faults_register_unref(made);
    return status >= 0;
}

/* ---- getting in ---- */

Test(keys, a_key_that_is_not_in_the_ring)
{
    waldo_manager *manager = manager_of(STRANGER);
    waldo_error reason = WALDO_ERROR_INIT;
    cr_assert_eq(waldo_manager_connect(manager, &reason), WALDO_EAUTHENTICATION);
    /* Nothing about who else is there. */
    cr_assert(!strstr(reason.message, "owner"), "%s", reason.message);
    waldo_manager_unref(manager);
}

Test(keys, a_key_file_that_others_can_read)
{
    chmod(host.ring, 0644);
    const char *arguments[] = {WALDOD,           "--listen", "tcp://127.0.0.1:0",
                               "--authkey-file", host.ring,  NULL};
    process refused = spawn(arguments, true);
    char line[512];
    cr_assert(read_line(refused.errors, line, sizeof line));
    cr_assert(strstr(line, "PermissionError"), "%s", line);
    int status = await_end(&refused);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1, "%#x", status);
    waldo_manager_options options = {.authkey_file = host.ring};
    waldo_manager *manager = NULL;
    FAILS(WALDO_EPERMISSION, waldo_connect(host.urls[0], &options, &manager, &error));
    chmod(host.ring, 0600);
}

/* ---- rights ---- */

Test(keys, no_rights_at_all)
{
    waldo_manager *guest = guest_with("");
    faults_register *reg = NULL, *mine = NULL;
    waldo_value *token = NULL;
    waldo_proxy *proxy = NULL;
    uint64_t count;
    char *text = NULL, **typeids = NULL;
    OK(waldo_manager_ping(guest, &error));
    FAILS(WALDO_EPERMISSION, create(guest, &mine, &error));
    FAILS(WALDO_EPERMISSION, waldo_manager_number_of_objects(guest, &count, &error));
    FAILS(WALDO_EPERMISSION, waldo_manager_debug_info(guest, &text, &error));
    FAILS(WALDO_EPERMISSION, waldo_manager_typeids(guest, &typeids, &error));
    FAILS(WALDO_EPERMISSION,
          waldo__exchange_plain(guest, WALDO__WIRE__OPERATION__SHUTDOWN, PATIENCE, &error));
    OK(create(owner, &reg, &error));
    OK(waldo_proxy_to_value(faults_register_proxy(reg), &token, &error));
    FAILS(WALDO_EPERMISSION, waldo_proxy_from_value(guest, token, &proxy, &error));
    waldo_value_unref(token);
    faults_register_unref(reg);
    OK(waldo_manager_ping(owner, &error));
    waldo_manager_unref(guest);
}

Test(keys, rights_for_some_types)
{
    waldo_manager *guest = guest_with("create=Register,queue call=queue");
    faults_queue *queue = get_queue(guest, "q");
    faults_register *reg = NULL;
    faults_lock *lock = NULL;
    Faults__Start start = FAULTS__START__INIT;
    int64_t n = 0;
    OK(queue_put(queue, 3, &error));
    OK(queue_get(queue, &n, &error));
    OK(create(guest, &reg, &error));
    FAILS(WALDO_EPERMISSION, register_add(reg, 1, NULL, &error));
    FAILS(WALDO_EPERMISSION, faults_lock_new(guest, &start, &lock, &error));
    faults_register_unref(reg);
    faults_queue_unref(queue);
    waldo_manager_unref(guest);
}

static bool is_permitted(int status)
{
    cr_assert(status >= 0 || status == WALDO_EPERMISSION, "%s", waldo_error_name(status));
    return status >= 0;
}

/* Objects that a call names, and those of a transaction; also when rights change. */
Test(keys, rights_for_what_is_named)
{
    waldo_manager *guest = guest_with("create=* call=Queue");
    waldo_queue *queue = NULL, *other = NULL;
    waldo_proxy *named = NULL;
    waldo_transaction *both = NULL;
    OK(waldo_queue_new(guest, 0, &queue, &error));
    OK(waldo_proxy_create(guest, "JoinableQueue", waldo_v_none(), &named, &error));
    OK(waldo_queue_from_proxy(named, &other, &error));
    OK(waldo_queue_put(queue, waldo_v(1), 0, &error));
    OK(waldo_transaction_new(guest, &both, &error));
    OK(waldo_transaction_add(both, waldo_queue_proxy(queue), "task_done", waldo_v_none(), &error));
    OK(waldo_transaction_add(both, named, "qsize", waldo_v_none(), &error));
    waldo_queue *const queues[] = {queue, other};
    waldo_value *item = NULL;
    size_t index;
    FAILS(WALDO_EPERMISSION, waldo_queue_move(queue, other, 1, NULL, &error));
    FAILS(WALDO_EPERMISSION, waldo_queue_get_any(queues, 2, 0, &index, &item, &error));
    FAILS(WALDO_EPERMISSION, waldo_transaction_commit(both, NULL, &error));
    cr_assert_eq(waldo_transaction_failed_step(both), 1);
    write_ring("create=* call=*");
    hang_up();
    AWAIT(is_permitted(waldo_queue_move(queue, other, 1, NULL, NULL)));
    write_ring("create=* call=Queue");
    hang_up();
    AWAIT(!is_permitted(waldo_queue_move(queue, other, 1, NULL, NULL)));
    waldo_transaction_unref(both);
    waldo_queue_unref(other);
    waldo_proxy_unref(named);
    waldo_queue_unref(queue);
    waldo_manager_unref(guest);
}

/* ---- changes ---- */

Test(keys, changed_rights_take_effect_at_once)
{
    waldo_manager *guest = guest_with("");
    cr_assert(!may_create(guest));
    write_ring("create=Register");
    hang_up();
    AWAIT(may_create(guest));
    write_ring("list");
    hang_up();
    AWAIT(!may_create(guest));
    uint64_t count;
    OK(waldo_manager_number_of_objects(guest, &count, &error));
    waldo_manager_unref(guest);
}

/* All that the guest had goes back, and it does not come in again. */
Test(keys, a_key_that_is_withdrawn_ends_its_sessions)
{
    waldo_manager *guest = guest_with(all);
    faults_lock *lock = get_lock(guest, "l"), *seen = get_lock(owner, "l");
    uint64_t before = number_of_objects(owner);
    faults_register *reg = get_register(guest, "");
    bool owner_died = false;
    OK(lock_acquire(lock, NULL, NULL, &error));
    write_ring(NULL);
    hang_up();
    OK(lock_acquire(seen, NULL, &owner_died, &error));
    cr_assert(owner_died);
    AWAIT(number_of_objects(owner) == before);
    FAILS(WALDO_EAUTHENTICATION, register_add(reg, 1, NULL, &error));
    faults_register_unref(reg);
    faults_lock_unref(lock);
    faults_lock_unref(seen);
    waldo_manager_unref(guest);
    guest = manager_of(GUEST);
    FAILS(WALDO_EAUTHENTICATION, waldo_manager_connect(guest, &error));
    waldo_manager_unref(guest);
}

Test(keys, a_ring_that_cannot_be_read_changes_nothing)
{
    waldo_manager *guest = guest_with(all);
    write_private(host.ring, "key owner not-base64\n");
    hang_up();
    /* A signal later the same, and only then a ring that shows that both have been looked at. */
    cr_assert(may_create(guest));
    write_ring("list");
    hang_up();
    AWAIT(!may_create(guest));
    waldo_manager_unref(guest);
}

/* ---- somebody else's session ---- */

Test(keys, a_session_of_another_key)
{
    waldo_manager *guest = guest_with(all);
    waldo_manager_unref(guest);
    guest = manager_of(GUEST);
    faults_lock *lock = get_lock(owner, "l");
    OK(lock_acquire(lock, NULL, NULL, &error));
    memcpy(guest->session, owner->session, sizeof guest->session);
    FAILS(WALDO_EPERMISSION, waldo_manager_connect(guest, &error));
    /* Half of the id is not enough either. */
    guest->session[15] ^= 1;
    FAILS(WALDO_EPERMISSION, waldo_manager_connect(guest, &error));
    guest->session[0] ^= 1;
    OK(waldo_manager_connect(guest, &error));
    OK(faults_lock_release(lock, &error));
    faults_lock_unref(lock);
    waldo_manager_unref(guest);
}
