/* io/: loops, posts, timers, loopback connections and their ends. Sockets on 127.0.0.1 only. */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/io_internal.h"

static struct gw_io_loop *loop_new(void)
{
    struct gw_io_loop *l = NULL;
    assert_int_equal(gw_io_loop_new("test", &l), GW_OK);
    return l;
}

/* -----------------------------------------------------------------------------------------
 * addresses */

static void test_addresses(void **state)
{
    (void)state;
    struct sockaddr_storage ss;
    socklen_t len;
    static const char *const bad[] = {"",
                                      ":",
                                      ":1",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:-1",
                                      "127.0.0.1:1x",
                                      "::1:1",
                                      "[::1]",
                                      "[::1]1:",
                                      "[::1:1",
                                      "[]:1",
                                      "localhost:1",
                                      "256.0.0.1:1",
                                      "1.2.3:1",
                                      "127.0.0.1:01",
                                      " 127.0.0.1:1"};
    for (size_t i = 0; i < GW_ARRAY_LEN(bad); i++)
        if (gw_io_address_parse(bad[i], &ss, &len) != GW_INVALID)
            fail_msg("%s was taken", bad[i]);
    static const char *const good[] = {"127.0.0.1:0", "0.0.0.0:65535", "[::1]:8443", "[::]:0"};
    for (size_t i = 0; i < GW_ARRAY_LEN(good); i++) {
        char text[GW_IO_ADDRESS_TEXT];
        assert_int_equal(gw_io_address_parse(good[i], &ss, &len), GW_OK);
        gw_io_address_format((struct sockaddr *)&ss, text, sizeof text);
        assert_string_equal(text, good[i]);
    }
}

/* --------------------------------------------------------------------------- posts, turns, timers
 */

enum { POSTERS = 4, POSTS = 5000 };

struct numbered {
    struct gw_io_post post;
    unsigned who;
    unsigned n;
};

struct poster {
    struct gw_io_loop *loop;
    unsigned who;
};

static unsigned next_of[POSTERS];
static unsigned seen;
static unsigned turns;
static struct gw_io_loop *the_loop;

static void on_numbered(struct gw_io_post *p)
{
    struct numbered *n = GW_CONTAINER_OF(p, struct numbered, post);
    assert_true(gw_io_loop_is_current(the_loop));
    assert_int_equal(n->n, next_of[n->who]); /* each thread's order is kept */
    next_of[n->who]++;
    free(n);
    if (++seen == POSTERS * POSTS)
        gw_io_loop_stop(the_loop);
}

static void *poster_run(void *arg)
{
    struct poster *p = arg;
    assert_false(gw_io_loop_is_current(p->loop));
    for (unsigned i = 0; i < POSTS; i++) {
        struct numbered *n = calloc(1, sizeof *n);
        n->post.run = on_numbered;
        n->who = p->who;
        n->n = i;
        gw_io_loop_post(p->loop, &n->post);
    }
    return NULL;
}

static void on_turn(void *arg)
{
    (void)arg;
    turns++;
}

static void test_posts(void **state)
{
    (void)state;
    struct gw_io_loop *l = the_loop = loop_new();
    seen = turns = 0;
    memset(next_of, 0, sizeof next_of);
    gw_io_loop_on_turn_end(l, on_turn, NULL);
    pthread_t t[POSTERS];
    struct poster p[POSTERS];
    for (unsigned i = 0; i < POSTERS; i++) {
        p[i] = (struct poster){l, i};
        pthread_create(&t[i], NULL, poster_run, &p[i]);
    }
    gw_io_loop_run(l);
    for (unsigned i = 0; i < POSTERS; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(seen, POSTERS * POSTS);
    assert_true(turns >= 1);
    gw_io_loop_free(l);
}

static void test_loop_that_never_runs(void **state)
{
    (void)state;
    struct gw_io_loop *l = loop_new();
    struct gw_io_listener *li = NULL;
    assert_int_equal(gw_io_listen(l, "127.0.0.1:0", 5, NULL, NULL, &li), GW_OK);
    /* Ours may be shared by our loops; a second process is told. */
    char taken[32];
    snprintf(taken, sizeof(taken), "127.0.0.1:%u", gw_io_listener_port(li));
    assert_int_equal(gw_io_listen_probe(taken), GW_EXISTS);
    assert_int_equal(gw_io_listen_probe("127.0.0.1:0"), GW_OK);
    assert_int_equal(gw_io_listen_probe("nonsense"), GW_INVALID);
    assert_true(gw_io_listener_port(li) != 0);
    gw_io_loop_free(l);
    gw_io_listener_close(li); /* the owner may be later than the loop */
    gw_io_loop_free(NULL);
}

struct ticker {
    struct gw_io_timer *t;
    unsigned fired;
    int64_t at;
    int64_t now_in_turn;
};

static void on_tick(void *arg)
{
    struct ticker *k = arg;
    k->now_in_turn = gw_io_loop_now_us(the_loop);
    assert_true(gw_io_loop_now_us(the_loop) == k->now_in_turn);
    if (++k->fired < 3) {
        gw_io_timer_arm(k->t, 1);
        return;
    }
    gw_io_timer_free(k->t); /* its own, inside its callback */
    k->t = NULL;
    gw_io_loop_stop(the_loop);
}

static void on_never(void *arg)
{
    (void)arg;
    fail();
}

static void test_timers(void **state)
{
    (void)state;
    struct gw_io_loop *l = the_loop = loop_new();
    struct ticker k = {0};
    struct gw_io_timer *cancelled, *freed, *replaced, *late;
    assert_int_equal(gw_io_timer_new(l, on_tick, &k, &k.t), GW_OK);
    assert_int_equal(gw_io_timer_new(l, on_never, NULL, &cancelled), GW_OK);
    assert_int_equal(gw_io_timer_new(l, on_never, NULL, &freed), GW_OK);
    assert_int_equal(gw_io_timer_new(l, on_never, NULL, &replaced), GW_OK);
    gw_io_timer_arm(k.t, 1);
    gw_io_timer_arm(cancelled, 0);
    gw_io_timer_cancel(cancelled);
    gw_io_timer_arm(freed, 0);
    gw_io_timer_free(freed);
    gw_io_timer_arm(replaced, 0);
    gw_io_timer_arm(replaced, 100000);
    gw_io_loop_run(l);
    assert_int_equal(k.fired, 3);
    gw_io_timer_arm(replaced, 0); /* the loop has ended: no effect */
    gw_io_timer_cancel(replaced);
    gw_io_timer_free(replaced);
    assert_int_equal(gw_io_timer_new(l, on_never, NULL, &late), GW_PRECONDITION);
    gw_io_loop_free(l);
    gw_io_timer_free(cancelled);
    gw_io_timer_free(NULL);
}

/* ------------------------------------------------------------------------------------- connections
 */

enum { MAX_SEEN = 1 << 26 };

struct peer {
    struct gw_io_conn *c;
    struct gw_buf got;
    unsigned eofs, drained, closed;
    enum gw_status why;
    bool echo, close_on_read, pause_first, close_on_drain, close_on_eof;
    struct world *w;
};

struct world {
    struct gw_io_loop *l;
    struct gw_io_listener *li;
    struct peer a; /* accepted */
    struct peer b; /* connected */
    enum gw_status connect_st;
    unsigned connects;
    size_t send;   /* bytes b sends at once */
    bool b_closes; /* after sending, orderly */
    bool b_now;
    bool refuse; /* accept starts nothing */
    bool stop_when_a_read;
};

static uint8_t block[8 << 20];

static void maybe_stop(struct world *w)
{
    if ((w->a.closed || w->refuse) && w->b.closed)
        gw_io_loop_stop(w->l);
}

static void on_read(void *arg, struct gw_bytes b)
{
    struct peer *p = arg;
    if (b.len == 0) {
        p->eofs++;
        if (p->close_on_eof)
            gw_io_conn_close(p->c, false);
        return;
    }
    assert_int_equal(p->eofs, 0);
    gw_buf_bytes(&p->got, b);
    if (p->echo)
        assert_int_equal(gw_io_conn_write(p->c, b), GW_OK);
    if (p->close_on_read) {
        p->close_on_read = false;
        assert_int_equal(gw_io_conn_write(p->c, GW_BYTES_LIT("bye")), GW_OK);
        gw_io_conn_close(p->c, false);
        gw_io_conn_close(p->c, false);
        assert_int_equal(gw_io_conn_write(p->c, GW_BYTES_LIT("x")), GW_CLOSED);
    }
    if (p->w->stop_when_a_read)
        gw_io_loop_stop(p->w->l);
}

static void on_drained(void *arg)
{
    struct peer *p = arg;
    p->drained++;
    assert_int_equal(gw_io_conn_queued(p->c), 0);
    if (p->close_on_drain)
        gw_io_conn_close(p->c, false);
}

static void on_closed(void *arg, enum gw_status why)
{
    struct peer *p = arg;
    assert_int_equal(p->closed, 0);
    p->closed++;
    p->why = why;
    p->c = NULL;
    maybe_stop(p->w);
}

static const struct gw_io_conn_events conn_events = {on_read, on_drained, on_closed};

/* A peer that vanishes is found out though nobody has anything to say. */
static void assert_kept_alive(const struct gw_io_conn *c)
{
    uv_os_fd_t fd;
    int on = 0;
    socklen_t len = sizeof on;
    assert_int_equal(uv_fileno((const uv_handle_t *)&c->tcp, &fd), 0);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, &len), 0);
    assert_int_equal(on, 1);
}

static void on_accept(void *arg, struct gw_io_conn *c)
{
    assert_kept_alive(c);
    struct world *w = arg;
    if (w->refuse)
        return;
    w->a.c = c;
    assert_int_equal(strncmp(gw_io_conn_peer(c), "127.0.0.1:", 10), 0);
    gw_io_conn_start(c, &conn_events, &w->a);
    if (w->a.pause_first)
        gw_io_conn_pause(c);
}

static void on_connect(void *arg, enum gw_status st, struct gw_io_conn *c)
{
    struct world *w = arg;
    w->connects++;
    w->connect_st = st;
    if (st != GW_OK) {
        assert_null(c);
        gw_io_loop_stop(w->l);
        return;
    }
    w->b.c = c;
    gw_io_conn_start(c, &conn_events, &w->b);
    if (w->send > 0)
        assert_int_equal(gw_io_conn_write(c, gw_bytes_make(block, w->send)), GW_OK);
    if (w->b_closes)
        gw_io_conn_close(c, w->b_now);
}

static void world_init(struct world *w)
{
    memset(w, 0, sizeof *w);
    w->l = the_loop = loop_new();
    w->a.w = w->b.w = w;
    gw_buf_init(&w->a.got, MAX_SEEN);
    gw_buf_init(&w->b.got, MAX_SEEN);
    assert_int_equal(gw_io_listen(w->l, "127.0.0.1:0", 16, on_accept, w, &w->li), GW_OK);
}

static void world_connect(struct world *w)
{
    assert_int_equal(gw_io_connect(w->l, "127.0.0.1", gw_io_listener_port(w->li), on_connect, w),
                     GW_OK);
    assert_int_equal(w->connects, 0); /* never from inside the call */
}

static void world_fini(struct world *w)
{
    gw_io_listener_close(w->li);
    gw_io_loop_free(w->l);
    gw_buf_fini(&w->a.got);
    gw_buf_fini(&w->b.got);
}

static void test_connect_refused(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    uint16_t port = gw_io_listener_port(w.li);
    gw_io_listener_close(w.li);
    w.li = NULL;
    assert_int_equal(gw_io_connect(w.l, "127.0.0.1", port, on_connect, &w), GW_OK);
    gw_io_loop_run(w.l);
    assert_int_equal(w.connects, 1);
    assert_int_equal(w.connect_st, GW_UNAVAILABLE);
    assert_int_equal(gw_io_connect(w.l, "127.0.0.1", port, on_connect, &w), GW_PRECONDITION);
    world_fini(&w);
}

static void test_no_such_name(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    assert_int_equal(gw_io_connect(w.l, "no such name.invalid", 1, on_connect, &w), GW_OK);
    gw_io_loop_run(w.l);
    assert_int_equal(w.connect_st, GW_NOT_FOUND);
    world_fini(&w);
}

static void test_stop_while_connecting(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    world_connect(&w);
    gw_io_loop_stop(w.l);
    gw_io_loop_run(w.l);
    assert_int_equal(w.connects, 1);
    world_fini(&w);
}

static void test_echo(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    w.send = 3 << 20;
    w.a.echo = true;
    w.a.close_on_eof = true;
    w.b_closes = true; /* flushes, says end, then hears nothing more of the echo */
    world_connect(&w);
    gw_io_loop_run(w.l);
    assert_int_equal(w.a.got.len, w.send);
    assert_memory_equal(w.a.got.ptr, block, w.send);
    assert_int_equal(w.a.eofs, 1);
    assert_int_equal(w.b.got.len, 0); /* no event after close */
    assert_int_equal(w.a.closed, 1);
    assert_int_equal(w.b.closed, 1);
    assert_int_equal(w.b.why, GW_CLOSED);
    world_fini(&w);
}

/* The last words arrive although the other side's bytes were not all read. */
static void test_last_words(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    w.send = 1 << 20;
    w.a.close_on_read = true;
    w.b.close_on_eof = true;
    world_connect(&w);
    gw_io_loop_run(w.l);
    assert_true(gw_bytes_eq_str(gw_buf_view(&w.b.got), "bye"));
    assert_int_equal(w.a.why, GW_CLOSED);
    assert_int_equal(w.b.why, GW_CLOSED);
    world_fini(&w);
}

static void on_resume(void *arg)
{
    struct world *w = arg;
    assert_int_equal(w->a.got.len, 0);
    assert_true(gw_io_conn_queued(w->b.c) > 0); /* back-pressure reaches the sender */
    gw_io_conn_resume(w->a.c);
    gw_io_conn_resume(w->a.c);
}

static void test_pause(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    w.send = sizeof block;
    w.a.pause_first = true;
    w.a.close_on_eof = true;
    w.b.close_on_drain = true;
    struct gw_io_timer *t;
    assert_int_equal(gw_io_timer_new(w.l, on_resume, &w, &t), GW_OK);
    gw_io_timer_arm(t, 100);
    world_connect(&w);
    gw_io_loop_run(w.l);
    assert_int_equal(w.b.drained, 1);
    assert_int_equal(w.a.got.len, sizeof block);
    assert_memory_equal(w.a.got.ptr, block, sizeof block);
    gw_io_timer_free(t);
    world_fini(&w);
}

static void test_reset(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    w.refuse = true; /* accepted and dropped: unread bytes make it a reset */
    w.send = sizeof block;
    w.b.close_on_eof = true;
    world_connect(&w);
    gw_io_loop_run(w.l);
    assert_int_equal(w.b.closed, 1);
    assert_int_equal(w.b.why, GW_IO);
    world_fini(&w);
}

static void test_close_now(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    w.send = 10;
    w.b_closes = w.b_now = true;
    w.a.close_on_eof = true;
    world_connect(&w);
    gw_io_loop_run(w.l);
    assert_int_equal(w.b.closed, 1);
    assert_int_equal(w.b.why, GW_CLOSED);
    world_fini(&w);
}

static void test_stop_with_connections(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    w.send = 100;
    w.stop_when_a_read = true;
    world_connect(&w);
    gw_io_loop_run(w.l);
    assert_int_equal(w.a.closed, 1);
    assert_int_equal(w.b.closed, 1);
    assert_int_equal(w.a.why, GW_CANCELLED);
    world_fini(&w);
}

static void on_fill(void *arg)
{
    struct world *w = arg;
    size_t taken = 0;
    enum gw_status st = GW_OK;
    while (st == GW_OK) {
        st = gw_io_conn_write(w->b.c, gw_bytes_make(block, sizeof block));
        taken += st == GW_OK ? sizeof block : 0;
    }
    assert_int_equal(st, GW_TOO_LARGE);
    assert_true(taken <= GW_IO_MAX_QUEUED + (16 << 20)); /* what the kernel took besides */
    assert_true(gw_io_conn_queued(w->b.c) <= GW_IO_MAX_QUEUED);
    gw_io_conn_close(w->b.c, true);
    gw_io_conn_close(w->a.c, true);
}

static void test_too_much_queued(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    w.a.pause_first = true;
    struct gw_io_timer *t;
    assert_int_equal(gw_io_timer_new(w.l, on_fill, &w, &t), GW_OK);
    gw_io_timer_arm(t, 100);
    world_connect(&w);
    gw_io_loop_run(w.l);
    gw_io_timer_free(t);
    world_fini(&w);
}

static void test_listen_errors(void **state)
{
    (void)state;
    struct gw_io_loop *l = loop_new();
    struct gw_io_listener *li = NULL;
    assert_int_equal(gw_io_listen(l, "nonsense", 5, NULL, NULL, &li), GW_INVALID);
    assert_int_equal(gw_io_listen(l, "192.0.2.1:1", 5, NULL, NULL, &li), GW_IO); /* not ours */
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* a port held without SO_REUSEPORT */
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof in;
    assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
    char address[32];
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", ntohs(in.sin_port));
    assert_int_equal(gw_io_listen(l, address, 5, NULL, NULL, &li), GW_EXISTS);
    close(fd);
    assert_null(li);
    gw_io_loop_free(l);
}

/* Two loops on one port. */
static void test_reuseport(void **state)
{
    (void)state;
    struct gw_io_loop *l1 = loop_new();
    struct gw_io_loop *l2 = loop_new();
    struct gw_io_listener *a = NULL;
    struct gw_io_listener *b = NULL;
    assert_int_equal(gw_io_listen(l1, "127.0.0.1:0", 5, NULL, NULL, &a), GW_OK);
    char address[32];
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", gw_io_listener_port(a));
    assert_int_equal(gw_io_listen(l2, address, 5, NULL, NULL, &b), GW_OK);
    gw_io_listener_close(a);
    gw_io_listener_close(b);
    gw_io_loop_free(l1);
    gw_io_loop_free(l2);
}

/* ---------------------------------------------------------------------------------------------
 * pool */

struct job {
    struct gw_io_job job;
    struct gw_io_post post;
    pthread_mutex_t *gate;
    atomic_uint *done;
    unsigned want;
};

static void on_job_done(struct gw_io_post *p)
{
    struct job *j = GW_CONTAINER_OF(p, struct job, post);
    if (atomic_load(j->done) == j->want)
        gw_io_loop_stop(the_loop);
}

static void on_job(struct gw_io_job *job)
{
    struct job *j = GW_CONTAINER_OF(job, struct job, job);
    pthread_mutex_lock(j->gate);
    pthread_mutex_unlock(j->gate);
    atomic_fetch_add(j->done, 1);
    gw_io_loop_post(the_loop, &j->post);
}

static void test_pool(void **state)
{
    (void)state;
    struct gw_io_loop *l = the_loop = loop_new();
    struct gw_io_pool *p = NULL;
    assert_int_equal(gw_io_pool_new("none", 0, 1, &p), GW_INVALID);
    assert_int_equal(gw_io_pool_new("test", 2, 3, &p), GW_OK);
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&gate);
    atomic_uint done = 0;
    struct job jobs[16];
    unsigned taken = 0;
    for (int round = 0; round < 1000 && taken < 5; round++) {
        jobs[taken] = (struct job){{on_job, NULL}, {on_job_done, NULL}, &gate, &done, 5};
        if (gw_io_pool_submit(p, &jobs[taken].job) == GW_OK)
            taken++;
        else
            usleep(1000); /* both workers must have taken theirs */
    }
    assert_int_equal(taken, 5); /* two running, three waiting */
    jobs[5] = jobs[4];
    assert_int_equal(gw_io_pool_submit(p, &jobs[5].job), GW_BUSY);
    pthread_mutex_unlock(&gate);
    gw_io_loop_run(l);
    assert_int_equal(atomic_load(&done), 5);
    gw_io_pool_free(p);
    gw_io_pool_free(NULL);
    gw_io_loop_free(l);
}

int main(void)
{
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (uint8_t)((i * 2654435761u) >> 13);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_posts),
        cmocka_unit_test(test_loop_that_never_runs),
        cmocka_unit_test(test_timers),
        cmocka_unit_test(test_listen_errors),
        cmocka_unit_test(test_reuseport),
        cmocka_unit_test(test_connect_refused),
        cmocka_unit_test(test_no_such_name),
        cmocka_unit_test(test_stop_while_connecting),
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_last_words),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_close_now),
        cmocka_unit_test(test_stop_with_connections),
        cmocka_unit_test(test_too_much_queued),
        cmocka_unit_test(test_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
