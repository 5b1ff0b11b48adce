/* What adapters are lent of the data set: values keep their types, statements end whatever happens,
 * a query that runs away is stopped, change numbers count like those of records, and what is sealed
 * opens only where it belongs. */
#include <pthread.h>

#include "store/extension_support.h"
#include "store/store_internal.h"

/* Also in a data set that has records: all numbers are shared with them. */
static int lent_setup(void **state)
{
    static struct gw_store_extension e[2];
    e[0] = score_extension();
    e[1] = list_extension();
    struct world *w = malloc(sizeof(*w));
    assert_non_null(w);
    world_make(w);
    w->set.extensions = e;
    w->set.extension_count = 2;
    world_open(w);
    *state = w;
    return 0;
}

enum { SCORE, LIST };

/* One statement as a job. */
struct one {
    size_t extension, statement;
    const struct gw_store_cell *params;
    size_t count;
    struct told *told;
    enum gw_status st;
};

static enum gw_status one_body(struct gw_store_tx *tx, void *arg)
{
    struct one *o = arg;
    o->st = gw_store_tx_sql(tx, o->extension, o->statement, o->params, o->count,
                            o->told != NULL ? tell : NULL, o->told);
    return GW_OK;
}

/* The status of the statement; what came of the job in ret_job (may be NULL). */
static enum gw_status run_one(struct world *w, struct one o, enum gw_status *ret_job)
{
    enum gw_status job = run_fn(w->s, one_body, &o);
    if (ret_job != NULL)
        *ret_job = job;
    return o.st;
}

static enum gw_status put_cells(struct world *w, struct gw_store_cell id, struct gw_store_cell n,
                                struct gw_store_cell t, struct gw_store_cell b)
{
    const struct gw_store_cell v[] = {id, n, t, b};
    return run_one(w, (struct one){LIST, LIST_PUT, v, 4, NULL, GW_OK}, NULL);
}

static void assert_reads(struct world *w, int64_t id, const char *text)
{
    struct told told = {0};
    const struct gw_store_cell v = CELL_NUMBER(id);
    assert_int_equal(gw_store_reader_sql(w->r, LIST, LIST_GET, &v, 1, tell, &told), GW_OK);
    gw_store_reader_turn_end(w->r);
    assert_string_equal(told.text, text);
}

static void values_keep_their_types(void **state)
{
    struct world *w = *state;
    static const uint8_t bytes[] = {0, 255, 0};
    assert_int_equal(put_cells(w, CELL_NUMBER(1), CELL_NUMBER(INT64_MIN), CELL_TEXT("绍兴"),
                               CELL_BLOB(bytes, 3)),
                     GW_OK);
    assert_int_equal(put_cells(w, CELL_NUMBER(2), CELL_NULL, CELL_NULL, CELL_NULL), GW_OK);
    assert_int_equal(
        put_cells(w, CELL_NUMBER(3), CELL_NUMBER(INT64_MAX), CELL_TEXT(""), CELL_BLOB("", 0)),
        GW_OK);
    /* An empty value without a pointer is none the less no NULL. */
    assert_int_equal(
        put_cells(w, CELL_NUMBER(4), CELL_NUMBER(0), CELL_TEXT(NULL), CELL_BLOB(NULL, 0)), GW_OK);
    assert_reads(w, 1, "1|-9223372036854775808|'绍兴'|x00ff00\n");
    assert_reads(w, 2, "2|null|null|null\n");
    assert_reads(w, 3, "3|9223372036854775807|''|x\n");
    assert_reads(w, 4, "4|0|''|x\n");
    assert_reads(w, 5, "");
}

/* The parameters of one run are not those of the next. */
static void parameters_are_forgotten(void **state)
{
    struct world *w = *state;
    char *text = strdup("for this run");
    assert_int_equal(put_cells(w, CELL_NUMBER(1), CELL_NULL, CELL_TEXT(text), CELL_NULL), GW_OK);
    free(text);
    assert_reads(w, 1, "1|null|'for this run'|null\n");
    assert_int_equal(put_cells(w, CELL_NUMBER(2), CELL_NULL, CELL_NULL, CELL_NULL), GW_OK);
    assert_reads(w, 2, "2|null|null|null\n");
}

static void what_does_not_exist_is_refused(void **state)
{
    struct world *w = *state;
    const struct gw_store_cell v[] = {CELL_NUMBER(1), CELL_NUMBER(2)};
    static const struct {
        size_t extension, statement, count;
        enum gw_status st;
    } wrong[] = {{2, 0, 0, GW_INVALID},           {SIZE_MAX, 0, 0, GW_INVALID},
                 {LIST, 99, 0, GW_INVALID},       {SCORE, 1, 0, GW_INVALID},
                 {LIST, LIST_GET, 0, GW_INVALID}, {LIST, LIST_GET, 2, GW_INVALID}};
    for (size_t i = 0; i < GW_ARRAY_LEN(wrong); i++) {
        assert_int_equal(gw_store_reader_sql(w->r, wrong[i].extension, wrong[i].statement, v,
                                             wrong[i].count, NULL, NULL),
                         wrong[i].st);
        assert_int_equal(run_one(w,
                                 (struct one){wrong[i].extension, wrong[i].statement, v,
                                              wrong[i].count, NULL, GW_OK},
                                 NULL),
                         wrong[i].st);
    }
    /* A reader writes nothing. */
    assert_int_equal(gw_store_reader_sql(w->r, LIST, LIST_DROP, v, 1, NULL, NULL), GW_PRECONDITION);
    assert_int_equal(gw_store_reader_sql(w->r, LIST, LIST_FLOAT, NULL, 0, tell, &(struct told){0}),
                     GW_UNSUPPORTED);
    assert_int_equal(gw_store_reader_sql(w->r, SCORE, 0, NULL, 0, NULL, NULL), GW_OK);
}

static void a_constraint_leaves_the_job_as_it_was(void **state)
{
    struct world *w = *state;
    assert_int_equal(put_cells(w, CELL_NUMBER(1), CELL_NUMBER(7), CELL_NULL, CELL_NULL), GW_OK);
    assert_int_equal(put_cells(w, CELL_NUMBER(1), CELL_NUMBER(8), CELL_NULL, CELL_NULL), GW_EXISTS);
    const struct gw_store_cell v[] = {CELL_NUMBER(2), CELL_NUMBER(7), CELL_NULL, CELL_NULL};
    enum gw_status job;
    assert_int_equal(run_one(w, (struct one){LIST, LIST_PUT, v, 4, NULL, GW_OK}, &job), GW_EXISTS);
    assert_int_equal(job, GW_OK);
    assert_reads(w, 1, "1|7|null|null\n");
    assert_reads(w, 2, "");
}

/* The disk is full in the middle, and the caller does not listen. */
static enum gw_status deaf(struct gw_store_tx *tx, void *arg)
{
    static const uint8_t page[4096];
    size_t *failed = arg;
    for (int i = 1; i <= 400; i++) {
        const struct gw_store_cell v[] = {CELL_NUMBER(i), CELL_NULL, CELL_NULL,
                                          CELL_BLOB(page, sizeof(page))};
        if (gw_store_tx_sql(tx, LIST, LIST_PUT, v, 4, NULL, NULL) != GW_OK)
            ++*failed;
    }
    return GW_OK;
}

static void a_job_that_ran_into_a_full_disk_is_not_kept(void **state)
{
    struct world *w = *state;
    size_t failed = 0;
    assert_int_equal(put_cells(w, CELL_NUMBER(1000), CELL_NULL, CELL_NULL, CELL_NULL), GW_OK);
    assert_int_equal(gw_store_test_max_pages(w->s, 100), GW_OK);
    assert_int_equal(run_fn(w->s, deaf, &failed), GW_NOSPACE);
    assert_true(failed > 0);
    assert_int_equal(gw_store_test_max_pages(w->s, 0), GW_OK);
    struct told told = {0};
    assert_int_equal(gw_store_reader_sql(w->r, LIST, LIST_ALL, NULL, 0, tell, &told), GW_OK);
    assert_string_equal(told.text, "1000\n");
}

/* INVARIANTS S5 */
static void statements_end_when_the_caller_stops(void **state)
{
    struct world *w = *state;
    for (int i = 1; i <= 5; i++)
        assert_int_equal(put_cells(w, CELL_NUMBER(i), CELL_NULL, CELL_NULL, CELL_NULL), GW_OK);
    for (size_t stop = 1; stop <= 5; stop++) {
        struct told told = {.stop_after = stop};
        assert_int_equal(gw_store_reader_sql(w->r, LIST, LIST_ALL, NULL, 0, tell, &told), GW_OK);
        assert_int_equal(told.rows, stop);
    }
    gw_store_reader_turn_end(w->r);
    /* A turn that ended sees what was written since: nothing was left open. */
    assert_int_equal(put_cells(w, CELL_NUMBER(6), CELL_NULL, CELL_NULL, CELL_NULL), GW_OK);
    struct told told = {0};
    assert_int_equal(gw_store_reader_sql(w->r, LIST, LIST_ALL, NULL, 0, tell, &told), GW_OK);
    assert_string_equal(told.text, "1\n2\n3\n4\n5\n6\n");
    const struct gw_store_cell v[] = {CELL_NUMBER(6), CELL_NUMBER(60)};
    struct told first = {.stop_after = 1};
    assert_int_equal(run_one(w, (struct one){LIST, LIST_RETURNING, v, 2, &first, GW_OK}, NULL),
                     GW_OK);
    assert_string_equal(first.text, "60\n");
    gw_store_reader_turn_end(w->r);
    assert_reads(w, 6, "6|60|null|null\n");
}

/* Inside a row: other statements, but not the one that runs. */
struct nested {
    struct world *w;
    enum gw_status same, other;
};

static bool nest(void *arg, const struct gw_store_cell *v, size_t count)
{
    struct nested *n = arg;
    assert_int_equal(count, 1);
    n->same = gw_store_reader_sql(n->w->r, LIST, LIST_ALL, NULL, 0, NULL, NULL);
    n->other = gw_store_reader_sql(n->w->r, LIST, LIST_GET, v, 1, NULL, NULL);
    return true;
}

static void a_statement_does_not_run_inside_itself(void **state)
{
    struct world *w = *state;
    struct nested n = {.w = w};
    assert_int_equal(put_cells(w, CELL_NUMBER(1), CELL_NULL, CELL_NULL, CELL_NULL), GW_OK);
    assert_int_equal(gw_store_reader_sql(w->r, LIST, LIST_ALL, NULL, 0, nest, &n), GW_OK);
    assert_int_equal(n.same, GW_PRECONDITION);
    assert_int_equal(n.other, GW_OK);
}

/* INVARIANTS S5 */
static void a_query_that_runs_away_is_stopped(void **state)
{
    struct world *w = *state;
    const struct gw_store_cell never = CELL_NUMBER(0);
    assert_int_equal(gw_store_reader_sql(w->r, LIST, LIST_LOOP, &never, 1, NULL, NULL),
                     GW_TOO_LARGE);
    /* The reader goes on, with the whole of its budget each time. */
    for (int i = 0; i < 3000; i++)
        assert_int_equal(gw_store_reader_sql(w->r, LIST, LIST_GET, &never, 1, NULL, NULL), GW_OK);
    assert_int_equal(gw_store_reader_sql(w->r, LIST, LIST_LOOP, &never, 1, NULL, NULL),
                     GW_TOO_LARGE);
}

static enum gw_status many_rows(struct gw_store_tx *tx, void *arg)
{
    for (int i = 1; i <= *(int *)arg; i++) {
        const struct gw_store_cell v[] = {CELL_NUMBER(i), CELL_NULL, CELL_NULL, CELL_NULL};
        GW_TRY(gw_store_tx_sql(tx, LIST, LIST_PUT, v, 4, NULL, NULL));
    }
    return GW_OK;
}

static bool count_rows(void *arg, const struct gw_store_cell *v, size_t count)
{
    (void)v;
    (void)count;
    ++*(size_t *)arg;
    return true;
}

/* INVARIANTS S5 */
static void too_many_rows_are_refused_on_loops_only(void **state)
{
    struct world *w = *state;
    int rows = (int)gw_store_defaults.query_rows + 1;
    assert_int_equal(run_fn(w->s, many_rows, &rows), GW_OK);
    size_t n = 0;
    assert_int_equal(gw_store_reader_sql(w->r, LIST, LIST_ALL, NULL, 0, count_rows, &n),
                     GW_TOO_LARGE);
    assert_int_equal(n, gw_store_defaults.query_rows);
    gw_store_reader_unbounded(w->r);
    n = 0;
    assert_int_equal(gw_store_reader_sql(w->r, LIST, LIST_ALL, NULL, 0, count_rows, &n), GW_OK);
    assert_int_equal(n, rows);
}

/* ---- change numbers ---- */

struct changes {
    bool pending, use_receipt, take;
    int64_t receipt, change;
};

static enum gw_status changes_body(struct gw_store_tx *tx, void *arg)
{
    static const uint8_t exchange[16] = "exchange-id-0123";
    struct changes *c = arg;
    if (c->use_receipt)
        c->receipt = gw_store_receipt_use(tx);
    if (c->take)
        c->change = gw_store_change_next(tx);
    const struct gw_store_cell v[] = {CELL_NUMBER(c->change), CELL_NULL, CELL_NULL, CELL_NULL};
    GW_TRY(gw_store_tx_sql(tx, LIST, LIST_PUT, v, 4, NULL, NULL));
    int64_t receipt = 0;
    if (c->pending)
        GW_TRY(gw_store_pending_put(tx, exchange, 0, 7, GW_BYTES_LIT("entry body"), &receipt));
    if (c->pending && c->use_receipt)
        assert_int_equal(receipt, c->receipt);
    return GW_OK;
}

static void change_numbers_are_those_of_records(void **state)
{
    struct world *w = *state;
    struct gw_store_put p = put_of("k1", "one");
    assert_int_equal(put_one(w, &p), GW_OK);
    assert_int_equal(p.change_no, 1);
    struct changes c = {.pending = true, .take = true, .use_receipt = true};
    assert_int_equal(run_fn(w->s, changes_body, &c), GW_OK);
    assert_int_equal(c.change, 2);
    struct gw_store_put q = put_of("k2", "two");
    assert_int_equal(put_one(w, &q), GW_OK);
    assert_int_equal(q.change_no, 3);
    /* They go on after a restart. */
    world_reopen(w);
    assert_int_equal(gw_store_visible(w->s), 3);
    struct changes d = {.pending = true, .take = true};
    assert_int_equal(run_fn(w->s, changes_body, &d), GW_OK);
    assert_int_equal(d.change, 4);
    int64_t visible = 0;
    assert_int_equal(gw_store_reader_visible(w->r, &visible), GW_OK);
    assert_int_equal(visible, 3);
    gw_store_visible_advance(w->s, 4);
    /* The turn goes on as it began. */
    assert_int_equal(gw_store_reader_visible(w->r, &visible), GW_OK);
    assert_int_equal(visible, 3);
    gw_store_reader_turn_end(w->r);
    assert_int_equal(gw_store_reader_visible(w->r, &visible), GW_OK);
    assert_int_equal(visible, 4);
}

/* INVARIANTS S3 */
static void a_change_without_an_entry_is_undone(void **state)
{
    struct world *w = *state;
    struct changes c = {.take = true};
    assert_int_equal(run_fn(w->s, changes_body, &c), GW_PRECONDITION);
    struct changes d = {.use_receipt = true};
    assert_int_equal(run_fn(w->s, changes_body, &d), GW_PRECONDITION);
    assert_reads(w, 0, "");
    assert_reads(w, 1, "");
    struct changes good = {.take = true, .pending = true};
    assert_int_equal(run_fn(w->s, changes_body, &good), GW_OK);
    assert_int_equal(good.change, 1);
    /* Housekeeping that nobody is told of needs none. */
    struct changes quiet = {0};
    assert_int_equal(run_fn(w->s, changes_body, &quiet), GW_OK);
    assert_reads(w, 0, "0|null|null|null\n");
}

struct watch {
    int64_t last;
    size_t calls;
};

static void on_visible(void *arg, int64_t change_no)
{
    struct watch *x = arg;
    x->last = change_no;
    x->calls++;
}

static void who_waits_is_told_when_more_is_visible(void **state)
{
    struct world *w = *state;
    struct watch x[GW_STORE_WATCHERS + 1] = {0};
    for (size_t i = 0; i < GW_STORE_WATCHERS; i++)
        assert_int_equal(gw_store_on_visible(w->s, on_visible, &x[i]), GW_OK);
    assert_int_equal(gw_store_on_visible(w->s, on_visible, &x[GW_STORE_WATCHERS]), GW_TOO_LARGE);
    gw_store_visible_advance(w->s, 5);
    gw_store_visible_advance(w->s, 5);
    gw_store_visible_advance(w->s, 4);
    for (size_t i = 0; i < GW_STORE_WATCHERS; i++) {
        assert_int_equal(x[i].last, 5);
        assert_int_equal(x[i].calls, 1);
    }
    gw_store_visible_advance(w->s, 6);
    assert_int_equal(x[0].last, 6);
    /* What can not be shown any more is no news. */
    gw_store_stop_at(w->s, 6);
    gw_store_visible_advance(w->s, 9);
    assert_int_equal(x[0].calls, 2);
}

/* Writer, advancing and reading at once: what a turn may show is in what it sees. */
static void *write_on(void *arg)
{
    struct world *w = arg;
    for (int i = 0; i < 200; i++) {
        struct changes c = {.pending = true, .take = true};
        if (run_fn(w->s, changes_body, &c) != GW_OK)
            return arg;
        gw_store_visible_advance(w->s, c.change);
    }
    return NULL;
}

static void a_turn_sees_all_that_is_visible(void **state)
{
    struct world *w = *state;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, write_on, w), 0);
    int64_t visible = 0;
    while (visible < 200) {
        assert_int_equal(gw_store_reader_visible(w->r, &visible), GW_OK);
        const struct gw_store_cell v = CELL_NUMBER(visible);
        size_t n = 0;
        assert_int_equal(gw_store_reader_sql(w->r, LIST, LIST_GET, &v, 1, count_rows, &n), GW_OK);
        assert_true(visible == 0 || n == 1);
        gw_store_reader_turn_end(w->r);
    }
    void *failed;
    assert_int_equal(pthread_join(thread, &failed), 0);
    assert_null(failed);
}

/* ---- keys and seals ---- */

static void keys_depend_on_type_value_and_data_set(void **state)
{
    struct world *w = *state;
    uint8_t a[32], b[32];
    char long_type[300] = "";
    const struct gw_bytes v = GW_BYTES_LIT("913306000000000001");
    assert_int_equal(gw_store_key_of(w->s, "CN-USCC", v, a), GW_OK);
    world_reopen(w);
    assert_int_equal(gw_store_key_of(w->s, "CN-USCC", v, b), GW_OK);
    assert_memory_equal(a, b, 32);
    assert_int_equal(gw_store_key_of(w->s, "CN-ID", v, b), GW_OK);
    assert_memory_not_equal(a, b, 32);
    assert_int_equal(gw_store_key_of(w->s, "CN-USC", GW_BYTES_LIT("C913306000000000001"), b),
                     GW_OK);
    assert_memory_not_equal(a, b, 32);
    memset(long_type, 'x', sizeof(long_type) - 1);
    assert_int_equal(gw_store_key_of(w->s, long_type, v, b), GW_TOO_LARGE);
    struct world other;
    world_make(&other);
    world_open(&other);
    assert_int_equal(gw_store_key_of(other.s, "CN-USCC", v, b), GW_OK);
    assert_memory_not_equal(a, b, 32);
    world_close(&other);
    remove_tree(other.root);
}

static void a_seal_opens_only_whole_and_for_its_use(void **state)
{
    struct world *w = *state;
    const struct gw_bytes ad = GW_BYTES_LIT("entry 7");
    struct gw_buf sealed, plain;
    gw_buf_init(&sealed, 1024);
    gw_buf_init(&plain, 1024);
    assert_int_equal(gw_store_seal(w->s, GW_BYTES_LIT("谢某某"), ad, &sealed), GW_OK);
    for (size_t i = 0; i < sealed.len; i++) {
        sealed.ptr[i] ^= 1;
        assert_int_equal(gw_store_unseal(w->s, gw_buf_view(&sealed), ad, &plain), GW_CORRUPT);
        sealed.ptr[i] ^= 1;
        assert_int_equal(gw_store_unseal(w->s, gw_bytes_make(sealed.ptr, i), ad, &plain),
                         GW_CORRUPT);
    }
    assert_int_equal(gw_store_unseal(w->s, gw_buf_view(&sealed), GW_BYTES_LIT("entry 8"), &plain),
                     GW_CORRUPT);
    assert_int_equal(plain.len, 0);
    world_reopen(w);
    assert_int_equal(gw_store_unseal(w->s, gw_buf_view(&sealed), ad, &plain), GW_OK);
    assert_true(gw_bytes_eq_str(gw_buf_view(&plain), "谢某某"));
    gw_buf_fini(&sealed);
    gw_buf_fini(&plain);
}

/* ---- records of a subject by kind ---- */

static void a_subject_is_looked_up_by_kind(void **state)
{
    struct world *w = *state;
    const struct gw_bytes subject = gw_bytes_str("913305000000000001");
    struct gw_store_put p[4] = {put_of("k1", "p1"), put_of("k2", "s1"), put_of("k3", "p2"),
                                put_of("k2", "s2")};
    p[1].kind = p[3].kind = "score";
    p[3].authority_us++;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(put_one(w, &p[i]), GW_OK);
    struct seen seen = {0};
    assert_int_equal(gw_store_by_subject_kind(w->r, "score", "CN-USCC", subject, see, &seen),
                     GW_OK);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.row[0].packed, "s1");
    gw_store_reader_turn_end(w->r);
    /* The next revision, before and after it may be seen. */
    struct put_job j = {.p = &p[3], .count = 1};
    assert_int_equal(run_fn(w->s, put_job_body, &j), GW_OK);
    seen.count = 0;
    assert_int_equal(gw_store_by_subject_kind(w->r, "score", "CN-USCC", subject, see, &seen),
                     GW_OK);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.row[0].packed, "s1");
    gw_store_reader_turn_end(w->r);
    gw_store_visible_advance(w->s, j.change);
    seen.count = 0;
    assert_int_equal(gw_store_by_subject_kind(w->r, "score", "CN-USCC", subject, see, &seen),
                     GW_OK);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.row[0].packed, "s2");
    seen.count = 0;
    assert_int_equal(gw_store_by_subject_kind(w->r, "penalty", "CN-USCC", subject, see, &seen),
                     GW_OK);
    assert_int_equal(seen.count, 2);
    seen.count = 0;
    assert_int_equal(gw_store_by_subject_kind(w->r, "permit", "CN-USCC", subject, see, &seen),
                     GW_OK);
    assert_int_equal(
        gw_store_by_subject_kind(w->r, "score", "CN-USCC", gw_bytes_str("9"), see, &seen), GW_OK);
    assert_int_equal(seen.count, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, lent_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(values_keep_their_types),
        TEST(parameters_are_forgotten),
        TEST(what_does_not_exist_is_refused),
        TEST(a_constraint_leaves_the_job_as_it_was),
        TEST(a_job_that_ran_into_a_full_disk_is_not_kept),
        TEST(statements_end_when_the_caller_stops),
        TEST(a_statement_does_not_run_inside_itself),
        TEST(a_query_that_runs_away_is_stopped),
        TEST(too_many_rows_are_refused_on_loops_only),
        TEST(change_numbers_are_those_of_records),
        TEST(a_change_without_an_entry_is_undone),
        TEST(who_waits_is_told_when_more_is_visible),
        TEST(a_turn_sees_all_that_is_visible),
        TEST(keys_depend_on_type_value_and_data_set),
        TEST(a_seal_opens_only_whole_and_for_its_use),
        TEST(a_subject_is_looked_up_by_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
