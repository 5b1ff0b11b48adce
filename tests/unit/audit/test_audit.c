/* The running log: open, append, publish, close, open again; lock, queue, alarms, reading,
 * searching, reconciliation. */
#include "audit/logdir.h"

#include <pthread.h>

static uint64_t count_kind(struct logdir *d, int kind, const char *event)
{
    struct gw_audit_reader *r;
    struct gw_buf error;
    gw_buf_init(&error, 1024);
    assert_int_equal(gw_audit_reader_open(d->shard, &r, &error), GW_OK);
    uint64_t n = 0;
    for (uint64_t i = 0; i < gw_audit_reader_size(r); i++) {
        struct gw_bytes b;
        struct gw_audit_entry e;
        assert_int_equal(gw_audit_reader_get(r, i, &b), GW_OK);
        assert_int_equal(gw_audit_entry_decode(b, &e), GW_OK);
        n += e.num[GW_AF_KIND] == (uint64_t)kind &&
             (event == NULL || gw_bytes_eq_str(e.str[GW_AF_EVENT], event));
    }
    struct gw_bytes b;
    assert_int_equal(gw_audit_reader_get(r, gw_audit_reader_size(r), &b), GW_NOT_FOUND);
    gw_audit_reader_close(r);
    gw_buf_fini(&error);
    return n;
}

static void first_run_and_again(void **state)
{
    (void)state;
    struct logdir d;
    logdir_init(&d);
    struct gw_audit *a = logdir_open(&d);
    assert_int_equal(gw_audit_size(a), 3);
    assert_int_equal(gw_audit_published(a), 3);
    uint64_t seq;
    for (uint64_t i = 0; i < 600; i++) {
        assert_int_equal(logdir_append(a, i, &seq), GW_OK);
        assert_int_equal(seq, 3 + i);
    }
    assert_int_equal(gw_audit_published(a), 3);
    assert_int_equal(gw_audit_publish(a), GW_OK);
    assert_int_equal(gw_audit_published(a), 603);
    assert_true(logdir_verify(&d, GW_BYTES_NONE).good);
    /* A second process, and this one, can not open it twice. */
    struct gw_audit *b;
    assert_int_equal(logdir_try(&d, &b), GW_BUSY);
    gw_audit_close(a);

    a = logdir_open(&d);
    assert_int_equal(gw_audit_size(a), 603);
    assert_int_equal(logdir_append(a, 600, &seq), GW_OK);
    assert_int_equal(seq, 603);
    gw_audit_close(a);
    struct gw_audit_verdict v = logdir_verify(&d, GW_BYTES_NONE);
    assert_true(v.good);
    assert_int_equal(v.size, 604);
    assert_int_equal(count_kind(&d, GW_AUDIT_OPEN, "log.open"), 1);
    assert_int_equal(count_kind(&d, GW_AUDIT_KEY, "key.created"), 2);
    assert_int_equal(count_kind(&d, GW_AUDIT_RECOVERY, NULL), 0);
    struct stat st;
    char path[160];
    snprintf(path, sizeof(path), "%s/log.vkey", d.keys);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    logdir_fini(&d);
}

static size_t count_segments(const char *dir)
{
    char **names;
    size_t count = 0;
    uint64_t first;
    assert_int_equal(gw_file_list(dir, &names), GW_OK);
    for (char **n = names; *n != NULL; n++)
        count += gw_audit_segment_parse(*n, &first) == GW_OK;
    gw_file_names_free(names);
    return count;
}

/* Segments fill, are covered, and go; the newest stays. */
static void segments(void **state)
{
    (void)state;
    struct logdir d;
    logdir_init(&d);
    d.set.segment_bytes = 32 * 1024;
    struct gw_audit *a = logdir_open(&d);
    char dir[160];
    snprintf(dir, sizeof(dir), "%s/journal", d.shard);
    for (uint64_t i = 0; i < 300; i++)
        assert_int_equal(logdir_append(a, i, NULL), GW_OK);
    size_t before = count_segments(dir);
    assert_true(before >= 3);
    gw_audit_close(a);
    a = logdir_open(&d);
    for (uint64_t i = 0; i < 300; i++)
        assert_int_equal(logdir_append(a, i, NULL), GW_OK);
    gw_audit_close(a);
    assert_int_equal(count_segments(dir), 1);
    assert_true(logdir_verify(&d, GW_BYTES_NONE).good);
    logdir_fini(&d);
}

struct caller {
    struct gw_audit *a;
    uint64_t from, count;
    int failed;
};

static void *call(void *arg)
{
    struct caller *c = arg;
    uint64_t last = 0;
    for (uint64_t i = 0; i < c->count; i++) {
        uint64_t seq;
        if (logdir_append(c->a, c->from + i, &seq) != GW_OK || seq <= last)
            c->failed++;
        last = seq;
    }
    return NULL;
}

static void many_callers(void **state)
{
    (void)state;
    enum { CALLERS = 16, EACH = 120 };
    struct logdir d;
    logdir_init(&d);
    d.set.checkpoint_interval_ms = 5;
    d.set.segment_bytes = 128 * 1024;
    struct gw_audit *a = logdir_open(&d);
    pthread_t t[CALLERS];
    struct caller c[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        c[i] = (struct caller){a, (uint64_t)i * EACH, EACH, 0};
        assert_int_equal(pthread_create(&t[i], NULL, call, &c[i]), 0);
    }
    for (int i = 0; i < 20; i++) {
        struct gw_audit_stats s;
        gw_audit_alarm(a, "limits", "queue");
        gw_audit_stats_get(a, &s);
        assert_false(s.dead);
        usleep(2000);
    }
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(t[i], NULL);
        assert_int_equal(c[i].failed, 0);
    }
    gw_audit_close(a);
    struct gw_audit_verdict v = logdir_verify(&d, GW_BYTES_NONE);
    assert_true(v.good);
    assert_int_equal(v.size, 3 + CALLERS * EACH + 1);
    logdir_fini(&d);
}

static void queue_is_bounded(void **state)
{
    (void)state;
    struct logdir d;
    logdir_init(&d);
    d.set.queue_max = 4;
    struct gw_audit *a = logdir_open(&d);
    assert_int_equal(gw_audit_reserve(a, 5), GW_BUSY);
    assert_int_equal(gw_audit_reserve(a, 3), GW_OK);
    assert_int_equal(gw_audit_reserve(a, 2), GW_BUSY);
    assert_int_equal(gw_audit_reserve(a, 1), GW_OK);
    uint8_t room[1024];
    struct gw_audit_append ap = {.body = logdir_body(1, room)};
    assert_int_equal(gw_audit_submit(a, &ap, false), GW_BUSY);
    gw_audit_release(a, 4);
    assert_int_equal(logdir_append(a, 1, NULL), GW_OK);
    struct gw_audit_stats s;
    gw_audit_stats_get(a, &s);
    assert_int_equal(s.refused, 3);
    assert_int_equal(s.queue_depth, 0);
    assert_int_equal(gw_audit_append_wait(a, GW_BYTES_LIT("\x02nonsense"), NULL), GW_INVALID);
    gw_audit_close(a);
    logdir_fini(&d);
}

static void disk_low(void **state)
{
    (void)state;
    struct logdir d;
    logdir_init(&d);
    d.set.min_free = UINT64_MAX / 2;
    struct gw_audit *a = logdir_open(&d);
    assert_int_equal(gw_audit_reserve(a, 1), GW_NOSPACE);
    struct gw_audit_stats s;
    gw_audit_stats_get(a, &s);
    assert_true(s.disk_low);
    assert_true(s.free_bytes > 0);
    /* What was under way is still written. */
    assert_int_equal(logdir_append(a, 1, NULL), GW_OK);
    gw_audit_close(a);
    assert_int_equal(count_kind(&d, GW_AUDIT_ALARM, "disk.low"), 1);
    logdir_fini(&d);
}

static void alarms_are_limited(void **state)
{
    (void)state;
    struct logdir d;
    logdir_init(&d);
    struct gw_audit *a = logdir_open(&d);
    for (int i = 0; i < 1000; i++)
        gw_audit_alarm(a, "limits", "queue");
    gw_audit_alarm(a, "pii.blocked", NULL);
    usleep(2200000);
    gw_audit_close(a);
    assert_int_equal(count_kind(&d, GW_AUDIT_ALARM, "limits"), 2);
    assert_int_equal(count_kind(&d, GW_AUDIT_ALARM, "pii.blocked"), 1);
    assert_true(logdir_verify(&d, GW_BYTES_NONE).good);
    logdir_fini(&d);
}

static void reconciliation(void **state)
{
    (void)state;
    struct logdir d;
    logdir_init(&d);
    d.set.segment_bytes = 32 * 1024;
    struct gw_audit *a = logdir_open(&d);
    for (uint64_t i = 0; i < 400; i++) {
        assert_int_equal(logdir_append(a, i, NULL), GW_OK);
        if (i == 290)
            assert_int_equal(gw_audit_publish(a), GW_OK);
    }
    uint8_t room[1024];
    bool found;
    uint64_t seq;
    static const uint64_t probe[] = {0, 1, 289, 290, 291, 399};
    for (size_t i = 0; i < GW_ARRAY_LEN(probe); i++) {
        assert_int_equal(gw_audit_find_body(a, 0, logdir_body(probe[i], room), &found, &seq),
                         GW_OK);
        assert_true(found);
        assert_int_equal(seq, probe[i] + 3);
        assert_int_equal(
            gw_audit_find_body(a, probe[i] + 3, logdir_body(probe[i], room), &found, &seq), GW_OK);
        assert_true(found);
        assert_int_equal(
            gw_audit_find_body(a, probe[i] + 4, logdir_body(probe[i], room), &found, &seq), GW_OK);
        assert_false(found);
    }
    assert_int_equal(gw_audit_find_body(a, 0, logdir_body(1000, room), &found, &seq), GW_OK);
    assert_false(found);
    gw_audit_close(a);
    logdir_fini(&d);
}

struct hits {
    uint64_t count, last, want_peer_c;
};

static bool hit(void *arg, uint64_t seq, struct gw_bytes entry)
{
    struct hits *h = arg;
    (void)entry;
    assert_true(h->count == 0 || seq < h->last);
    h->last = seq;
    h->count++;
    return true;
}

static uint64_t search(struct logdir *d, const struct gw_audit_query *q)
{
    struct hits h = {0};
    struct gw_buf error;
    gw_buf_init(&error, 1024);
    assert_int_equal(gw_audit_search(d->shard, q, hit, &h, &error), GW_OK);
    gw_buf_fini(&error);
    return h.count;
}

static void check_searches(struct logdir *d)
{
    struct gw_hash subject = {{3, 1}};
    uint8_t id[16] = {77};
    assert_int_equal(search(d, &(struct gw_audit_query){.peer_id = "city-b"}), 100);
    assert_int_equal(search(d, &(struct gw_audit_query){.peer_id = "city-b", .limit = 7}), 7);
    assert_int_equal(
        search(d, &(struct gw_audit_query){.reason = "no-grant", .decision = GW_AUDIT_DENY}), 60);
    assert_int_equal(search(d, &(struct gw_audit_query){.kind = GW_AUDIT_KEY}), 2);
    assert_int_equal(search(d, &(struct gw_audit_query){.event = "log.open"}), 1);
    assert_int_equal(search(d, &(struct gw_audit_query){.subject = &subject}), 43);
    assert_int_equal(search(d, &(struct gw_audit_query){.subject = &subject, .peer_id = "city-b"}),
                     15);
    assert_int_equal(search(d, &(struct gw_audit_query){.exchange_id = id}), 1);
    assert_int_equal(
        search(d, &(struct gw_audit_query){.method = "ListExchange/Check", .before_seq = 13}), 10);
    assert_int_equal(search(d, &(struct gw_audit_query){.to_us = 1}), 0);
    assert_int_equal(search(d, &(struct gw_audit_query){.from_us = 1}), 303);
    assert_int_equal(search(d, &(struct gw_audit_query){.peer_id = "nobody"}), 0);
}

/* By the index beside the running log, with an index that lags, without one, and with one of
 * another log. */
static void searching(void **state)
{
    (void)state;
    struct logdir d;
    logdir_init(&d);
    struct gw_audit *a = logdir_open(&d);
    for (uint64_t i = 0; i < 300; i++)
        assert_int_equal(logdir_append(a, i, NULL), GW_OK);
    assert_int_equal(gw_audit_publish(a), GW_OK);
    struct gw_audit_stats s;
    gw_audit_stats_get(a, &s);
    assert_int_equal(s.indexed, 303);
    check_searches(&d);
    gw_audit_close(a);
    check_searches(&d);
    char path[160], other[160];
    snprintf(path, sizeof(path), "%s/index.db", d.log);
    snprintf(other, sizeof(other), "%s/index.other", d.log);
    assert_int_equal(rename(path, other), 0);
    check_searches(&d);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "not a database at all", 21), 21);
    close(fd);
    check_searches(&d);
    /* Opening rebuilds it. */
    a = logdir_open(&d);
    assert_int_equal(gw_audit_publish(a), GW_OK);
    gw_audit_stats_get(a, &s);
    assert_int_equal(s.indexed, 303);
    gw_audit_close(a);
    check_searches(&d);
    logdir_fini(&d);
}

static void test_key_is_refused(void **state)
{
    (void)state;
    struct logdir d;
    logdir_init(&d);
    json_t *root = vectors_load("checkpoints.json");
    struct gw_bytes seed =
        vectors_hex(vectors_get(vectors_get(root, "keys"), "log_ed25519"), "private_hex");
    struct gw_sign_key *key;
    assert_int_equal(gw_crypto_sign_key_from_seed(seed, &key), GW_OK);
    char path[160];
    struct gw_audit *a = logdir_open(&d);
    snprintf(path, sizeof(path), "%s/log-%s.pem", d.keys, strrchr(d.shard, '/') + 1);
    gw_audit_close(a);
    nftw(d.log, logdir_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    assert_int_equal(gw_crypto_sign_key_save(key, path), GW_OK);
    assert_int_equal(logdir_try(&d, &a), GW_DENIED);
    /* And another key than the checkpoint's is refused too. */
    gw_crypto_sign_key_free(key);
    unlink(path);
    a = logdir_open(&d);
    gw_audit_close(a);
    assert_int_equal(gw_crypto_sign_key_generate(&key), GW_OK);
    assert_int_equal(gw_crypto_sign_key_save(key, path), GW_OK);
    assert_int_equal(logdir_try(&d, &a), GW_CORRUPT);
    unlink(path);
    assert_int_equal(logdir_try(&d, &a), GW_CORRUPT);
    gw_crypto_sign_key_free(key);
    vectors_free(seed);
    json_decref(root);
    logdir_fini(&d);
}

static void settings_are_checked(void **state)
{
    (void)state;
    struct logdir d;
    struct gw_audit *a;
    logdir_init(&d);
    static const char *const host[] = {NULL, "", "a b", "a+b", "a/b", "a\nb"};
    for (size_t i = 0; i < GW_ARRAY_LEN(host); i++) {
        d.set.host = host[i];
        assert_int_equal(logdir_try(&d, &a), GW_INVALID);
    }
    logdir_fini(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_run_and_again),
        cmocka_unit_test(segments),
        cmocka_unit_test(many_callers),
        cmocka_unit_test(queue_is_bounded),
        cmocka_unit_test(disk_low),
        cmocka_unit_test(alarms_are_limited),
        cmocka_unit_test(reconciliation),
        cmocka_unit_test(searching),
        cmocka_unit_test(test_key_is_refused),
        cmocka_unit_test(settings_are_checked),
    };
    return cmocka_run_group_tests(tests, vectors_setup, NULL);
}
