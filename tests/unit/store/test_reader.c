/* What readers see and when; many of them beside the writer. */
#include <pthread.h>
#include <stdatomic.h>

#include "store/store_support.h"

/* A job that does not advance visibility: its entry is not durable yet. */
static int64_t put_unseen(struct world *w, struct gw_store_put *p)
{
    struct put_job j = {.p = p, .count = 1};
    assert_int_equal(run_fn(w->s, put_job_body, &j), GW_OK);
    return j.change;
}

static void nothing_is_seen_before_its_entry_is_durable(void **state)
{
    struct world *w = *state;
    struct gw_store_put p[] = {put_of("k1", "one"), put_of("k2", "two")};
    int64_t change[2];
    for (int i = 0; i < 2; i++)
        change[i] = put_unseen(w, &p[i]);
    struct seen seen = {0};
    int64_t last = -1;
    bool more = true;
    assert_int_equal(gw_store_visible(w->s), 0);
    assert_int_equal(gw_store_changes(w->r, "penalty", 0, 9, see, &seen, &last, &more), GW_OK);
    assert_int_equal(seen.count, 0);
    assert_int_equal(last, 0);
    assert_false(more);
    assert_int_equal(gw_store_record_get(w->r, p[0].record_id, see, &seen), GW_NOT_FOUND);
    gw_store_visible_advance(w->s, change[0]);
    /* The turn sees what it saw at first. */
    assert_int_equal(gw_store_changes(w->r, "penalty", 0, 9, see, &seen, &last, &more), GW_OK);
    assert_int_equal(seen.count, 0);
    gw_store_reader_turn_end(w->r);
    assert_int_equal(gw_store_changes(w->r, "penalty", 0, 9, see, &seen, &last, &more), GW_OK);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.row[0].packed, "one");
    assert_int_equal(last, change[0]);
    assert_false(more);
    /* Backwards is no direction. */
    gw_store_visible_advance(w->s, 0);
    assert_int_equal(gw_store_visible(w->s), change[0]);
}

/* The entry between two others could not be written: the later one does not show what it said. */
static void a_lost_entry_stops_what_is_seen_and_what_is_taken(void **state)
{
    struct world *w = *state;
    struct gw_store_put p[] = {put_of("k1", "one"), put_of("k2", "two"), put_of("k3", "three")};
    int64_t change[3];
    for (int i = 0; i < 3; i++)
        change[i] = put_unseen(w, &p[i]);
    gw_store_visible_advance(w->s, change[0]);
    gw_store_stop_at(w->s, change[0]);
    gw_store_visible_advance(w->s, change[2]);
    assert_int_equal(gw_store_visible(w->s), change[0]);
    struct gw_store_stats st;
    gw_store_stats_get(w->s, &st);
    assert_true(st.failed);
    struct put_job j = {.p = p, .count = 1};
    assert_int_equal(run_fn(w->s, put_job_body, &j), GW_UNAVAILABLE);
    /* The next start, once the log has them. */
    world_reopen(w);
    assert_int_equal(gw_store_visible(w->s), change[2]);
}

static void keep_original(void *arg, const char *format, struct gw_bytes original)
{
    (void)format;
    snprintf(arg, 128, "%.*s", GW_BYTES_FMT(original));
}

/* Until the update may be seen, the state before it is: not nothing. */
static void an_unseen_update_leaves_the_state_before_it(void **state)
{
    struct world *w = *state;
    static const uint32_t classes[] = {ORG, PERSON};
    for (size_t c = 0; c < GW_ARRAY_LEN(classes); c++) {
        char key[8];
        char subject[8];
        snprintf(key, sizeof(key), "k%zu", c);
        snprintf(subject, sizeof(subject), "s%zu", c);
        struct gw_store_put p[3];
        static const char *const text[] = {"one", "two", "three"};
        for (int i = 0; i < 3; i++) {
            p[i] = put_of(key, text[i]);
            p[i].class_bit = classes[c];
            p[i].subject_value = gw_bytes_str(subject);
            p[i].authority_us = T0 + i;
        }
        assert_int_equal(put_one(w, &p[0]), GW_OK);
        int64_t two = put_unseen(w, &p[1]);
        put_unseen(w, &p[2]);
        for (int step = 0; step < 2; step++) {
            struct seen seen = {0};
            char original[128];
            assert_int_equal(
                gw_store_by_subject(w->r, "CN-USCC", gw_bytes_str(subject), see, &seen), GW_OK);
            assert_int_equal(gw_store_record_get(w->r, p[0].record_id, see, &seen), GW_OK);
            assert_int_equal(seen.count, 2);
            for (int i = 0; i < 2; i++) {
                assert_string_equal(seen.row[i].packed, text[step]);
                assert_int_equal(seen.row[i].revision, step + 1);
                assert_memory_equal(seen.row[i].id, p[0].record_id, 16);
            }
            assert_int_equal(gw_store_original_get(w->r, p[0].record_id, (uint32_t)step + 1,
                                                   keep_original, original),
                             GW_OK);
            assert_string_equal(original, text[step]);
            assert_int_equal(gw_store_original_get(w->r, p[0].record_id, (uint32_t)step + 2,
                                                   keep_original, original),
                             GW_NOT_FOUND);
            gw_store_reader_turn_end(w->r);
            gw_store_visible_advance(w->s, two);
        }
        gw_store_visible_advance(w->s, p[2].change_no);
    }
}

static void pages_meet_without_gap_or_overlap(void **state)
{
    struct world *w = *state;
    enum { N = 23 };
    struct gw_store_put p[2 * N];
    char key[2 * N][8];
    for (int i = 0; i < 2 * N; i++) {
        snprintf(key[i], sizeof(key[i]), "%d", i);
        p[i] = put_of(key[i], key[i]);
        if (i % 2)
            p[i].kind = "licence";
    }
    assert_int_equal(put_many(w, p, 2 * N, NULL), GW_OK);
    for (uint32_t limit = 1; limit <= N + 1; limit++) {
        struct seen seen = {0};
        int64_t last = 0;
        bool more = true;
        uint32_t pages = 0;
        while (more) {
            assert_int_equal(
                gw_store_changes(w->r, "penalty", last, limit, see, &seen, &last, &more), GW_OK);
            gw_store_reader_turn_end(w->r);
            pages++;
        }
        assert_int_equal(seen.count, N);
        assert_int_equal(pages, (N + limit - 1) / limit);
        for (int i = 0; i < N; i++)
            assert_string_equal(seen.row[i].packed, key[2 * i]);
    }
    struct seen seen = {0};
    int64_t last = 0;
    bool more = false;
    assert_int_equal(gw_store_changes(w->r, "penalty", 0, 0, see, &seen, &last, &more), GW_OK);
    assert_true(more);
    assert_int_equal(last, 0);
}

static void a_row_that_was_stopped_before_is_not_read(void **state)
{
    struct world *w = *state;
    struct gw_store_put p[] = {put_of("k1", "one"), put_of("k2", "two"), put_of("k3", "three")};
    assert_int_equal(put_many(w, p, 3, NULL), GW_OK);
    struct seen seen = {.stop_before = 3};
    int64_t last;
    bool more;
    assert_int_equal(gw_store_changes(w->r, "penalty", 0, 9, see, &seen, &last, &more), GW_OK);
    assert_int_equal(seen.count, 2);
    assert_int_equal(last, p[1].change_no);
    assert_true(more);
    seen = (struct seen){.stop_before = 1};
    assert_int_equal(gw_store_changes(w->r, "penalty", last, 9, see, &seen, &last, &more), GW_OK);
    assert_int_equal(last, p[1].change_no);
    assert_true(more);
    seen = (struct seen){0};
    assert_int_equal(gw_store_changes(w->r, "penalty", last, 9, see, &seen, &last, &more), GW_OK);
    assert_int_equal(seen.count, 1);
    assert_int_equal(last, p[2].change_no);
    assert_false(more);
}

/* An updated record moves to its latest change: a follower meets it again, a new reader meets it
 * once. */
static void each_record_once_at_its_latest_change(void **state)
{
    struct world *w = *state;
    struct gw_store_put p[] = {put_of("k1", "one"), put_of("k2", "two")};
    assert_int_equal(put_many(w, p, 2, NULL), GW_OK);
    struct gw_store_put newer = put_of("k1", "one, later");
    newer.authority_us = T0 + 1;
    assert_int_equal(put_one(w, &newer), GW_OK);
    struct seen seen = {0};
    int64_t last;
    bool more;
    assert_int_equal(gw_store_changes(w->r, "penalty", 0, 9, see, &seen, &last, &more), GW_OK);
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.row[0].packed, "two");
    assert_string_equal(seen.row[1].packed, "one, later");
    seen.count = 0;
    assert_int_equal(gw_store_changes(w->r, "penalty", p[1].change_no, 9, see, &seen, &last, &more),
                     GW_OK);
    assert_int_equal(seen.count, 1);
}

/* ---- beside the writer
 * ------------------------------------------------------------------------------ */

enum { READERS = 3, WRITERS = 2, PUTS = 60 };
static atomic_int writers_left;

/* Every record is there from the moment it was visible on, with the same text in both halves. */
static bool check_row(void *arg, const struct gw_store_row *row)
{
    int64_t *last = arg;
    assert_true(row->change_no > *last);
    *last = row->change_no;
    size_t half = row->packed.len / 2;
    assert_memory_equal(row->packed.ptr, row->packed.ptr + half, half);
    return true;
}

static void *read_on(void *arg)
{
    struct world *w = arg;
    struct gw_store_reader *r;
    assert_int_equal(gw_store_reader_open(w->s, &r), GW_OK);
    size_t rounds = 0;
    bool done = false;
    while (!done) {
        done = atomic_load(&writers_left) == 0;
        int64_t visible = gw_store_visible(w->s);
        int64_t seen = 0;
        int64_t last = 0;
        bool more = true;
        while (more) {
            assert_int_equal(
                gw_store_changes(r, "penalty", last, 7, check_row, &seen, &last, &more), GW_OK);
            gw_store_reader_turn_end(r);
        }
        /* Keys are new only, every change is of this kind: the last is at least what was visible
         * before. */
        assert_true(last >= visible);
        struct gw_store_stats st;
        gw_store_stats_get(w->s, &st);
        rounds++;
    }
    assert_true(rounds > 0);
    gw_store_reader_close(r);
    return NULL;
}

struct writer_arg {
    struct world *w;
    int number;
};

static void *write_on(void *arg)
{
    struct writer_arg *a = arg;
    for (int i = 0; i < PUTS; i++) {
        char key[16];
        char text[16];
        snprintf(key, sizeof(key), "%d-%d", a->number, i);
        snprintf(text, sizeof(text), "%04d%04d", i, i);
        struct gw_store_put p = put_of(key, text);
        p.class_bit = i % 2 ? ORG : PERSON;
        int64_t receipt;
        assert_int_equal(put_many(a->w, &p, 1, &receipt), GW_OK);
        gw_store_pending_done(a->w->s, receipt, (uint64_t)receipt);
        char token[128];
        struct gw_buf b;
        gw_buf_init_fixed(&b, token, sizeof(token));
        assert_int_equal(gw_store_cursor_seal(a->w->s, gw_bytes_str(key), GW_BYTES_NONE, &b),
                         GW_OK);
    }
    atomic_fetch_sub(&writers_left, 1);
    return NULL;
}

static void readers_beside_the_writer(void **state)
{
    struct world *w = *state;
    pthread_t reader[READERS];
    pthread_t writer[WRITERS];
    struct writer_arg arg[WRITERS];
    atomic_store(&writers_left, WRITERS);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&reader[i], NULL, read_on, w), 0);
    for (int i = 0; i < WRITERS; i++) {
        arg[i] = (struct writer_arg){w, i};
        assert_int_equal(pthread_create(&writer[i], NULL, write_on, &arg[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(writer[i], NULL);
    for (int i = 0; i < READERS; i++)
        pthread_join(reader[i], NULL);
    struct gw_store_stats st;
    gw_store_stats_get(w->s, &st);
    assert_int_equal(st.records, WRITERS * PUTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)
        T(nothing_is_seen_before_its_entry_is_durable),
        T(a_lost_entry_stops_what_is_seen_and_what_is_taken),
        T(an_unseen_update_leaves_the_state_before_it),
        T(pages_meet_without_gap_or_overlap),
        T(a_row_that_was_stopped_before_is_not_read),
        T(each_record_once_at_its_latest_change),
        T(readers_beside_the_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
