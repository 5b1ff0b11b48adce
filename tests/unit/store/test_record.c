/* Identity of a delivery: new, repeated, updated, stale, in conflict. And what readers see. */
#include "store/store_support.h"

static void new_record(void **state)
{
    struct world *w = *state;
    struct gw_store_put p = put_of("k1", "one");
    assert_int_equal(put_one(w, &p), GW_OK);
    assert_int_equal(p.outcome, GW_PUT_NEW);
    assert_int_equal(p.revision, 1);
    assert_true(p.change_no > 0);
    assert_int_equal(p.record_id[6] >> 4, 7);
    struct seen seen = {0};
    int64_t last;
    bool more;
    assert_int_equal(gw_store_changes(w->r, "penalty", 0, 10, see, &seen, &last, &more), GW_OK);
    assert_int_equal(seen.count, 1);
    assert_false(more);
    assert_int_equal(last, p.change_no);
    assert_string_equal(seen.row[0].packed, "one");
    assert_string_equal(seen.row[0].peer, "hangzhou");
    assert_string_equal(seen.row[0].area, "330500");
    assert_memory_equal(seen.row[0].id, p.record_id, 16);
    struct gw_store_stats st;
    gw_store_stats_get(w->s, &st);
    assert_int_equal(st.records, 1);
    assert_int_equal(st.deliveries, 1);
    assert_int_equal(st.pending, 1);
    assert_false(st.failed);
}

static void same_digest_is_a_duplicate_with_the_first_receipt(void **state)
{
    struct world *w = *state;
    struct gw_store_put p = put_of("k1", "one");
    int64_t first;
    assert_int_equal(put_many(w, &p, 1, &first), GW_OK);
    struct gw_store_put again = put_of("k1", "one");
    again.authority_us = T0 + 1000000; /* does not matter */
    assert_int_equal(put_one(w, &again), GW_OK);
    assert_int_equal(again.outcome, GW_PUT_DUPLICATE);
    assert_memory_equal(again.record_id, p.record_id, 16);
    assert_int_equal(again.revision, 1);
    assert_int_equal(again.first_receipt, first);
    assert_true(again.first_seq == UINT64_MAX);
    assert_int_equal(again.change_no, 0);
    /* Known as soon as the log says so, also before the table knows. */
    gw_store_pending_done(w->s, first, 4711);
    again = put_of("k1", "one");
    assert_int_equal(put_one(w, &again), GW_OK);
    assert_int_equal(again.first_seq, 4711);
    world_reopen(w);
    again = put_of("k1", "one");
    assert_int_equal(put_one(w, &again), GW_OK);
    assert_int_equal(again.outcome, GW_PUT_DUPLICATE);
    assert_int_equal(again.first_seq, 4711);
    assert_int_equal(count_changes(w, "penalty"), 1);
}

static void duplicate_within_one_job(void **state)
{
    struct world *w = *state;
    struct gw_store_put p[] = {put_of("k1", "one"), put_of("k1", "one"), put_of("k1", "other")};
    p[2].authority_us = T0 + 1;
    int64_t receipt;
    assert_int_equal(put_many(w, p, 3, &receipt), GW_OK);
    assert_int_equal(p[0].outcome, GW_PUT_NEW);
    assert_int_equal(p[1].outcome, GW_PUT_DUPLICATE);
    assert_int_equal(p[1].first_receipt, receipt);
    assert_int_equal(p[2].outcome, GW_PUT_UPDATED);
    assert_int_equal(p[2].revision, 2);
}

static void newer_by_the_authoritys_time_is_the_next_revision(void **state)
{
    struct world *w = *state;
    struct gw_store_put p = put_of("k1", "one");
    assert_int_equal(put_one(w, &p), GW_OK);
    struct gw_store_put two = put_of("k1", "two");
    two.authority_us = T0 + 1;
    two.area = "330400";
    assert_int_equal(put_one(w, &two), GW_OK);
    assert_int_equal(two.outcome, GW_PUT_UPDATED);
    assert_int_equal(two.revision, 2);
    assert_true(two.change_no > p.change_no);
    assert_memory_equal(two.record_id, p.record_id, 16);
    struct seen seen = {0};
    int64_t last;
    bool more;
    assert_int_equal(gw_store_changes(w->r, "penalty", 0, 10, see, &seen, &last, &more), GW_OK);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.row[0].packed, "two");
    assert_string_equal(seen.row[0].area, "330400");
    assert_int_equal(seen.row[0].revision, 2);
}

static void not_newer_is_a_conflict_and_writes_nothing(void **state)
{
    struct world *w = *state;
    struct gw_store_put p = put_of("k1", "one");
    assert_int_equal(put_one(w, &p), GW_OK);
    const int64_t times[] = {T0, T0 - 1, 0};
    for (size_t i = 0; i < GW_ARRAY_LEN(times); i++) {
        struct gw_store_put other = put_of("k1", "other");
        other.authority_us = times[i];
        assert_int_equal(put_one(w, &other), GW_CONFLICT);
    }
    struct seen seen = {0};
    int64_t last;
    bool more;
    assert_int_equal(gw_store_changes(w->r, "penalty", 0, 10, see, &seen, &last, &more), GW_OK);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.row[0].packed, "one");
    struct gw_store_stats st;
    gw_store_stats_get(w->s, &st);
    assert_int_equal(st.pending, 1); /* those of the conflicts were rolled back with them */
}

static enum gw_status conflict_in_the_middle(struct gw_store_tx *tx, void *arg)
{
    struct gw_store_put *p = arg;
    GW_TRY(gw_store_record_put(tx, &p[0]));
    if (gw_store_record_put(tx, &p[1]) != GW_CONFLICT)
        return GW_INTERNAL;
    return gw_store_record_put(tx, &p[2]);
}

/* A refused row does not end its segment: the job may go on after GW_CONFLICT. */
static void job_goes_on_after_a_conflict(void **state)
{
    struct world *w = *state;
    struct gw_store_put p[] = {put_of("k1", "one"), put_of("k1", "other"), put_of("k2", "two")};
    assert_int_equal(run_fn(w->s, conflict_in_the_middle, p), GW_OK);
    gw_store_visible_advance(w->s, p[2].change_no);
    assert_int_equal(count_changes(w, "penalty"), 2);
}

static void unknown_time_first_gives_way_to_a_known_one(void **state)
{
    struct world *w = *state;
    struct gw_store_put p = put_of("k1", "one");
    p.authority_us = 0;
    assert_int_equal(put_one(w, &p), GW_OK);
    struct gw_store_put other = put_of("k1", "other");
    other.authority_us = 0;
    assert_int_equal(put_one(w, &other), GW_CONFLICT);
    other.authority_us = T0;
    assert_int_equal(put_one(w, &other), GW_OK);
    assert_int_equal(other.outcome, GW_PUT_UPDATED);
}

/* A stale copy, though it claims a newer time, does not undo what came after it. */
static void superseded_digest_is_a_duplicate_of_its_revision(void **state)
{
    struct world *w = *state;
    struct gw_store_put p[3];
    int64_t receipt[3];
    static const char *const text[] = {"one", "two", "three"};
    for (int i = 0; i < 3; i++) {
        p[i] = put_of("k1", text[i]);
        p[i].authority_us = T0 + i;
        assert_int_equal(put_many(w, &p[i], 1, &receipt[i]), GW_OK);
        gw_store_pending_done(w->s, receipt[i], (uint64_t)(100 + i));
    }
    for (int i = 0; i < 3; i++) {
        struct gw_store_put stale = put_of("k1", text[i]);
        stale.authority_us = T0 + 100;
        assert_int_equal(put_one(w, &stale), GW_OK);
        assert_int_equal(stale.outcome, GW_PUT_DUPLICATE);
        assert_int_equal(stale.revision, i + 1);
        assert_int_equal(stale.first_receipt, receipt[i]);
        assert_int_equal(stale.first_seq, 100 + i);
        assert_memory_equal(stale.record_id, p[0].record_id, 16);
    }
    struct seen seen = {0};
    int64_t last;
    bool more;
    assert_int_equal(gw_store_changes(w->r, "penalty", 0, 10, see, &seen, &last, &more), GW_OK);
    assert_string_equal(seen.row[0].packed, "three");
    assert_int_equal(seen.row[0].revision, 3);
}

static void key_belongs_to_peer_and_kind(void **state)
{
    struct world *w = *state;
    struct gw_store_put p[] = {put_of("k1", "one"), put_of("k1", "one"), put_of("k1", "one"),
                               put_of("ek1", "one")};
    p[1].source_peer = "suzhou";
    p[2].kind = "licence";
    /* Parts do not run into each other: ("penalt", "y.." ) is no ("penalty", ".."). */
    p[3].kind = "licenc";
    assert_int_equal(put_many(w, p, 4, NULL), GW_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(p[i].outcome, GW_PUT_NEW);
    assert_int_equal(count_changes(w, "penalty"), 2);
    assert_int_equal(count_changes(w, "licence"), 1);
    assert_int_equal(count_changes(w, "nothing"), 0);
}

static void by_subject_follows_a_correction_of_the_subject(void **state)
{
    struct world *w = *state;
    struct gw_store_put p[] = {put_of("k1", "one"), put_of("k2", "two"), put_of("k3", "three")};
    p[1].subject_value = gw_bytes_str("913305000000000002");
    p[2].subject_type = NULL;
    assert_int_equal(put_many(w, p, 3, NULL), GW_OK);
    struct seen seen = {0};
    struct gw_bytes one = gw_bytes_str("913305000000000001");
    struct gw_bytes two = gw_bytes_str("913305000000000002");
    assert_int_equal(gw_store_by_subject(w->r, "CN-USCC", one, see, &seen), GW_OK);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.row[0].packed, "one");
    assert_int_equal(gw_store_by_subject(w->r, "CN-ID", one, see, &seen), GW_OK);
    assert_int_equal(seen.count, 1);
    gw_store_reader_turn_end(w->r);

    struct gw_store_put moved = put_of("k1", "one, of another");
    moved.authority_us = T0 + 1;
    moved.subject_value = two;
    assert_int_equal(put_one(w, &moved), GW_OK);
    seen.count = 0;
    assert_int_equal(gw_store_by_subject(w->r, "CN-USCC", one, see, &seen), GW_OK);
    assert_int_equal(seen.count, 0);
    assert_int_equal(gw_store_by_subject(w->r, "CN-USCC", two, see, &seen), GW_OK);
    assert_int_equal(seen.count, 2);
    /* fn may stop. */
    seen = (struct seen){.stop_before = 2};
    assert_int_equal(gw_store_by_subject(w->r, "CN-USCC", two, see, &seen), GW_OK);
    assert_int_equal(seen.count, 1);
}

static void malformed_puts_are_refused(void **state)
{
    struct world *w = *state;
    char longer[66];
    memset(longer, 'x', 65);
    longer[65] = '\0';
    struct gw_store_put p = put_of("", "one");
    assert_int_equal(put_one(w, &p), GW_INVALID);
    const char **const names[] = {&p.source_peer, &p.kind, &p.format};
    for (size_t i = 0; i < GW_ARRAY_LEN(names); i++) {
        static const char *bad[] = {"", NULL, NULL};
        bad[2] = longer;
        for (size_t b = 0; b < GW_ARRAY_LEN(bad); b++) {
            p = put_of("k", "one");
            *names[i] = bad[b];
            assert_int_equal(put_one(w, &p), GW_INVALID);
        }
    }
    p = put_of("k", "one");
    p.area = NULL;
    assert_int_equal(put_one(w, &p), GW_INVALID);
    p.area = "";
    assert_int_equal(put_one(w, &p), GW_OK);
}

static void keep_original(void *arg, const char *format, struct gw_bytes original)
{
    snprintf(arg, 128, "%s|%.*s", format, GW_BYTES_FMT(original));
}

static void originals_of_every_revision(void **state)
{
    struct world *w = *state;
    struct gw_store_put p = put_of("k1", "one");
    struct gw_store_put two = put_of("k1", "two");
    p.class_bit = two.class_bit = PERSON;
    two.authority_us = T0 + 1;
    two.format = "hangzhou.penalty@2";
    assert_int_equal(put_one(w, &p), GW_OK);
    assert_int_equal(put_one(w, &two), GW_OK);
    char text[128];
    assert_int_equal(gw_store_original_get(w->r, p.record_id, 1, keep_original, text), GW_OK);
    assert_string_equal(text, "hangzhou.penalty@1|one");
    assert_int_equal(gw_store_original_get(w->r, p.record_id, 2, keep_original, text), GW_OK);
    assert_string_equal(text, "hangzhou.penalty@2|two");
    assert_int_equal(gw_store_original_get(w->r, p.record_id, 3, keep_original, text),
                     GW_NOT_FOUND);
    struct seen seen = {0};
    assert_int_equal(gw_store_record_get(w->r, p.record_id, see, &seen), GW_OK);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.row[0].packed, "two");
    uint8_t other[16] = {1};
    assert_int_equal(gw_store_record_get(w->r, other, see, &seen), GW_NOT_FOUND);
    assert_int_equal(gw_store_original_get(w->r, other, 1, keep_original, text), GW_NOT_FOUND);
}

/* Empty and large bytes, of both classes. */
static void sizes(void **state)
{
    struct world *w = *state;
    enum { BIG = 3 << 20 };
    char *big = malloc(BIG);
    assert_non_null(big);
    memset(big, 'b', BIG);
    for (uint32_t cls = ORG; cls <= PERSON; cls <<= 1) {
        char key[8];
        snprintf(key, sizeof(key), "e%u", cls);
        struct gw_store_put empty = put_of(key, "");
        empty.class_bit = cls;
        assert_int_equal(put_one(w, &empty), GW_OK);
        snprintf(key, sizeof(key), "b%u", cls);
        struct gw_store_put large = put_of(key, "x");
        large.class_bit = cls;
        large.packed = gw_bytes_make(big, BIG);
        large.original = large.packed;
        assert_int_equal(put_one(w, &large), GW_OK);
    }
    free(big);
    struct seen seen = {0};
    int64_t last;
    bool more;
    assert_int_equal(gw_store_changes(w->r, "penalty", 0, 10, see, &seen, &last, &more), GW_OK);
    assert_int_equal(seen.count, 6);
    assert_string_equal(seen.row[0].packed, "");
    assert_int_equal(strlen(seen.row[1].packed), 127);
    assert_string_equal(seen.row[4].packed, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)
        T(new_record),
        T(same_digest_is_a_duplicate_with_the_first_receipt),
        T(duplicate_within_one_job),
        T(newer_by_the_authoritys_time_is_the_next_revision),
        T(not_newer_is_a_conflict_and_writes_nothing),
        T(job_goes_on_after_a_conflict),
        T(unknown_time_first_gives_way_to_a_known_one),
        T(superseded_digest_is_a_duplicate_of_its_revision),
        T(key_belongs_to_peer_and_kind),
        T(by_subject_follows_a_correction_of_the_subject),
        T(malformed_puts_are_refused),
        T(originals_of_every_revision),
        T(sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
