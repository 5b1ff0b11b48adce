/* Opening: whose directory, lock, schema and keys; and what lies in the files. */
#include <fcntl.h>
#include <sys/wait.h>

#include "base/file.h"
#include "store/store_internal.h"
#include "store/store_support.h"

static void refused(struct world *w, enum gw_status st, const char *part)
{
    char text[512];
    assert_int_equal(world_try_open(w, text, sizeof(text)), st);
    if (strstr(text, part) == NULL)
        fail_msg("expected '%s' in '%s'", part, text);
}

static void files_are_private(void **state)
{
    struct world *w = *state;
    struct gw_store_put p = put_of("k", "x");
    mode_t mask = umask(0);
    assert_int_equal(put_one(w, &p), GW_OK);
    world_reopen(w);
    p = put_of("k2", "x");
    assert_int_equal(put_one(w, &p), GW_OK);
    umask(mask);
    const char *const dirs[] = {w->dir, w->keys};
    for (size_t d = 0; d < GW_ARRAY_LEN(dirs); d++) {
        struct stat st;
        char **names;
        assert_int_equal(stat(dirs[d], &st), 0);
        assert_int_equal(st.st_mode & 0777, 0700);
        assert_int_equal(gw_file_list(dirs[d], &names), GW_OK);
        for (char **n = names; *n != NULL; n++) {
            assert_int_equal(stat(path_in(dirs[d], *n), &st), 0);
            assert_int_equal(st.st_mode & 0777, 0600);
        }
        gw_file_names_free(names);
    }
}

static void a_directory_open_to_others_is_refused(void **state)
{
    struct world *w = *state;
    world_close(w);
    assert_int_equal(chmod(w->dir, 0750), 0);
    refused(w, GW_DENIED, "chmod 0700");
    assert_int_equal(chmod(w->dir, 0700), 0);
    world_open(w);
}

static void one_process_only(void **state)
{
    struct world *w = *state;
    struct world second = {.set = w->set};
    refused(&second, GW_BUSY, "another process");
    pid_t child = fork();
    if (child == 0) {
        struct gw_store *s;
        _exit(gw_store_open(&w->set, &s, NULL) == GW_BUSY ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    world_close(w);
    world_open(w);
}

static void a_newer_schema_is_refused(void **state)
{
    struct world *w = *state;
    world_close(w);
    tamper(w, "INSERT INTO schema_version VALUES(9999, 'of the future', 0)");
    refused(w, GW_UNSUPPORTED, "schema 9999");
    tamper(w, "DELETE FROM schema_version WHERE version = 9999");
    world_open(w);
}

static void another_programs_file_is_refused(void **state)
{
    struct world *w = *state;
    world_close(w);
    tamper(w, "PRAGMA application_id = 1");
    refused(w, GW_PRECONDITION, "not a data set");
    tamper(w, "PRAGMA application_id = 0");
    refused(w, GW_PRECONDITION, "not a data set");
    assert_int_equal(unlink(path_in(w->dir, "xinqiao.db")), 0);
    int fd = open(path_in(w->dir, "xinqiao.db"), O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    char junk[8192];
    memset(junk, 'j', sizeof(junk));
    assert_int_equal(gw_file_write_all(fd, gw_bytes_make(junk, sizeof(junk))), GW_OK);
    close(fd);
    refused(w, GW_CORRUPT, "xinqiao.db");
}

static void a_schema_begun_and_not_finished_is_begun_again(void **state)
{
    struct world *w = *state;
    world_close(w);
    assert_int_equal(unlink(path_in(w->dir, "xinqiao.db")), 0);
    int fd = open(path_in(w->dir, "xinqiao.db"), O_WRONLY | O_CREAT,
                  0600); /* a kill right after creation */
    close(fd);
    world_open(w);
    struct gw_store_put p = put_of("k", "x");
    assert_int_equal(put_one(w, &p), GW_OK);
}

static enum gw_status entry_of_200(struct gw_store_job *j, struct gw_store_tx *tx)
{
    static const uint8_t exchange[16] = {7};
    int64_t receipt = 0;
    (void)j;
    return gw_store_pending_put(tx, exchange, 0, 200, GW_BYTES_LIT("e"), &receipt);
}

static void it_knows_its_log(void **state)
{
    struct world *w = *state;
    struct gw_store_log known;
    gw_store_log_known(w->s, &known);
    assert_true(known.blank);
    assert_string_equal(known.origin, "");
    assert_int_equal(gw_store_log_tie(w->s, "", 1), GW_INVALID);
    assert_int_equal(gw_store_log_tie(w->s, "a.test/exchange/2026", 12), GW_OK);
    world_reopen(w);
    gw_store_log_known(w->s, &known);
    assert_false(known.blank);
    assert_string_equal(known.origin, "a.test/exchange/2026");
    assert_int_equal(known.size, 12);
    /* Smaller never; larger with each entry that is heard of. */
    struct gw_store_job j = {.run = entry_of_200};
    assert_int_equal(gw_store_log_tie(w->s, "a.test/exchange/2026", 11), GW_OK);
    assert_int_equal(gw_store_run(w->s, &j), GW_OK);
    world_reopen(w);
    gw_store_log_known(w->s, &known);
    assert_int_equal(known.size, 200);
    gw_store_pending_done(w->s, 1, 300);
    world_reopen(w);
    gw_store_log_known(w->s, &known);
    assert_int_equal(known.size, 301);
}

static const char *const key_names[] = {"store-index.key", "store-seal.key", "store-cursor.key"};

/* New keys beside old data would make every delivery look new and every person unreadable. */
static void lost_or_other_keys_are_refused(void **state)
{
    struct world *w = *state;
    world_close(w);
    for (size_t i = 0; i < GW_ARRAY_LEN(key_names); i++) {
        char aside[PATH_MAX];
        char name[PATH_MAX];
        snprintf(name, sizeof(name), "%s", path_in(w->keys, key_names[i]));
        snprintf(aside, sizeof(aside), "%s", path_in(w->root, "aside"));
        assert_int_equal(rename(name, aside), 0);
        refused(w, GW_PRECONDITION, key_names[i]);
        assert_int_equal(access(name, F_OK), -1);
        uint8_t other[GW_KEY_LEN];
        bool made;
        assert_int_equal(gw_crypto_secret_load(name, other, &made), GW_OK);
        assert_true(made);
        refused(w, GW_PRECONDITION, "other keys");
        assert_int_equal(rename(aside, name), 0);
        assert_int_equal(chmod(name, 0644), 0);
        refused(w, GW_DENIED, key_names[i]);
        assert_int_equal(chmod(name, 0600), 0);
    }
    world_open(w);
}

static void settings_are_checked(void **state)
{
    struct world *w = *state;
    world_close(w);
    w->set.queue_max = 0;
    refused(w, GW_INVALID, "store");
    w->set.queue_max = 16;
    w->set.group_max = 0;
    refused(w, GW_INVALID, "store");
    w->set.group_max = 16;
    world_open(w);
}

/* ---- what lies in the files
 * ------------------------------------------------------------------------- */

static const char CITIZEN[] = "330501199003071234";
static const char NAME[] = "\xe5\xbc\xa0\xe5\xb0\x8f\xe5\x85\xb0"; /* a name */
static const char DOCUMENT[] =
    "{\"name\":\"\xe5\xbc\xa0\xe5\xb0\x8f\xe5\x85\xb0\",\"id\":\"330501199003071234\"}";
static const char FIRM[] = "913305000000000001";

static bool file_holds(const char *dir, const char *what)
{
    char **names;
    bool found = false;
    assert_int_equal(gw_file_list(dir, &names), GW_OK);
    for (char **n = names; *n != NULL; n++) {
        struct gw_buf b;
        gw_buf_init(&b, 256 << 20);
        assert_int_equal(gw_file_read(path_in(dir, *n), &b), GW_OK);
        found = found || (b.len != 0 && memmem(b.ptr, b.len, what, strlen(what)) != NULL);
        gw_buf_fini(&b);
    }
    gw_file_names_free(names);
    return found;
}

static enum gw_status person_in_batch(struct gw_store_tx *tx, void *arg)
{
    struct gw_store_batch b = {
        .id = {7}, .peer = "hangzhou", .format = "f", .declared = 2, .opened_us = T0};
    bool first;
    (void)arg;
    GW_TRY(gw_store_batch_open(tx, &b));
    struct gw_store_batch_row row = {.row = 1,
                                     .key = gw_bytes_str(CITIZEN),
                                     .outcome = GW_PUT_REFUSED,
                                     .reasons = gw_bytes_str(NAME)};
    return gw_store_batch_row_put(tx, b.id, &row, &first);
}

static void no_person_in_any_file(void **state)
{
    struct world *w = *state;
    for (int round = 0; round < 2; round++) {
        for (uint32_t cls = 0; cls <= PERSON; cls = cls == 0 ? SOLE : cls << 1) {
            char key[64];
            snprintf(key, sizeof(key), "%s-%u", CITIZEN, cls);
            struct gw_store_put p = put_of(key, DOCUMENT);
            p.class_bit = cls; /* 0, unknown, is sealed too */
            p.subject_type = "CN-ID";
            p.subject_value = gw_bytes_str(CITIZEN);
            p.business_key = gw_bytes_str(DOCUMENT);
            p.authority_us = T0 + round;
            p.digest.byte[0] = (uint8_t)round;
            assert_int_equal(put_one(w, &p), GW_OK);
            assert_int_equal(p.outcome, round ? GW_PUT_UPDATED : GW_PUT_NEW);
        }
    }
    /* A firm's record that names its representative. */
    struct gw_store_put names_one = put_of("firm-with-person", DOCUMENT);
    names_one.personal = true;
    assert_int_equal(put_one(w, &names_one), GW_OK);
    assert_int_equal(run_fn(w->s, person_in_batch, NULL), GW_OK);
    struct gw_store_put firm = put_of("firm-key", FIRM);
    firm.subject_value = gw_bytes_str(FIRM);
    assert_int_equal(put_one(w, &firm), GW_OK);
    for (int closed = 0; closed < 2; closed++) {
        if (closed)
            world_close(w);
        assert_false(file_holds(w->dir, CITIZEN));
        assert_false(file_holds(w->dir, NAME));
        assert_false(file_holds(w->dir, "firm-key"));
        assert_true(file_holds(w->dir, FIRM)); /* the test can find what is there */
    }
    world_open(w);
    struct seen seen = {0};
    assert_int_equal(gw_store_by_subject(w->r, "CN-ID", gw_bytes_str(CITIZEN), see, &seen), GW_OK);
    assert_int_equal(seen.count, 3);
    for (size_t i = 0; i < seen.count; i++)
        assert_string_equal(seen.row[i].packed, DOCUMENT);
}

/* A blob that was sealed for one record opens in no other, nor does a changed one. */
static void sealed_rows_do_not_move(void **state)
{
    static const char *const what[] = {
        "UPDATE record SET packed = (SELECT packed FROM record WHERE no = 2) WHERE no = 1",
        "UPDATE record SET revision = 2 WHERE no = 1",
        "UPDATE record SET packed = (SELECT bytes FROM original WHERE no = 1) WHERE no = 1",
        "UPDATE record SET packed = substr(packed, 1, 20) WHERE no = 1",
        "UPDATE record SET packed = x'' WHERE no = 1",
    };
    struct world *w = *state;
    struct gw_store_put p[] = {put_of("k1", "one"), put_of("k2", "two")};
    p[0].class_bit = p[1].class_bit = PERSON;
    assert_int_equal(put_many(w, p, 2, NULL), GW_OK);
    char copy[PATH_MAX];
    snprintf(copy, sizeof(copy), "%s", path_in(w->root, "aside"));
    world_close(w);
    struct gw_buf b;
    gw_buf_init(&b, 16 << 20);
    assert_int_equal(gw_file_read(path_in(w->dir, "xinqiao.db"), &b), GW_OK);
    for (size_t i = 0; i < GW_ARRAY_LEN(what); i++) {
        tamper(w, what[i]);
        world_open(w);
        struct seen seen = {0};
        int64_t last = -7;
        bool more;
        assert_int_equal(gw_store_changes(w->r, "penalty", 0, 9, see, &seen, &last, &more),
                         GW_CORRUPT);
        assert_int_equal(last, -7);
        assert_int_equal(gw_store_changes(w->r, "penalty", 1, 9, see, &seen, &last, &more), GW_OK);
        assert_int_equal(seen.count, 1);
        world_close(w);
        assert_int_equal(gw_file_write_atomic(path_in(w->dir, "xinqiao.db"), gw_buf_view(&b), 0600),
                         GW_OK);
    }
    gw_buf_fini(&b);
    world_open(w);
}

static void counters_survive(void **state)
{
    struct world *w = *state;
    struct gw_store_put p[] = {put_of("k1", "one"), put_of("k2", "two"), put_of("k2", "three")};
    p[2].authority_us = T0 + 1;
    assert_int_equal(put_many(w, p, 3, NULL), GW_OK);
    world_reopen(w);
    struct gw_store_stats st;
    gw_store_stats_get(w->s, &st);
    assert_int_equal(st.records, 2);
    assert_int_equal(st.deliveries, 2);
    assert_int_equal(gw_store_visible(w->s), p[2].change_no);
    struct gw_store_put next = put_of("k3", "x");
    assert_int_equal(put_one(w, &next), GW_OK);
    assert_true(next.change_no > p[2].change_no);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)
        T(files_are_private),
        T(it_knows_its_log),
        T(a_directory_open_to_others_is_refused),
        T(one_process_only),
        T(a_newer_schema_is_refused),
        T(another_programs_file_is_refused),
        T(a_schema_begun_and_not_finished_is_begun_again),
        T(lost_or_other_keys_are_refused),
        T(settings_are_checked),
        T(no_person_in_any_file),
        T(sealed_rows_do_not_move),
        T(counters_survive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
