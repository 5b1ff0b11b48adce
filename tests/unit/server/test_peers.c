/* The counters of a peer are its own in every generation, however many peers are added before it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "server/server_internal.h"

static char dir[32];

static void add_peer(const char *name)
{
    char path[80], text[400];
    snprintf(path, sizeof(path), "%s/%s.conf", dir, name);
    snprintf(text, sizeof(text),
             "name = \"%s\"; role = \"peer\"; title_zh = \"x\"; title_en = \"x\";\n"
             "org_uscc = \"11330600002500009G\"; grants = ();\n",
             name);
    assert_int_equal(gw_file_write_atomic(path, gw_bytes_str(text), 0600), GW_OK);
}

static struct gw_peer_set *load(struct gw_server *s)
{
    struct gw_peer_set *peers = NULL;
    struct gw_buf error;
    gw_buf_init(&error, 4096);
    assert_int_equal(gw_authz_load(dir, &peers, &error), GW_OK);
    gw_buf_fini(&error);
    gw_server_place_peers(s, peers);
    return peers;
}

static size_t place(const struct gw_peer_set *peers, const char *name)
{
    for (size_t i = 0; i < gw_authz_peer_count(peers); i++)
        if (strcmp(gw_authz_peer_at(peers, i)->name, name) == 0)
            return gw_authz_peer_at(peers, i)->index;
    fail();
    return 0;
}

static void counters_stay_with_the_name(void **state)
{
    (void)state;
    struct gw_server *s = calloc(1, sizeof(*s));
    add_peer("b");
    add_peer("d");
    struct gw_peer_set *before = load(s);
    add_peer("a");
    add_peer("c");
    struct gw_peer_set *after = load(s);
    assert_int_equal(place(after, "b"), place(before, "b"));
    assert_int_equal(place(after, "d"), place(before, "d"));
    assert_int_not_equal(place(after, "a"), place(after, "b"));
    assert_int_not_equal(place(after, "a"), place(after, "c"));
    gw_authz_free(before);
    gw_authz_free(after);
    free(s);
}

static void peers_beyond_the_last_place_have_none(void **state)
{
    (void)state;
    struct gw_server *s = calloc(1, sizeof(*s));
    for (size_t i = 0; i < GW_COUNTED_PEERS; i++)
        snprintf(s->counted[i], sizeof(s->counted[i]), "other-%zu", i);
    struct gw_peer_set *peers = load(s);
    assert_int_equal(place(peers, "b"), GW_COUNTED_PEERS);
    gw_authz_free(peers);
    free(s);
}

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/xq-peers-XXXXXX");
    return mkdtemp(dir) == NULL || gw_crypto_init() != GW_OK;
}

static int teardown(void **state)
{
    char command[64];
    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command) != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_stay_with_the_name),
        cmocka_unit_test(peers_beyond_the_last_place_have_none),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
