/* The packages and invalid documents of tests/data: written back byte for byte, refused for the
 * right reason. */
#include "format_test.h"

struct package {
    char *text[128];
    struct gw_bytes bytes[128]; /* the same, where NULs matter */
    size_t count;
};

static const char *split_all(const struct gw_format *f, struct gw_bytes bytes, size_t piece,
                             struct package *ret)
{
    GW_CLEANUP(gw_format_splitter_freep) struct gw_format_splitter *s = NULL;
    const char *reason = NULL;
    enum gw_status st = GW_AGAIN;
    assert_int_equal(gw_format_splitter_new(f, &s), GW_OK);
    ret->count = 0;
    for (size_t at = 0; st == GW_AGAIN;) {
        size_t n = bytes.len - at < piece ? bytes.len - at : piece;
        assert_int_equal(gw_format_splitter_feed(s,
                                                 gw_bytes_make(n != 0 ? bytes.ptr + at : NULL, n),
                                                 at + n == bytes.len),
                         GW_OK);
        at += n;
        struct gw_bytes record;
        while ((st = gw_format_splitter_next(s, &record, &reason)) == GW_OK) {
            assert_true(ret->count < GW_ARRAY_LEN(ret->text));
            ret->bytes[ret->count] = gw_arena_dup(arena, record);
            ret->text[ret->count++] = gw_arena_strndup(arena, record.ptr, record.len);
        }
    }
    if (st == GW_INVALID)
        return reason;
    assert_int_equal(st, GW_NOT_FOUND);
    return gw_format_splitter_check(s, &reason) == GW_OK ? NULL : reason;
}

static char *package_path(const char *id, const char *name)
{
    return gw_arena_printf(arena, "tests/data/formats/%s/%s.%s", id, name,
                           gw_format_media(format(id)));
}

static void test_packages_there_and_back(void **state)
{
    (void)state;
    size_t records = 0;
    for (size_t i = 0; i < gw_format_count(set); i++) {
        const struct gw_format *f = gw_format_at(set, i);
        struct package p;
        if (strcmp(gw_format_media(f), "protobuf") == 0)
            continue;
        fresh(NULL);
        char *text = file_text(package_path(f->id, "package"));
        assert_null(split_all(f, gw_bytes_str(text), 1000, &p));
        assert_true(p.count >= 40);
        for (size_t k = 0; k < p.count; k++) {
            gw_report_init(&report, arena);
            char *back = encode(f->id, decode(f->id, p.text[k]), NULL);
            assert_string_equal(back, p.text[k]);
        }
        records += p.count;
    }
    assert_true(records >= 7 * 40);
}

/* However the bytes come in, the same records come out. */
static void test_pieces_of_every_size(void **state)
{
    (void)state;
    static const char *const ids[] = {"national.penalty.org@2018", "zhejiang.penalty.unified@1"};
    for (size_t i = 0; i < GW_ARRAY_LEN(ids); i++) {
        struct package whole;
        struct package parts;
        char *text = file_text(package_path(ids[i], "package"));
        assert_null(split_all(format(ids[i]), gw_bytes_str(text), SIZE_MAX / 2, &whole));
        for (size_t piece = 1; piece < 5000; piece = piece * 3 + 1) {
            assert_null(split_all(format(ids[i]), gw_bytes_str(text), piece, &parts));
            assert_int_equal(parts.count, whole.count);
            for (size_t k = 0; k < whole.count; k++)
                assert_string_equal(parts.text[k], whole.text[k]);
        }
    }
}

/* row TAB outcome TAB reason TAB field; each stated fault must be found, and a good row has none.
 */
static void check_batch(const char *id)
{
    struct package p;
    char *expected = file_text(gw_arena_printf(arena, "tests/data/formats/%s/expected.tsv", id));
    assert_null(
        split_all(format(id), gw_bytes_str(file_text(package_path(id, "batch-40"))), 777, &p));
    char *save = NULL;
    strtok_r(expected, "\n", &save);
    for (char *line = strtok_r(NULL, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        char outcome[32] = "";
        char reason[64] = "";
        char field[64] = "";
        unsigned row = 0;
        int n = sscanf(line, "%u\t%31[^\t]\t%63[^\t]\t%63[^\t]", &row, outcome, reason, field);
        assert_true(n >= 2 && row >= 1 && row <= p.count);
        gw_record *r = NULL;
        gw_report_init(&report, arena);
        enum gw_status st = try_decode(id, p.text[row - 1], &r);
        /* What the law refuses is a good record for the format. */
        if (strncmp(reason, "law-", 4) == 0)
            n = 0;
        bool ok =
            n < 4 ? st == GW_OK : st == GW_INVALID && reported(GW_PROBLEM_ERROR, reason, field);
        if (!ok) {
            print_report();
            fail_msg("%s: %s", id, line);
        }
    }
}

static void test_batches_with_bad_rows(void **state)
{
    (void)state;
    check_batch("national.penalty.org@2018");
    check_batch("national.penalty.person@2018");
}

static bool among(const char *codes, const char *code)
{
    size_t len = strlen(code);
    for (const char *at = strstr(codes, code); at != NULL; at = strstr(at + 1, code)) {
        if ((at == codes || at[-1] == '|') && (at[len] == '|' || at[len] == '\0'))
            return true;
    }
    return false;
}

static void check_invalid(const char *file, const char *id, const char *codes)
{
    struct package p = {.count = 0};
    const struct gw_format *f = format(id);
    struct gw_buf b;
    gw_buf_init(&b, (size_t)16 << 20);
    assert_int_equal(gw_file_read(gw_arena_printf(arena, "tests/data/invalid/%s", file), &b),
                     GW_OK);
    const char *reason = split_all(f, gw_buf_view(&b), 4096, &p);
    gw_report_init(&report, arena);
    bool found = reason != NULL && among(codes, reason);
    for (size_t i = 0; i < p.count; i++) {
        gw_record *r = NULL;
        enum gw_status st = gw_format_decode(f, p.bytes[i], &today, arena, &report, &r);
        assert_true(st == GW_OK || st == GW_INVALID);
    }
    for (const struct gw_problem *q = report.first; q != NULL; q = q->next)
        found = found || among(codes, q->reason->code);
    if (!found) {
        print_report();
        fail_msg("%s: expected %s, splitter says %s", file, codes, reason != NULL ? reason : "ok");
    }
    gw_buf_fini(&b);
}

static void test_invalid_documents(void **state)
{
    (void)state;
    char *expected = file_text("tests/data/invalid/expected.tsv");
    char *save = NULL;
    size_t files = 0;
    strtok_r(expected, "\n", &save);
    for (char *line = strtok_r(NULL, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        char file[64];
        char id[64];
        char codes[256];
        assert_int_equal(sscanf(line, "%63[^\t]\t%63[^\t]\t%255[^\t]", file, id, codes), 3);
        check_invalid(file, id, codes);
        files++;
    }
    assert_true(files >= 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_packages_there_and_back),
        TEST(test_pieces_of_every_size),
        TEST(test_batches_with_bad_rows),
        TEST(test_invalid_documents),
    };
    return cmocka_run_group_tests(tests, load_all, unload_all);
}
