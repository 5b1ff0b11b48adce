/* Calls over a real connection to a small server: unary, streams, refusals, limits, deadlines,
 * loss. */
#include "upstream/upstream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "upstream/echo_server.h"

static char pki[64];
static struct echo_server server;

static char *in_pki(const char *name)
{
    static char paths[8][128];
    static int at;
    char *p = paths[at++ % 8];
    snprintf(p, sizeof(paths[0]), "%s/%s", pki, name);
    return p;
}

static void start_server(void)
{
    struct gw_tls_settings s = {.cert_file = in_pki("gateway.pem"),
                                .key_file = in_pki("gateway-key.pem"),
                                .ca_file = in_pki("ca.pem"),
                                .crl_file = in_pki("crl.pem")};
    echo_start(&server, &s);
}

static int group_setup(void **state)
{
    (void)state;
    char command[256];
    snprintf(pki, sizeof(pki), "/tmp/xinqiao-upstream-XXXXXX");
    assert_non_null(mkdtemp(pki));
    snprintf(command, sizeof(command), "%s/certs/make-test-pki --quiet --dir %s", GW_SOURCE_DIR,
             pki);
    assert_int_equal(system(command), 0);
    start_server();
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    char command[128];
    echo_stop(&server);
    snprintf(command, sizeof(command), "rm -rf %s", pki);
    return system(command);
}

static struct gw_tls_context *context(const char *name)
{
    char cert[64], key[64];
    snprintf(cert, sizeof(cert), "%s.pem", name);
    snprintf(key, sizeof(key), "%s-key.pem", name);
    struct gw_tls_settings s = {
        .cert_file = in_pki(cert), .key_file = in_pki(key), .ca_file = in_pki("ca.pem")};
    struct gw_tls_context *c;
    struct gw_buf error;
    gw_buf_init(&error, 4096);
    assert_int_equal(gw_tls_context_new_client(&s, &c, &error), GW_OK);
    gw_buf_fini(&error);
    return c;
}

static struct gw_upstream_client *connect_as(const char *name, uint16_t port, uint32_t limit)
{
    struct gw_upstream_settings s = gw_upstream_defaults;
    struct gw_upstream_client *c;
    s.host = "127.0.0.1";
    s.port = port;
    s.tls = context(name);
    if (limit != 0)
        s.max_message_bytes = limit;
    assert_int_equal(gw_upstream_client_new(&s, &c), GW_OK);
    gw_tls_context_unref(s.tls);
    return c;
}

/* One unary call; returns the code and keeps the texts. */
static int unary(struct gw_upstream_client *c, const char *path, uint64_t timeout_ms,
                 struct gw_bytes request, struct gw_buf *answer, char message[256])
{
    struct gw_upstream_stream *s;
    assert_int_equal(gw_upstream_unary(c, path, timeout_ms, NULL, 0, request, answer, &s), GW_OK);
    const struct gw_upstream_result *r = gw_upstream_stream_result(s);
    int code = r->code;
    if (message != NULL)
        snprintf(message, 256, "%.*s", GW_BYTES_FMT(r->message));
    gw_upstream_stream_close(s);
    return code;
}

static void test_unary(void **state)
{
    (void)state;
    struct gw_upstream_client *c = connect_as("province", server.port, 0);
    struct gw_buf answer;
    gw_buf_init(&answer, 1 << 20);
    struct gw_upstream_stream *s;
    struct gw_grpc_metadata m = {GW_BYTES_LIT("xinqiao-purpose"), GW_BYTES_LIT("audit")};
    assert_int_equal(
        gw_upstream_unary(c, "/t.T/Echo", 5000, &m, 1, GW_BYTES_LIT("hello"), &answer, &s), GW_OK);
    const struct gw_upstream_result *r = gw_upstream_stream_result(s);
    assert_int_equal(r->code, 0);
    assert_true(r->remote);
    assert_memory_equal(answer.ptr, "hello", 5);
    struct gw_bytes receipt =
        gw_grpc_metadata_find(r->metadata, r->metadata_count, "exchange-receipt");
    assert_true(gw_bytes_eq_str(receipt, "o 7"));
    gw_upstream_stream_close(s);
    /* the second call takes the same connection */
    int before = atomic_load(&server.connections);
    assert_int_equal(unary(c, "/t.T/Echo", 0, GW_BYTES_LIT(""), &answer, NULL), 0);
    assert_int_equal(answer.len, 0);
    assert_int_equal(atomic_load(&server.connections), before);
    gw_buf_fini(&answer);
    gw_upstream_client_free(c);
}

static void test_refusal_with_details(void **state)
{
    (void)state;
    struct gw_upstream_client *c = connect_as("province", server.port, 0);
    struct gw_buf answer;
    gw_buf_init(&answer, 1 << 20);
    struct gw_upstream_stream *s;
    assert_int_equal(
        gw_upstream_unary(c, "/t.T/Deny", 5000, NULL, 0, GW_BYTES_LIT("x"), &answer, &s), GW_OK);
    const struct gw_upstream_result *r = gw_upstream_stream_result(s);
    assert_int_equal(r->code, 7);
    assert_true(r->remote);
    assert_true(gw_bytes_eq_str(r->message, "not granted, \xe6\x9c\xaa"));
    assert_int_equal(r->details.len, 2);
    gw_upstream_stream_close(s);
    gw_buf_fini(&answer);
    gw_upstream_client_free(c);
}

static void test_bidi_stream_of_many(void **state)
{
    (void)state;
    enum { COUNT = 20000, WINDOW = 500 };
    struct gw_upstream_client *c = connect_as("province", server.port, 0);
    struct gw_upstream_stream *s;
    struct gw_buf in;
    gw_buf_init(&in, 1 << 20);
    assert_int_equal(gw_upstream_stream_open(c, "/t.T/Echo", 0, NULL, 0, &s), GW_OK);
    unsigned sent = 0, got = 0;
    enum gw_status st = GW_OK;
    while (st != GW_CLOSED) {
        while (sent < COUNT && sent - got < WINDOW) {
            char text[300];
            int n = snprintf(text, sizeof(text), "%u %0*u", sent, (int)(sent % 200), 7u);
            assert_int_equal(gw_upstream_stream_send(s, gw_bytes_make(text, (size_t)n)), GW_OK);
            if (++sent == COUNT)
                gw_upstream_stream_half_close(s);
        }
        st = gw_upstream_stream_recv(s, 5000, &in);
        if (st == GW_OK) {
            assert_int_equal(strtoul((char *)in.ptr, NULL, 10), got);
            got++;
        }
        assert_int_not_equal(st, GW_AGAIN);
    }
    assert_int_equal(got, COUNT);
    assert_int_equal(gw_upstream_stream_result(s)->code, 0);
    gw_upstream_stream_close(s);
    gw_buf_fini(&in);
    gw_upstream_client_free(c);
}

/* More than all windows and queues: the reader is paused and goes on without loss. */
static void test_slow_reader(void **state)
{
    (void)state;
    struct gw_upstream_client *c = connect_as("province", server.port, 0);
    struct gw_upstream_stream *s;
    struct gw_buf in;
    gw_buf_init(&in, 1 << 20);
    assert_int_equal(gw_upstream_stream_open(c, "/t.T/Flood", 0, NULL, 0, &s), GW_OK);
    usleep(300 * 1000);
    int got = 0;
    enum gw_status st;
    while ((st = gw_upstream_stream_recv(s, 5000, &in)) == GW_OK) {
        assert_int_equal(in.len, FLOOD_BYTES);
        assert_int_equal(in.ptr[FLOOD_BYTES - 1], got & 0xff);
        if (++got == FLOOD_MESSAGES / 2)
            usleep(200 * 1000);
    }
    assert_int_equal(st, GW_CLOSED);
    assert_int_equal(got, FLOOD_MESSAGES);
    gw_upstream_stream_close(s);
    gw_buf_fini(&in);
    gw_upstream_client_free(c);
}

static void test_message_larger_than_the_window_and_limit(void **state)
{
    (void)state;
    struct gw_buf answer;
    char why[256];
    gw_buf_init(&answer, 32u << 20);
    struct gw_upstream_client *c = connect_as("province", server.port, 0);
    assert_int_equal(unary(c, "/t.T/Big", 20000, GW_BYTES_LIT("x"), &answer, NULL), 0);
    assert_int_equal(answer.len, BIG_BYTES);
    gw_upstream_client_free(c);
    c = connect_as("province", server.port, 1024);
    assert_int_equal(unary(c, "/t.T/Big", 20000, GW_BYTES_LIT("x"), &answer, why), 8);
    assert_non_null(strstr(why, "limit"));
    /* the connection still serves */
    assert_int_equal(unary(c, "/t.T/Echo", 5000, GW_BYTES_LIT("x"), &answer, NULL), 0);
    gw_upstream_client_free(c);
    gw_buf_fini(&answer);
}

static void test_deadline(void **state)
{
    (void)state;
    struct gw_upstream_client *c = connect_as("province", server.port, 0);
    struct gw_buf answer;
    gw_buf_init(&answer, 1 << 20);
    int64_t from = gw_clock_mono_us();
    assert_int_equal(unary(c, "/t.T/Hang", 200, GW_BYTES_LIT("x"), &answer, NULL), 4);
    int64_t took = gw_clock_mono_us() - from;
    assert_true(took >= 190 * 1000 && took < 3000 * 1000);
    assert_int_equal(unary(c, "/t.T/Echo", 5000, GW_BYTES_LIT("x"), &answer, NULL), 0);
    gw_buf_fini(&answer);
    gw_upstream_client_free(c);
}

static void test_cancel_reaches_the_server(void **state)
{
    (void)state;
    struct gw_upstream_client *c = connect_as("province", server.port, 0);
    struct gw_buf in;
    gw_buf_init(&in, 1 << 20);
    struct gw_upstream_stream *s;
    assert_int_equal(gw_upstream_stream_open(c, "/t.T/Echo", 0, NULL, 0, &s), GW_OK);
    assert_int_equal(gw_upstream_stream_send(s, GW_BYTES_LIT("x")), GW_OK);
    assert_int_equal(gw_upstream_stream_recv(s, 5000, &in), GW_OK);
    int before = atomic_load(&server.resets);
    gw_upstream_stream_close(s);
    for (int i = 0; i < 200 && atomic_load(&server.resets) == before; i++)
        usleep(10 * 1000);
    assert_int_equal(atomic_load(&server.resets), before + 1);
    gw_buf_fini(&in);
    gw_upstream_client_free(c);
}

static void test_lost_connection_and_a_new_one(void **state)
{
    (void)state;
    struct gw_upstream_client *c = connect_as("province", server.port, 0);
    struct gw_buf answer;
    char why[256];
    gw_buf_init(&answer, 1 << 20);
    assert_int_equal(unary(c, "/t.T/Drop", 5000, GW_BYTES_LIT("x"), &answer, why), 14);
    assert_true(why[0] != '\0');
    assert_int_equal(unary(c, "/t.T/Echo", 5000, GW_BYTES_LIT("x"), &answer, NULL), 0);
    gw_buf_fini(&answer);
    gw_upstream_client_free(c);
}

static void test_goaway_moves_to_a_new_connection(void **state)
{
    (void)state;
    struct gw_upstream_client *c = connect_as("province", server.port, 0);
    struct gw_buf answer;
    gw_buf_init(&answer, 1 << 20);
    int before = atomic_load(&server.connections);
    assert_int_equal(unary(c, "/t.T/Goaway", 5000, GW_BYTES_LIT("x"), &answer, NULL), 0);
    assert_int_equal(unary(c, "/t.T/Echo", 5000, GW_BYTES_LIT("x"), &answer, NULL), 0);
    assert_int_equal(atomic_load(&server.connections), before + 2);
    gw_buf_fini(&answer);
    gw_upstream_client_free(c);
}

static void test_certificates_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *word;
    } bad[] = {{"expired", "expired"}, {"revoked", "revoked"}, {"foreign", ""}};
    struct gw_buf answer;
    gw_buf_init(&answer, 1 << 20);
    for (size_t i = 0; i < GW_ARRAY_LEN(bad); i++) {
        char why[256];
        struct gw_upstream_client *c = connect_as(bad[i].name, server.port, 0);
        assert_int_equal(unary(c, "/t.T/Echo", 5000, GW_BYTES_LIT("x"), &answer, why), 14);
        assert_true(strncmp(why, "TLS: ", 5) == 0);
        if (strstr(why, bad[i].word) == NULL)
            fail_msg("%s: %s", bad[i].name, why);
        gw_upstream_client_free(c);
    }
    gw_buf_fini(&answer);
}

static void test_nobody_listens(void **state)
{
    (void)state;
    struct gw_upstream_client *c = connect_as("province", 1, 0);
    struct gw_buf answer;
    char why[256];
    gw_buf_init(&answer, 1 << 20);
    assert_int_equal(unary(c, "/t.T/Echo", 5000, GW_BYTES_LIT("x"), &answer, why), 14);
    assert_non_null(strstr(why, "refused"));
    gw_buf_fini(&answer);
    gw_upstream_client_free(c);
}

static void test_client_freed_with_an_idle_connection(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct gw_upstream_client *c = connect_as("province", server.port, 0);
        struct gw_upstream_stream *s;
        assert_int_equal(gw_upstream_stream_open(c, "/t.T/Hang", 0, NULL, 0, &s), GW_OK);
        if (i % 2 != 0)
            usleep(20 * 1000);
        gw_upstream_stream_close(s);
        gw_upstream_client_free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unary),
        cmocka_unit_test(test_refusal_with_details),
        cmocka_unit_test(test_bidi_stream_of_many),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_message_larger_than_the_window_and_limit),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_cancel_reaches_the_server),
        cmocka_unit_test(test_lost_connection_and_a_new_one),
        cmocka_unit_test(test_goaway_moves_to_a_new_connection),
        cmocka_unit_test(test_certificates_that_are_refused),
        cmocka_unit_test(test_nobody_listens),
        cmocka_unit_test(test_client_freed_with_an_idle_connection),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
