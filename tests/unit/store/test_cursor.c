/* Cursors: for whom they were made, unchanged, or not at all. */
#include "store/store_support.h"

static const char PLAIN[] = "change 4711";

static void make(struct world *w, const char *ad, char *text, size_t size)
{
    struct gw_buf b;
    gw_buf_init(&b, 4096);
    assert_int_equal(gw_store_cursor_seal(w->s, gw_bytes_str(PLAIN), gw_bytes_str(ad), &b), GW_OK);
    assert_true(b.len < size);
    snprintf(text, size, "%.*s", GW_BYTES_FMT(gw_buf_view(&b)));
    gw_buf_fini(&b);
}

static enum gw_status open_text(struct world *w, struct gw_bytes text, const char *ad)
{
    struct gw_buf b;
    gw_buf_init(&b, 4096);
    gw_buf_str(&b, "before");
    enum gw_status st = gw_store_cursor_open(w->s, text, gw_bytes_str(ad), &b);
    if (st == GW_OK)
        assert_true(gw_bytes_eq_str(gw_buf_view(&b), "beforechange 4711"));
    else
        assert_true(gw_bytes_eq_str(gw_buf_view(&b), "before"));
    gw_buf_fini(&b);
    return st;
}

static void round_trip_also_after_restart(void **state)
{
    struct world *w = *state;
    char text[128];
    make(w, "hangzhou|Pull", text, sizeof(text));
    assert_int_equal(
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
        strlen(text));
    assert_null(strstr(text, "4711"));
    assert_int_equal(open_text(w, gw_bytes_str(text), "hangzhou|Pull"), GW_OK);
    world_reopen(w);
    assert_int_equal(open_text(w, gw_bytes_str(text), "hangzhou|Pull"), GW_OK);
}

static void another_peers_or_questions_is_not_ours(void **state)
{
    struct world *w = *state;
    char text[128];
    make(w, "hangzhou|Pull", text, sizeof(text));
    assert_int_equal(open_text(w, gw_bytes_str(text), "suzhou|Pull"), GW_INVALID);
    assert_int_equal(open_text(w, gw_bytes_str(text), "hangzhou|List"), GW_INVALID);
    assert_int_equal(open_text(w, gw_bytes_str(text), ""), GW_INVALID);
    struct world other;
    world_make(&other);
    world_open(&other);
    assert_int_equal(open_text(&other, gw_bytes_str(text), "hangzhou|Pull"), GW_INVALID);
    world_close(&other);
    remove_tree(other.root);
}

static void every_changed_byte_and_every_cut(void **state)
{
    struct world *w = *state;
    char text[128];
    make(w, "a", text, sizeof(text));
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        char kept = text[i];
        for (int c = 0; c < 256; c++) {
            text[i] = (char)c;
            if (text[i] != kept)
                assert_int_equal(open_text(w, gw_bytes_make(text, len), "a"), GW_INVALID);
        }
        text[i] = kept;
        assert_int_equal(open_text(w, gw_bytes_make(text, i), "a"), GW_INVALID);
    }
    assert_int_equal(open_text(w, gw_bytes_make(text, len), "a"), GW_OK);
    char longer[130];
    snprintf(longer, sizeof(longer), "%sA", text);
    assert_int_equal(open_text(w, gw_bytes_str(longer), "a"), GW_INVALID);
}

static void far_too_long(void **state)
{
    struct world *w = *state;
    enum { LEN = 1 << 20 };
    char *text = malloc(LEN);
    assert_non_null(text);
    memset(text, 'A', LEN);
    assert_int_equal(open_text(w, gw_bytes_make(text, LEN), "a"), GW_INVALID);
    struct gw_buf b;
    gw_buf_init(&b, LEN);
    assert_int_equal(gw_store_cursor_seal(w->s, gw_bytes_make(text, LEN), GW_BYTES_NONE, &b),
                     GW_TOO_LARGE);
    gw_buf_fini(&b);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)
        T(round_trip_also_after_restart),
        T(another_peers_or_questions_is_not_ours),
        T(every_changed_byte_and_every_cut),
        T(far_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
