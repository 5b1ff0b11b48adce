/* Batches: each row once, resent rows, gaps, digest, closing, sheets. */
#include "store/store_support.h"

static const uint8_t ID[16] = "batch-id-0123456";
static const uint8_t OTHER[16] = "other-batch-0000";

static struct gw_store_batch batch_of(const uint8_t id[16])
{
    struct gw_store_batch b = {.peer = "hangzhou",
                               .format = "hangzhou.penalty@1",
                               .declared = 5,
                               .opened_us = T0,
                               .has_digest = true};
    memcpy(b.id, id, 16);
    memset(b.digest.byte, 0xd1, sizeof(b.digest.byte));
    return b;
}

static enum gw_status open_body(struct gw_store_tx *tx, void *arg)
{
    return gw_store_batch_open(tx, arg);
}

static void open_batch(struct world *w, const uint8_t id[16])
{
    struct gw_store_batch b = batch_of(id);
    assert_int_equal(run_fn(w->s, open_body, &b), GW_OK);
}

static struct gw_store_batch_row row_of(uint64_t n, enum gw_store_outcome outcome, const char *item)
{
    struct gw_store_batch_row r = {.row = n, .key = gw_bytes_str(item), .outcome = outcome};
    if (outcome == GW_PUT_REFUSED)
        r.reasons = GW_BYTES_LIT("reasons");
    gw_crypto_sha256(gw_bytes_str(item), GW_BYTES_NONE, GW_BYTES_NONE, &r.digest);
    return r;
}

struct rows {
    const uint8_t *id;
    struct gw_store_batch_row *row;
    size_t count;
    bool entry; /* with a pending entry of its own */
    int64_t receipt;
    bool first;
};

static enum gw_status rows_body(struct gw_store_tx *tx, void *arg)
{
    struct rows *r = arg;
    for (size_t i = 0; i < r->count; i++) {
        if (r->entry)
            r->row[i].receipt = gw_store_receipt_next(tx);
        GW_TRY(gw_store_batch_row_put(tx, r->id, &r->row[i], &r->first));
    }
    static const uint8_t exchange[16];
    return r->entry ? gw_store_pending_put(tx, exchange, 0, 0, GW_BYTES_LIT("e"), &r->receipt)
                    : GW_OK;
}

static enum gw_status put_rows(struct world *w, struct gw_store_batch_row *row, size_t count)
{
    struct rows r = {.id = ID, .row = row, .count = count};
    return run_fn(w->s, rows_body, &r);
}

static enum gw_status put_row(struct world *w, uint64_t n, enum gw_store_outcome outcome,
                              const char *item)
{
    struct gw_store_batch_row r = row_of(n, outcome, item);
    return put_rows(w, &r, 1);
}

static struct gw_store_batch get(struct world *w)
{
    struct gw_store_batch b;
    assert_int_equal(gw_store_batch_get(w->r, ID, &b), GW_OK);
    gw_store_reader_turn_end(w->r);
    return b;
}

static void opened_once(void **state)
{
    struct world *w = *state;
    open_batch(w, ID);
    struct gw_store_batch again = batch_of(ID);
    again.declared = 6;
    assert_int_equal(run_fn(w->s, open_body, &again), GW_EXISTS);
    struct gw_store_batch b = get(w);
    assert_memory_equal(b.id, ID, 16);
    assert_string_equal(b.peer, "hangzhou");
    assert_string_equal(b.format, "hangzhou.penalty@1");
    assert_int_equal(b.declared, 5);
    assert_true(b.has_digest);
    assert_int_equal(b.digest.byte[31], 0xd1);
    assert_int_equal(b.opened_us, T0);
    assert_int_equal(b.closed_us, 0);
    assert_true(b.first_seq == UINT64_MAX && b.last_seq == UINT64_MAX);
    struct gw_store_stats st;
    gw_store_stats_get(w->s, &st);
    assert_int_equal(st.batches_open, 1);
    assert_int_equal(gw_store_batch_get(w->r, OTHER, &b), GW_NOT_FOUND);
    again = batch_of(OTHER);
    again.peer[0] = '\0';
    assert_int_equal(run_fn(w->s, open_body, &again), GW_INVALID);
    memset(again.peer, 'x', sizeof(again.peer));
    assert_int_equal(run_fn(w->s, open_body, &again), GW_INVALID);
    again = batch_of(OTHER);
    again.has_digest = false;
    again.declared = UINT64_MAX;
    assert_int_equal(run_fn(w->s, open_body, &again), GW_INVALID);
    again.declared = 0;
    assert_int_equal(run_fn(w->s, open_body, &again), GW_OK);
    assert_int_equal(gw_store_batch_get(w->r, OTHER, &b),
                     GW_NOT_FOUND); /* not in this turn's snapshot */
    gw_store_reader_turn_end(w->r);
    assert_int_equal(gw_store_batch_get(w->r, OTHER, &b), GW_OK);
    assert_false(b.has_digest);
}

static void rows_count_once(void **state)
{
    struct world *w = *state;
    open_batch(w, ID);
    struct gw_store_batch_row r[] = {row_of(1, GW_PUT_NEW, "a"), row_of(2, GW_PUT_DUPLICATE, "b"),
                                     row_of(3, GW_PUT_UPDATED, "c"),
                                     row_of(4, GW_PUT_REFUSED, "d")};
    assert_int_equal(put_rows(w, r, 4), GW_OK);
    /* The same row again, now a duplicate: its first outcome stays. */
    struct gw_store_batch_row again = row_of(1, GW_PUT_DUPLICATE, "a");
    struct rows job = {.id = ID, .row = &again, .count = 1, .first = true};
    assert_int_equal(run_fn(w->s, rows_body, &job), GW_OK);
    assert_false(job.first);
    again = row_of(5, GW_PUT_NEW, "e");
    assert_int_equal(run_fn(w->s, rows_body, &job), GW_OK);
    assert_true(job.first);
    struct gw_store_batch b = get(w);
    assert_int_equal(b.added, 2);
    assert_int_equal(b.repeated, 1);
    assert_int_equal(b.updated, 1);
    assert_int_equal(b.refused, 1);
    assert_int_equal(b.highest_row, 5);
    assert_int_equal(b.contiguous, 5);
}

static void another_content_in_the_same_row_is_a_conflict(void **state)
{
    struct world *w = *state;
    open_batch(w, ID);
    assert_int_equal(put_row(w, 1, GW_PUT_NEW, "a"), GW_OK);
    assert_int_equal(put_row(w, 1, GW_PUT_NEW, "b"), GW_CONFLICT);
    struct gw_store_batch b = get(w);
    assert_int_equal(b.added, 1);
}

static void malformed_rows_are_refused(void **state)
{
    struct world *w = *state;
    open_batch(w, ID);
    assert_int_equal(put_row(w, 0, GW_PUT_NEW, "a"), GW_INVALID);
    assert_int_equal(put_row(w, UINT64_MAX, GW_PUT_NEW, "a"), GW_INVALID);
    assert_int_equal(put_row(w, 1, (enum gw_store_outcome)0, "a"), GW_INVALID);
    assert_int_equal(put_row(w, 1, (enum gw_store_outcome)(GW_PUT_REFUSED + 1), "a"), GW_INVALID);
    struct gw_store_batch_row r = row_of(1, GW_PUT_NEW, "a");
    struct rows job = {.id = OTHER, .row = &r, .count = 1};
    assert_int_equal(run_fn(w->s, rows_body, &job), GW_NOT_FOUND);
    assert_int_equal(get(w).highest_row, 0);
}

/* In any order, the contiguous part is what a brute-force count says. */
static void contiguous_in_any_order(void **state)
{
    struct world *w = *state;
    enum { N = 40 };
    open_batch(w, ID);
    bool there[N + 2] = {false};
    uint32_t x = 12345;
    for (int i = 0; i < 3 * N; i++) {
        x = x * 1664525u + 1013904223u;
        uint64_t n = 1 + (x >> 16) % N;
        char item[8];
        snprintf(item, sizeof(item), "%d", (int)n);
        assert_int_equal(put_row(w, n, GW_PUT_NEW, item), GW_OK);
        there[n] = true;
        uint64_t expect = 0;
        uint64_t rows = 0;
        while (there[expect + 1])
            expect++;
        for (int k = 1; k <= N; k++)
            rows += there[k];
        struct gw_store_batch b = get(w);
        assert_int_equal(b.contiguous, expect);
        assert_int_equal(b.added, rows);
    }
}

/* Several rows and two batches in one job; undone with it. */
static enum gw_status two_batches(struct gw_store_tx *tx, void *arg)
{
    bool first;
    for (uint64_t n = 1; n <= 3; n++) {
        struct gw_store_batch_row r = row_of(n, GW_PUT_NEW, "x");
        GW_TRY(gw_store_batch_row_put(tx, ID, &r, &first));
        GW_TRY(gw_store_batch_row_put(tx, OTHER, &r, &first));
    }
    struct gw_store_batch b;
    GW_TRY(gw_store_batch_get_tx(tx, ID, &b));
    assert_int_equal(b.contiguous, 3);
    return *(enum gw_status *)arg;
}

static void two_batches_in_one_job(void **state)
{
    struct world *w = *state;
    open_batch(w, ID);
    open_batch(w, OTHER);
    enum gw_status end = GW_DENIED;
    assert_int_equal(run_fn(w->s, two_batches, &end), GW_DENIED);
    assert_int_equal(get(w).added, 0);
    end = GW_OK;
    assert_int_equal(run_fn(w->s, two_batches, &end), GW_OK);
    assert_int_equal(get(w).added, 3);
    struct gw_store_batch b;
    assert_int_equal(gw_store_batch_get(w->r, OTHER, &b), GW_OK);
    assert_int_equal(b.added, 3);
    assert_int_equal(b.contiguous, 3);
}

static enum gw_status close_body(struct gw_store_tx *tx, void *arg)
{
    (void)arg;
    return gw_store_batch_close(tx, ID, T0 + 100);
}

static void closed_batches_take_no_rows(void **state)
{
    struct world *w = *state;
    assert_int_equal(run_fn(w->s, close_body, NULL), GW_NOT_FOUND);
    open_batch(w, ID);
    assert_int_equal(put_row(w, 1, GW_PUT_NEW, "a"), GW_OK);
    assert_int_equal(run_fn(w->s, close_body, NULL), GW_OK);
    assert_int_equal(run_fn(w->s, close_body, NULL), GW_PRECONDITION);
    assert_int_equal(put_row(w, 2, GW_PUT_NEW, "b"), GW_PRECONDITION);
    assert_int_equal(put_row(w, 1, GW_PUT_NEW, "other"), GW_PRECONDITION);
    /* A row that was there is answered as before: the client lost the receipt, not the row. */
    assert_int_equal(put_row(w, 1, GW_PUT_NEW, "a"), GW_OK);
    struct gw_store_batch b = get(w);
    assert_int_equal(b.closed_us, T0 + 100);
    assert_int_equal(b.added, 1);
    struct gw_store_stats st;
    gw_store_stats_get(w->s, &st);
    assert_int_equal(st.batches_open, 0);
    world_reopen(w);
    gw_store_stats_get(w->s, &st);
    assert_int_equal(st.batches_open, 0);
}

static enum gw_status digest_body(struct gw_store_tx *tx, void *arg)
{
    return gw_store_batch_digest(tx, ID, arg);
}

static void digest_is_over_rows_in_order(void **state)
{
    struct world *w = *state;
    struct gw_hash got;
    assert_int_equal(run_fn(w->s, digest_body, &got), GW_NOT_FOUND);
    open_batch(w, ID);
    struct gw_hash empty;
    gw_crypto_sha256(GW_BYTES_NONE, GW_BYTES_NONE, GW_BYTES_NONE, &empty);
    assert_int_equal(run_fn(w->s, digest_body, &got), GW_OK);
    assert_memory_equal(&got, &empty, sizeof(got));
    static const char *const item[] = {"a", "b", "c"};
    static const int arrival[] = {2, 0, 1};
    for (int i = 0; i < 3; i++)
        assert_int_equal(put_row(w, (uint64_t)arrival[i] + 1, GW_PUT_NEW, item[arrival[i]]), GW_OK);
    struct gw_hash part[3];
    for (int i = 0; i < 3; i++)
        gw_crypto_sha256(gw_bytes_str(item[i]), GW_BYTES_NONE, GW_BYTES_NONE, &part[i]);
    struct gw_hash expect;
    gw_crypto_sha256(gw_bytes_make(part, sizeof(part)), GW_BYTES_NONE, GW_BYTES_NONE, &expect);
    assert_int_equal(run_fn(w->s, digest_body, &got), GW_OK);
    assert_memory_equal(&got, &expect, sizeof(got));
}

static void digest_of_rows(uint64_t first, uint64_t last, struct gw_hash *ret)
{
    struct gw_sha256 *sha = gw_crypto_sha256_new();
    for (uint64_t n = first; n <= last; n++) {
        char item[24];
        snprintf(item, sizeof(item), "item %d", (int)n);
        struct gw_store_batch_row r = row_of(n, GW_PUT_NEW, item);
        gw_crypto_sha256_update(sha, gw_bytes_make(r.digest.byte, GW_SHA256_LEN));
    }
    gw_crypto_sha256_final(sha, ret);
    gw_crypto_sha256_free(sha);
}

static void put_numbered(struct world *w, uint64_t n)
{
    char item[24];
    snprintf(item, sizeof(item), "item %d", (int)n);
    assert_int_equal(put_row(w, n, GW_PUT_NEW, item), GW_OK);
}

static void assert_digest(struct world *w, const struct gw_hash *expect)
{
    struct gw_hash got;
    assert_int_equal(run_fn(w->s, digest_body, &got), GW_OK);
    assert_memory_equal(&got, expect, sizeof(got));
}

/* Closing holds up the writer: rows that came in order are not read again for it. */
static void rows_in_order_are_not_walked(void **state)
{
    struct world *w = *state;
    struct gw_hash expect;
    open_batch(w, ID);
    for (uint64_t n = 1; n <= 100; n++) {
        put_numbered(w, n);
        if (n % 30 == 0)
            world_reopen(w);
    }
    digest_of_rows(1, 100, &expect);
    world_close(w);
    tamper(w, "UPDATE batch_row SET body = x''");
    world_open(w);
    assert_digest(w, &expect);
}

/* Two streams of one sender: each gap is closed soon, the rows behind it are read once. */
static void rows_slightly_out_of_order_are_not_walked_at_the_end(void **state)
{
    struct world *w = *state;
    struct gw_hash expect;
    open_batch(w, ID);
    for (uint64_t n = 1; n <= 100; n += 4)
        for (uint64_t k = 4; k > 0; k--)
            put_numbered(w, n + k - 1);
    digest_of_rows(1, 100, &expect);
    world_close(w);
    tamper(w, "UPDATE batch_row SET body = x''");
    world_open(w);
    assert_digest(w, &expect);
}

static void rows_in_reverse_are_taken_in_at_closing(void **state)
{
    struct world *w = *state;
    struct gw_hash expect;
    open_batch(w, ID);
    for (uint64_t n = 200; n > 0; n--)
        put_numbered(w, n);
    digest_of_rows(1, 200, &expect);
    assert_digest(w, &expect);
    world_reopen(w);
    assert_digest(w, &expect);
}

/* Of a schema before the rolling digest; and a job that is undone takes its rows out again. */
static void digest_without_a_state_and_after_an_undone_job(void **state)
{
    struct world *w = *state;
    struct gw_hash expect;
    open_batch(w, ID);
    for (uint64_t n = 1; n <= 70; n++)
        put_numbered(w, n);
    world_close(w);
    tamper(w, "UPDATE batch SET rolled = NULL");
    world_open(w);
    struct gw_store_batch_row bad[] = {row_of(71, GW_PUT_NEW, "undone"),
                                       row_of(71, GW_PUT_NEW, "conflict")};
    assert_int_equal(put_rows(w, bad, 2), GW_CONFLICT);
    put_numbered(w, 71);
    digest_of_rows(1, 71, &expect);
    assert_digest(w, &expect);
    world_close(w);
    tamper(w, "UPDATE batch SET rolled = zeroblob(length(rolled))");
    world_open(w);
    struct gw_hash got;
    assert_int_equal(run_fn(w->s, digest_body, &got), GW_CORRUPT);
}

static void range_of_entries(void **state)
{
    struct world *w = *state;
    open_batch(w, ID);
    int64_t receipt[3];
    for (uint64_t i = 0; i < 3; i++) {
        struct gw_store_batch_row r = row_of(i + 1, GW_PUT_NEW, "x");
        struct rows job = {.id = ID, .row = &r, .count = 1, .entry = true};
        assert_int_equal(run_fn(w->s, rows_body, &job), GW_OK);
        receipt[i] = job.receipt;
    }
    struct gw_store_batch b = get(w);
    assert_true(b.first_seq == UINT64_MAX && b.last_seq == UINT64_MAX);
    for (uint64_t i = 0; i < 3; i++)
        gw_store_pending_done(w->s, receipt[i], 70 + i);
    b = get(w);
    assert_int_equal(b.first_seq, 70);
    assert_int_equal(b.last_seq, 72);
    world_reopen(w);
    b = get(w);
    assert_int_equal(b.first_seq, 70);
    assert_int_equal(b.last_seq, 72);
}

struct sheet {
    size_t count;
    size_t stop_before;
    struct gw_store_batch_row row[16];
    char key[16][16];
    char reasons[16][16];
};

static bool note_row(void *arg, const struct gw_store_batch_row *row)
{
    struct sheet *s = arg;
    if (s->stop_before != 0 && s->count + 1 == s->stop_before)
        return false;
    s->row[s->count] = *row;
    snprintf(s->key[s->count], 16, "%.*s", GW_BYTES_FMT(row->key));
    snprintf(s->reasons[s->count], 16, "%.*s", GW_BYTES_FMT(row->reasons));
    s->count++;
    return true;
}

static void rows_of_a_batch(void **state)
{
    struct world *w = *state;
    struct sheet s = {0};
    assert_int_equal(gw_store_batch_rows(w->r, ID, 0, false, 10, note_row, &s), GW_NOT_FOUND);
    gw_store_reader_turn_end(w->r);
    open_batch(w, ID);
    for (uint64_t n = 1; n <= 6; n++) {
        char item[8];
        snprintf(item, sizeof(item), "key%d", (int)n);
        assert_int_equal(put_row(w, n, n % 2 ? GW_PUT_NEW : GW_PUT_REFUSED, item), GW_OK);
    }
    assert_int_equal(gw_store_batch_rows(w->r, ID, 0, false, 10, note_row, &s), GW_OK);
    assert_int_equal(s.count, 6);
    for (size_t i = 0; i < 6; i++) {
        char item[8];
        snprintf(item, sizeof(item), "key%zu", i + 1);
        assert_int_equal(s.row[i].row, i + 1);
        assert_string_equal(s.key[i], item);
        assert_string_equal(s.reasons[i], i % 2 ? "reasons" : "");
        struct gw_hash h;
        gw_crypto_sha256(gw_bytes_str(item), GW_BYTES_NONE, GW_BYTES_NONE, &h);
        assert_memory_equal(&s.row[i].digest, &h, sizeof(h));
    }
    s = (struct sheet){0};
    assert_int_equal(gw_store_batch_rows(w->r, ID, 2, true, 10, note_row, &s), GW_OK);
    assert_int_equal(s.count, 2);
    assert_int_equal(s.row[0].row, 4);
    assert_int_equal(s.row[1].row, 6);
    s = (struct sheet){0};
    assert_int_equal(gw_store_batch_rows(w->r, ID, 0, false, 3, note_row, &s), GW_OK);
    assert_int_equal(s.count, 3);
    s = (struct sheet){.stop_before = 2};
    assert_int_equal(gw_store_batch_rows(w->r, ID, 0, false, 9, note_row, &s), GW_OK);
    assert_int_equal(s.count, 1);
    s = (struct sheet){0};
    assert_int_equal(gw_store_batch_rows(w->r, ID, UINT64_MAX, false, 9, note_row, &s), GW_OK);
    assert_int_equal(s.count, 0);
}

static enum gw_status look_body(struct gw_store_tx *tx, void *arg)
{
    struct gw_store_batch_row r;
    (void)arg;
    assert_int_equal(gw_store_batch_row_get(tx, OTHER, 1, &r), GW_NOT_FOUND);
    assert_int_equal(gw_store_batch_row_get(tx, ID, 2, &r), GW_NOT_FOUND);
    assert_int_equal(gw_store_batch_row_get(tx, ID, UINT64_MAX, &r), GW_NOT_FOUND);
    assert_int_equal(gw_store_batch_row_get(tx, ID, 1, &r), GW_OK);
    assert_int_equal(r.outcome, GW_PUT_REFUSED);
    assert_true(gw_bytes_eq_str(r.key, "a"));
    assert_true(gw_bytes_eq_str(r.reasons, "reasons"));
    return GW_OK;
}

static void a_row_can_be_looked_at_before(void **state)
{
    struct world *w = *state;
    open_batch(w, ID);
    assert_int_equal(put_row(w, 1, GW_PUT_REFUSED, "a"), GW_OK);
    assert_int_equal(run_fn(w->s, look_body, NULL), GW_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)
        T(opened_once),
        T(rows_count_once),
        T(another_content_in_the_same_row_is_a_conflict),
        T(malformed_rows_are_refused),
        T(contiguous_in_any_order),
        T(two_batches_in_one_job),
        T(closed_batches_take_no_rows),
        T(digest_is_over_rows_in_order),
        T(rows_in_order_are_not_walked),
        T(rows_slightly_out_of_order_are_not_walked_at_the_end),
        T(rows_in_reverse_are_taken_in_at_closing),
        T(digest_without_a_state_and_after_an_undone_job),
        T(range_of_entries),
        T(rows_of_a_batch),
        T(a_row_can_be_looked_at_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
