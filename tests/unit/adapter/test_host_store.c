/* The store's operations as a handler meets them: in a transaction, on a loop, and where there is
 * neither; what one adapter, caller or use has sealed does not open for another. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adapter/adapter_internal.h"

static const struct gw_adapter_host *const host = &gw_adapter_host_ops;

static const struct gw_adapter_migration steps[] = {
    {1, 0, "notes", "CREATE TABLE notes_note(id INTEGER PRIMARY KEY, t TEXT, b BLOB);"}};
enum { PUT, GET };
static const struct gw_adapter_statement statements[] = {
    {"put", 1, 0, "INSERT INTO notes_note(id, t, b) VALUES($1, $2, $3)"},
    {"get", 0, 0, "SELECT id, t, b, NULL FROM notes_note ORDER BY id"}};

static struct gw_adapter published(const char *name, bool tables)
{
    return (struct gw_adapter){.abi_major = GW_ADAPTER_ABI_MAJOR,
                               .abi_minor = GW_ADAPTER_ABI_MINOR,
                               .struct_size = sizeof(struct gw_adapter),
                               .name = name,
                               .description = "for tests",
                               .migrations = steps,
                               .migration_count = tables ? 1 : 0,
                               .statements = statements,
                               .statement_count = tables ? 2 : 0};
}

static struct world {
    char root[256];
    struct gw_arena *arena;
    struct gw_adapter_set *set;
    struct gw_store *store;
    struct gw_store_reader *reader;
    struct gw_adapter_target target;
    struct gw_segment segment;
    struct gw_adapter_call call;
} w;

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
    (void)st, (void)flag, (void)f;
    return remove(path);
}

static int setup(void **state)
{
    (void)state;
    static char dir[300], keys[300];
    const char *tmp = getenv("TMPDIR");
    w = (struct world){0};
    snprintf(w.root, sizeof(w.root), "%s/xinqiao-host-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(w.root));
    snprintf(dir, sizeof(dir), "%s/store", w.root);
    snprintf(keys, sizeof(keys), "%s/keys", w.root);
    struct gw_store_settings set = gw_store_defaults;
    set.dir = dir;
    set.keys_dir = keys;
    set.mmap_bytes = 0;
    set.cache_bytes = 1 << 20;
    struct gw_buf error;
    gw_buf_init(&error, 4096);
    assert_int_equal(gw_crypto_init(), GW_OK);
    w.arena = gw_arena_new("test", 1 << 20);
    assert_int_equal(gw_adapter_set_new(&w.set), GW_OK);
    /* Not the first of the set: the place counts, and one without tables has one, too. */
    struct gw_adapter bare = published("bare", false);
    struct gw_adapter notes = published("notes", true);
    assert_int_equal(gw_adapter_set_add(w.set, &bare, &error), GW_OK);
    assert_int_equal(gw_adapter_set_add(w.set, &notes, &error), GW_OK);
    assert_int_equal(
        gw_adapter_set_extensions(w.set, w.arena, &set.extensions, &set.extension_count), GW_OK);
    assert_int_equal(set.extension_count, 2);
    assert_int_equal(gw_store_open(&set, &w.store, &error), GW_OK);
    assert_int_equal(gw_store_reader_open(w.store, &w.reader), GW_OK);
    gw_buf_fini(&error);
    w.target =
        (struct gw_adapter_target){.published = gw_adapter_set_at(w.set, 1)->published, .index = 1};
    gw_segment_init(&w.segment, w.arena, 1);
    w.call = (struct gw_adapter_call){.magic = GW_ADAPTER_CALL_MAGIC,
                                      .target = &w.target,
                                      .segment = &w.segment,
                                      .peer = "suzhou",
                                      .store = w.store,
                                      .reader = w.reader};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    gw_segment_fini(&w.segment);
    gw_store_reader_close(w.reader);
    gw_store_close(w.store);
    gw_adapter_set_free(w.set);
    gw_arena_free(w.arena);
    return nftw(w.root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A handler inside the transaction. */
struct job {
    struct gw_store_job job;
    enum gw_status (*fn)(struct gw_adapter_call *c);
};

static enum gw_status run(struct gw_store_job *j, struct gw_store_tx *tx)
{
    w.segment.tx = tx;
    w.call.reader = NULL;
    enum gw_status st = GW_CONTAINER_OF(j, struct job, job)->fn(&w.call);
    w.segment.tx = NULL;
    w.call.reader = w.reader;
    return st;
}

static enum gw_status in_transaction(enum gw_status (*fn)(struct gw_adapter_call *c))
{
    struct job j = {.job = {.run = run}, .fn = fn};
    return gw_store_run(w.store, &j.job);
}

static struct gw_adapter_value number(int64_t n)
{
    return (struct gw_adapter_value){.type = GW_VALUE_NUMBER, .number = n};
}

static struct gw_adapter_value bytes(uint32_t type, const char *s)
{
    return (struct gw_adapter_value){
        .type = type, .bytes = (const uint8_t *)s, .len = s != NULL ? strlen(s) : 0};
}

static int32_t put(struct gw_adapter_call *c, int64_t id, const char *text)
{
    const struct gw_adapter_value v[] = {number(id), bytes(GW_VALUE_TEXT, text),
                                         bytes(GW_VALUE_BLOB, NULL)};
    return host->sql(c, PUT, v, 3, NULL, NULL);
}

static int32_t on_row(void *arg, const struct gw_adapter_value *v, size_t count)
{
    int64_t *rows = arg;
    assert_int_equal(count, 4);
    assert_int_equal(v[0].type, GW_VALUE_NUMBER);
    assert_int_equal(v[0].number, ++*rows);
    assert_int_equal(v[1].type, GW_VALUE_TEXT);
    assert_int_equal(v[1].len, *rows == 1 ? 6 : 0);
    assert_memory_equal(v[1].bytes, "绍兴", v[1].len);
    assert_int_equal(v[2].type, GW_VALUE_BLOB);
    assert_int_equal(v[2].len, 0);
    assert_int_equal(v[3].type, GW_VALUE_NULL);
    return *rows == 2; /* stops */
}

static enum gw_status put_three(struct gw_adapter_call *c)
{
    int64_t rows = 0;
    assert_int_equal(put(c, 1, "绍兴"), 0);
    assert_int_equal(put(c, 2, ""), 0);
    assert_int_equal(put(c, 3, NULL), 0);
    assert_int_equal(put(c, 3, "again"), -1);
    assert_int_equal(host->sql(c, GET, NULL, 0, on_row, &rows), 0);
    assert_int_equal(rows, 2);
    return GW_OK;
}

static void statements_run_where_the_handler_runs(void **state)
{
    (void)state;
    int64_t rows = 0;
    assert_int_equal(in_transaction(put_three), GW_OK);
    assert_int_equal(host->sql(&w.call, GET, NULL, 0, on_row, &rows), 0);
    assert_int_equal(rows, 2);
}

static void wrong_statements_fail(void **state)
{
    (void)state;
    struct gw_adapter_value v[100] = {0};
    assert_int_equal(host->sql(&w.call, 2, NULL, 0, NULL, NULL), -1);
    assert_int_equal(host->sql(&w.call, GET, v, 1, NULL, NULL), -1);
    assert_int_equal(host->sql(&w.call, GET, v, 100, NULL, NULL), -1);
    assert_int_equal(put(&w.call, 1, ""), -1); /* a reader writes nothing */
    v[0].type = 4;
    assert_int_equal(host->sql(&w.call, GET, v, 1, NULL, NULL), -1);
    /* prepare() has neither. */
    w.call.reader = NULL;
    assert_int_equal(host->sql(&w.call, GET, NULL, 0, NULL, NULL), -1);
    /* One adapter's statements are not another's. */
    w.call.reader = w.reader;
    w.target.index = 0;
    assert_int_equal(host->sql(&w.call, GET, NULL, 0, NULL, NULL), -1);
    assert_false(w.segment.finished);
}

static enum gw_status change(struct gw_adapter_call *c)
{
    static const uint8_t exchange[16] = "exchange-id-0123";
    int64_t receipt;
    assert_int_equal(host->change_next(c), 1);
    assert_int_equal(host->change_next(c), 2);
    assert_int_equal(host->receipt(c), 1);
    assert_int_equal(host->change_visible(c), 0);
    GW_TRY(gw_store_pending_put(c->segment->tx, exchange, 0, 1, GW_BYTES_LIT("e"), &receipt));
    return receipt == 1 ? GW_OK : GW_INTERNAL;
}

static enum gw_status change_only(struct gw_adapter_call *c)
{
    return host->change_next(c) > 0 ? GW_OK : GW_INTERNAL;
}

static void changes_are_numbered_in_transactions(void **state)
{
    (void)state;
    assert_int_equal(in_transaction(change_only), GW_PRECONDITION);
    assert_int_equal(in_transaction(change), GW_OK);
    assert_int_equal(host->change_visible(&w.call), 0);
    gw_store_visible_advance(w.store, 2);
    assert_int_equal(host->change_visible(&w.call), 0);
    gw_store_reader_turn_end(w.reader);
    assert_int_equal(host->change_visible(&w.call), 2);
    assert_int_equal(host->change_next(&w.call), 0);
    assert_true(w.segment.finished);
    assert_string_equal(w.segment.finish_reason->code, "internal");
}

static void there_is_no_receipt_outside(void **state)
{
    (void)state;
    assert_int_equal(host->receipt(&w.call), 0);
    assert_true(w.segment.finished);
}

static void keys_are_the_same_for_all_adapters(void **state)
{
    (void)state;
    uint8_t a[32], b[32], zero[32] = {0};
    host->key_of(&w.call, "CN-USCC", "9133", 4, a);
    w.target.published = gw_adapter_set_at(w.set, 0)->published;
    host->key_of(&w.call, "CN-USCC", "9133", 4, b);
    assert_memory_equal(a, b, 32);
    host->key_of(&w.call, "CN-USCC", "9134", 4, b);
    assert_memory_not_equal(a, b, 32);
    host->key_of(&w.call, "CN-ID", "9133", 4, b);
    assert_memory_not_equal(a, b, 32);
    char type[300] = "";
    memset(type, 'x', sizeof(type) - 1);
    host->key_of(&w.call, type, "9133", 4, b);
    assert_memory_equal(b, zero, 32);
    assert_true(w.segment.finished);
}

static void seals_belong_to_adapter_and_use(void **state)
{
    (void)state;
    const uint8_t *sealed, *plain = NULL;
    size_t len, plain_len = 99;
    assert_int_equal(host->seal(&w.call, "entry", (const uint8_t *)"secret", 6, &sealed, &len), 0);
    assert_int_equal(len, 6 + GW_SEAL_OVERHEAD);
    assert_int_equal(host->unseal(&w.call, "entry", sealed, len, &plain, &plain_len), 0);
    assert_int_equal(plain_len, 6);
    assert_memory_equal(plain, "secret", 6);
    assert_int_equal(host->unseal(&w.call, "other", sealed, len, &plain, &plain_len), -1);
    assert_int_equal(host->unseal(&w.call, "entry", sealed, len - 1, &plain, &plain_len), -1);
    assert_int_equal(host->unseal(&w.call, "entry", sealed, 0, &plain, &plain_len), -1);
    w.target.published = gw_adapter_set_at(w.set, 0)->published;
    assert_int_equal(host->unseal(&w.call, "entry", sealed, len, &plain, &plain_len), -1);
    w.target.published = gw_adapter_set_at(w.set, 1)->published;
    /* Kept with the data, not with the caller. */
    w.call.peer = "ningbo";
    assert_int_equal(host->unseal(&w.call, "entry", sealed, len, &plain, &plain_len), 0);
    assert_int_equal(host->seal(&w.call, "entry", NULL, 0, &sealed, &len), 0);
    assert_int_equal(host->unseal(&w.call, "entry", sealed, len, &plain, &plain_len), 0);
    assert_int_equal(plain_len, 0);
    static const uint8_t huge[16];
    assert_int_equal(host->seal(&w.call, "entry", huge, SIZE_MAX, &sealed, &len), -1);
}

static void cursors_belong_to_adapter_caller_and_question(void **state)
{
    (void)state;
    const char *text;
    const uint8_t *plain;
    size_t len = 0;
    assert_int_equal(host->cursor_seal(&w.call, "pull", (const uint8_t *)"12345678", 8, &text), 0);
    assert_int_equal(
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
        strlen(text));
    assert_int_equal(host->cursor_open(&w.call, "pull", text, &plain, &len), 0);
    assert_int_equal(len, 8);
    assert_memory_equal(plain, "12345678", 8);
    assert_int_equal(host->cursor_open(&w.call, "check", text, &plain, &len), 1);
    w.call.peer = "ningbo";
    assert_int_equal(host->cursor_open(&w.call, "pull", text, &plain, &len), 1);
    /* The parts are told apart by length. */
    w.call.peer = "suzhoup";
    assert_int_equal(host->cursor_open(&w.call, "ull", text, &plain, &len), 1);
    w.call.peer = "suzhou";
    w.target.published = gw_adapter_set_at(w.set, 0)->published;
    assert_int_equal(host->cursor_open(&w.call, "pull", text, &plain, &len), 1);
    w.target.published = gw_adapter_set_at(w.set, 1)->published;
    char *bent = strdup(text);
    for (size_t i = 0; i < strlen(text); i++) {
        bent[i] = text[i] == 'A' ? 'B' : 'A';
        assert_int_equal(host->cursor_open(&w.call, "pull", bent, &plain, &len), 1);
        bent[i] = text[i];
    }
    free(bent);
    assert_int_equal(host->cursor_open(&w.call, "pull", "", &plain, &len), 1);
    assert_int_equal(host->cursor_open(&w.call, "pull", NULL, &plain, &len), 1);
    assert_int_equal(host->cursor_open(&w.call, "pull", "no cursor", &plain, &len), 1);
    char *big = calloc(1, 10000);
    memset(big, 'A', 9999);
    assert_int_equal(host->cursor_open(&w.call, "pull", big, &plain, &len), 1);
    assert_int_equal(host->cursor_seal(&w.call, "pull", (const uint8_t *)big, 9999, &text), -1);
    assert_int_equal(host->cursor_seal(&w.call, "pull", (const uint8_t *)big, 4096, &text), -1);
    free(big);
    assert_int_equal(host->cursor_seal(&w.call, "pull", NULL, 0, &text), 0);
    assert_int_equal(host->cursor_open(&w.call, "pull", text, &plain, &len), 0);
    assert_int_equal(len, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(statements_run_where_the_handler_runs),
        TEST(wrong_statements_fail),
        TEST(changes_are_numbered_in_transactions),
        TEST(there_is_no_receipt_outside),
        TEST(keys_are_the_same_for_all_adapters),
        TEST(seals_belong_to_adapter_and_use),
        TEST(cursors_belong_to_adapter_caller_and_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
