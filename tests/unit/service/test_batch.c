/* Batches: opened once, rows counted once, closed only when complete and as declared; the sheet is
 * the same each time and verifies. */
#include "service/service_test.h"

#include "base/text.h"

#define OUTCOME(x) XINQIAO__V1__OUTCOME__OUTCOME_##x
static const char FORMAT[] = "national.penalty.org@2018";
enum { ROWS = 40 };
static struct records batch;

static int setup(void **state)
{
    if (world_setup(state) != 0)
        return 1;
    records_load(&batch, FORMAT, "batch-40.xml");
    return 0;
}

static int teardown(void **state)
{
    records_fini(&batch);
    return world_teardown(state);
}

/* ---- small calls -------------------------------------------------------------------------------
 */

static const char *open_as(const char *peer, const char *id, uint64_t declared, const char *format,
                           struct gw_bytes digest, Xinqiao__V1__Batch *ret)
{
    struct gw_adapter_call c;
    Xinqiao__V1__OpenBatchRequest m = XINQIAO__V1__OPEN_BATCH_REQUEST__INIT;
    m.batch = gw_service_str(id);
    m.declared = declared;
    m.format = gw_service_str(format);
    m.digest = gw_service_binary(digest);
    call_begin(&c, "record", "OpenBatch", peer);
    (void)call_once(&c, &m.base);
    const char *code = c.finished;
    assert_non_null(code);
    if (ret != NULL && strcmp(code, "ok") == 0)
        *ret = *(const Xinqiao__V1__Batch *)c.sent[0];
    call_end(&c);
    return code;
}

static const char *status_as(const char *peer, const char *id, Xinqiao__V1__Batch *ret)
{
    struct gw_adapter_call c;
    Xinqiao__V1__BatchStatusRequest m = XINQIAO__V1__BATCH_STATUS_REQUEST__INIT;
    m.batch = gw_service_str(id);
    call_begin(&c, "record", "BatchStatus", peer);
    assert_int_equal(call_once(&c, &m.base), GW_OK);
    const char *code = c.finished;
    if (strcmp(code, "ok") == 0)
        *ret = *(const Xinqiao__V1__Batch *)c.sent[0]; /* its strings are gone with the call */
    call_end(&c);
    return code;
}

static const char *close_as(const char *peer, const char *id, struct gw_buf *ret_sheet)
{
    struct gw_adapter_call c;
    Xinqiao__V1__CloseBatchRequest m = XINQIAO__V1__CLOSE_BATCH_REQUEST__INIT;
    m.batch = gw_service_str(id);
    call_begin(&c, "record", "CloseBatch", peer);
    (void)call_once(&c, &m.base);
    const char *code = c.finished;
    assert_non_null(code);
    if (strcmp(code, "ok") == 0 && ret_sheet != NULL) {
        gw_buf_reset(ret_sheet);
        size_t len = protobuf_c_message_get_packed_size(c.sent[0]);
        protobuf_c_message_pack(c.sent[0], gw_buf_extend(ret_sheet, len));
    }
    call_end(&c);
    return code;
}

struct rows {
    Xinqiao__V1__Outcome outcome[ROWS];
    uint64_t entry[ROWS];
    char reason[ROWS][32];
};

/* Rows from..to (from 1) of the batch in one segment; `shift` takes other records for them. */
static void push_rows(const char *id, size_t from, size_t to, size_t shift, struct rows *ret)
{
    struct gw_adapter_call c;
    Xinqiao__V1__PushItem m[ROWS];
    const ProtobufCMessage *list[ROWS];
    char key[ROWS][64];
    size_t n = 0;
    for (size_t row = from; row <= to; row++, n++) {
        xinqiao__v1__push_item__init(&m[n]);
        snprintf(key[n], sizeof(key[n]), "%.8s-%zu", id, row);
        m[n].key = key[n];
        m[n].format = gw_service_str(FORMAT);
        m[n].record = gw_service_binary(records_at(&batch, (row - 1 + shift) % batch.count));
        m[n].batch = gw_service_str(id);
        m[n].row = row;
        list[n] = &m[n].base;
    }
    call_begin(&c, "record", "Push", "province");
    assert_int_equal(call_segment(&c, list, n, true), GW_OK);
    assert_int_equal(c.sent_count, n);
    assert_true(c.has_batch);
    for (size_t i = 0; i < n; i++) {
        const Xinqiao__V1__PushReceipt *r = (const Xinqiao__V1__PushReceipt *)c.sent[i];
        assert_int_equal(r->row, from + i);
        ret->outcome[from - 1 + i] = r->outcome;
        ret->entry[from - 1 + i] = c.entry[i];
        snprintf(ret->reason[from - 1 + i], 32, "%s",
                 r->n_findings != 0 ? r->findings[0]->reason : "");
    }
    call_end(&c);
}

static void digest_of_rows(struct gw_hash *ret)
{
    GW_CLEANUP(gw_crypto_sha256_freep) struct gw_sha256 *s = gw_crypto_sha256_new();
    for (size_t i = 0; i < batch.count; i++) {
        struct gw_hash h;
        gw_crypto_sha256(records_at(&batch, i), GW_BYTES_NONE, GW_BYTES_NONE, &h);
        gw_crypto_sha256_update(s, gw_bytes_make(h.byte, 32));
    }
    gw_crypto_sha256_final(s, ret);
}

/* ---- tests -------------------------------------------------------------------------------------
 */

static void test_open(void **state)
{
    (void)state;
    static const char id[] = "0197aaaa-0000-7000-8000-000000000001";
    Xinqiao__V1__Batch b;
    assert_string_equal(open_as("province", id, 10, FORMAT, GW_BYTES_NONE, &b), "ok");
    assert_int_equal(b.declared, 10);
    assert_false(b.closed);
    /* The same again answers the same; in capitals too. */
    assert_string_equal(open_as("province", id, 10, FORMAT, GW_BYTES_NONE, NULL), "ok");
    assert_string_equal(open_as("province", "0197AAAA-0000-7000-8000-000000000001", 10, FORMAT,
                                GW_BYTES_NONE, NULL),
                        "ok");
    assert_string_equal(open_as("province", id, 11, FORMAT, GW_BYTES_NONE, NULL), "batch-open");
    assert_string_equal(open_as("province", id, 10, "", GW_BYTES_NONE, NULL), "batch-open");
    assert_string_equal(open_as("suzhou", id, 10, FORMAT, GW_BYTES_NONE, NULL), "key-conflict");
    assert_string_equal(status_as("province", id, &b), "ok");
    assert_int_equal(b.contiguous, 0);
    assert_string_equal(status_as("suzhou", id, &b), "batch-unknown");
}

static void test_open_refused(void **state)
{
    (void)state;
    static const char id[] = "0197aaaa-0000-7000-8000-000000000002";
    Xinqiao__V1__Batch b;
    assert_string_equal(open_as("province", "x", 1, FORMAT, GW_BYTES_NONE, NULL), "value-type");
    assert_string_equal(open_as("province", id, UINT64_MAX, FORMAT, GW_BYTES_NONE, NULL),
                        "value-range");
    assert_string_equal(open_as("province", id, 1, FORMAT, GW_BYTES_LIT("short"), NULL),
                        "value-type");
    assert_string_equal(open_as("province", id, 1, "nothing@1", GW_BYTES_NONE, NULL),
                        "format-unknown");
    assert_string_equal(status_as("province", id, &b), "batch-unknown");
    assert_string_equal(close_as("province", id, NULL), "batch-unknown");
}

static void check_sheet(const struct gw_buf *packed, const struct rows *rows)
{
    Xinqiao__V1__BatchSheet *sheet =
        xinqiao__v1__batch_sheet__unpack(NULL, packed->len, packed->ptr);
    assert_non_null(sheet);
    /* Whoever has the verifier key can check it. */
    assert_string_equal(sheet->vkey, world.sheet_vkey);
    assert_true(strlen(sheet->vkey) > 44); /* the key is the last: its base64 may hold a '+' */
    assert_true(strncmp(sheet->vkey, "gateway.test/sheet+", 19) == 0);
    uint8_t mem[64];
    struct gw_buf key;
    gw_buf_init_fixed(&key, mem, sizeof(mem));
    assert_int_equal(gw_base64_decode(gw_bytes_str(sheet->vkey + strlen(sheet->vkey) - 44), &key),
                     GW_OK);
    assert_int_equal(key.len, 33);
    struct gw_buf msg;
    gw_buf_init(&msg, 1 << 20);
    gw_buf_str(&msg, "xinqiao batch sheet v1\n");
    gw_buf_append(&msg, sheet->sheet.data, sheet->sheet.len);
    assert_int_equal(gw_crypto_verify(key.ptr + 1, gw_buf_view(&msg),
                                      gw_bytes_make(sheet->signature.data, sheet->signature.len)),
                     GW_OK);
    gw_buf_fini(&msg);

    Xinqiao__V1__SheetBody *body =
        xinqiao__v1__sheet_body__unpack(NULL, sheet->sheet.len, sheet->sheet.data);
    struct gw_hash digest;
    digest_of_rows(&digest);
    assert_non_null(body);
    assert_string_equal(body->peer, "province");
    assert_int_equal(body->batch->declared, ROWS);
    assert_int_equal(body->batch->added + body->batch->repeated_rows + body->batch->updated +
                         body->batch->refused,
                     ROWS);
    assert_int_equal(body->batch->refused, 8);
    assert_true(body->batch->closed);
    assert_int_equal(body->digest.len, 32);
    assert_memory_equal(body->digest.data, digest.byte, 32);
    assert_int_equal(body->first_entry, rows->entry[0]);
    assert_int_equal(body->last_entry, rows->entry[ROWS - 1]);
    assert_int_equal(body->n_refusals, 8);
    assert_int_equal(body->refusals_omitted, 0);
    for (size_t i = 0; i < body->n_refusals; i++) {
        const Xinqiao__V1__RefusedRow *r = body->refusals[i];
        assert_int_equal(rows->outcome[r->row - 1], OUTCOME(REFUSED));
        assert_string_equal(r->findings[0]->reason, rows->reason[r->row - 1]);
        assert_true(strlen(r->findings[0]->text_zh) > 0);
    }
    xinqiao__v1__sheet_body__free_unpacked(body, NULL);
    xinqiao__v1__batch_sheet__free_unpacked(sheet, NULL);
}

static void test_life(void **state)
{
    (void)state;
    static const char id[] = "0197aaaa-0000-7000-8000-000000000003";
    struct rows rows, again;
    struct gw_hash digest;
    struct gw_buf sheet, sheet2;
    Xinqiao__V1__Batch b;
    gw_buf_init(&sheet, 4 << 20);
    gw_buf_init(&sheet2, 4 << 20);
    digest_of_rows(&digest);
    assert_string_equal(open_as("province", id, ROWS, FORMAT, gw_bytes_make(digest.byte, 32), NULL),
                        "ok");
    push_rows(id, 1, 10, 0, &rows);
    push_rows(id, 21, 30, 0, &rows);
    assert_string_equal(status_as("province", id, &b), "ok");
    assert_int_equal(b.contiguous, 10);
    assert_string_equal(close_as("province", id, NULL), "batch-count");
    push_rows(id, 11, 20, 0, &rows);
    assert_string_equal(status_as("province", id, &b), "ok");
    assert_int_equal(b.contiguous, 30);

    /* Sent again after a disconnect: nothing is counted twice, what was refused stays so. */
    push_rows(id, 1, 30, 0, &again);
    for (size_t i = 0; i < 30; i++) {
        bool refused = rows.outcome[i] == OUTCOME(REFUSED);
        assert_int_equal(again.outcome[i], refused ? OUTCOME(REFUSED) : OUTCOME(DUPLICATE));
        assert_string_equal(again.reason[i], refused ? rows.reason[i] : "");
        if (!refused)
            assert_int_equal(again.entry[i], rows.entry[i]);
    }
    assert_string_equal(status_as("province", id, &b), "ok");
    assert_int_equal(b.added + b.refused, 30);

    /* Another record for a row that is there changes nothing. */
    push_rows(id, 1, 1, 1, &again);
    assert_int_equal(again.outcome[0], OUTCOME(REFUSED));
    assert_string_equal(again.reason[0], "key-conflict");

    push_rows(id, 31, ROWS, 0, &rows);
    assert_string_equal(close_as("suzhou", id, NULL), "batch-unknown");
    assert_string_equal(close_as("province", id, &sheet), "ok");
    check_sheet(&sheet, &rows);
    assert_string_equal(close_as("province", id, &sheet2), "ok");
    assert_true(gw_bytes_eq(gw_buf_view(&sheet), gw_buf_view(&sheet2)));

    /* After the end: known rows are answered, new ones refused. */
    push_rows(id, 1, 1, 0, &again);
    assert_int_equal(again.outcome[0], OUTCOME(DUPLICATE));
    assert_string_equal(open_as("province", id, ROWS, FORMAT, gw_bytes_make(digest.byte, 32), &b),
                        "ok");
    assert_true(b.closed);
    assert_string_equal(open_as("province", id, 3, FORMAT, GW_BYTES_NONE, NULL), "key-conflict");
    gw_buf_fini(&sheet);
    gw_buf_fini(&sheet2);
}

static void test_wrong_digest(void **state)
{
    (void)state;
    static const char id[] = "0197aaaa-0000-7000-8000-000000000004";
    struct rows rows;
    struct gw_hash digest = {{1}};
    Xinqiao__V1__Batch b;
    assert_string_equal(open_as("province", id, 2, FORMAT, gw_bytes_make(digest.byte, 32), NULL),
                        "ok");
    push_rows(id, 1, 2, 0, &rows);
    assert_string_equal(close_as("province", id, NULL), "batch-digest");
    assert_string_equal(status_as("province", id, &b), "ok");
    assert_false(b.closed);
}

/* Rows that are none of the batch's are refused and not counted. */
static void test_foreign_rows(void **state)
{
    (void)state;
    static const char id[] = "0197aaaa-0000-7000-8000-000000000005";
    struct rows rows;
    Xinqiao__V1__Batch b;
    assert_string_equal(open_as("province", id, 1, "suzhou.penalty@1", GW_BYTES_NONE, NULL), "ok");
    push_rows(id, 2, 2, 0, &rows);
    assert_string_equal(rows.reason[1], "value-range");
    assert_string_equal(status_as("province", id, &b), "ok");
    assert_int_equal(b.refused, 0);
    push_rows(id, 1, 1, 0, &rows);
    assert_string_equal(rows.reason[0], "batch-format");
    assert_string_equal(status_as("province", id, &b), "ok");
    assert_int_equal(b.refused, 1);
}

/* No sheet names entries whose place is not known; the batch stays open until it is. */
static void test_not_durable(void **state)
{
    (void)state;
    static const char id[] = "0197aaaa-0000-7000-8000-000000000006";
    struct rows rows;
    Xinqiao__V1__Batch b;
    assert_string_equal(open_as("province", id, 1, FORMAT, GW_BYTES_NONE, NULL), "ok");
    world.hold_seqs = true;
    push_rows(id, 1, 1, 0, &rows);
    world.hold_seqs = false;
    assert_string_equal(close_as("province", id, NULL), "not-ready");
    assert_string_equal(status_as("province", id, &b), "ok");
    assert_false(b.closed);
}

static void test_empty(void **state)
{
    (void)state;
    static const char id[] = "0197aaaa-0000-7000-8000-000000000007";
    struct gw_buf sheet;
    gw_buf_init(&sheet, 1 << 20);
    assert_string_equal(open_as("province", id, 0, "", GW_BYTES_NONE, NULL), "ok");
    assert_string_equal(close_as("province", id, &sheet), "ok");
    gw_buf_fini(&sheet);
}

/* A sheet is the same after an update that words a reason differently: the row keeps its texts. */
static void test_texts_of_a_refused_row_are_kept(void **state)
{
    (void)state;
    struct gw_arena *a = gw_arena_new("test", 1 << 20);
    struct gw_report report;
    Xinqiao__V1__RefusedRow *row;
    gw_report_init(&report, a);
    gw_report_add(&report, GW_PROBLEM_ERROR, "value-range", "row", "expected", "1..9", NULL);
    struct gw_bytes packed = gw_service_refusal_pack(a, 7, "key", &report);
    row = xinqiao__v1__refused_row__unpack(NULL, packed.len, packed.ptr);
    assert_non_null(row);
    assert_true(strlen(row->findings[0]->text_zh) > 0);
    row->findings[0]->text_zh[0] = 'X';
    struct gw_bytes older = gw_service_pack(a, &row->base);
    xinqiao__v1__refused_row__free_unpacked(row, NULL);
    assert_int_equal(gw_service_refusal_unpack(a, older, &row), GW_OK);
    assert_int_equal(row->findings[0]->text_zh[0], 'X');

    /* As rows were stored before: they get texts. */
    row->findings[0]->text_zh[0] = '\0';
    row->findings[0]->text_en[0] = '\0';
    older = gw_service_pack(a, &row->base);
    assert_int_equal(gw_service_refusal_unpack(a, older, &row), GW_OK);
    assert_true(strlen(row->findings[0]->text_en) > 0);
    gw_arena_free(a);
}

/* The key is made once, kept private, and never the log's. */
static void test_sheet_key(void **state)
{
    (void)state;
    char path[400], vkey[GW_SERVICE_VKEY_MAX], host[400];
    struct stat sb;
    struct gw_sign_key *k = NULL;
    assert_int_equal(gw_file_join(path, sizeof(path), world.keys, "sheet.pem"), GW_OK);
    assert_int_equal(stat(path, &sb), 0);
    assert_int_equal(sb.st_mode & 0777, 0600);
    assert_int_equal(gw_service_sheet_key_load(world.keys, "gateway.test", &k, vkey), GW_OK);
    assert_string_equal(vkey, world.sheet_vkey);
    gw_crypto_sign_key_free(k);
    memset(host, 'h', sizeof(host) - 1);
    host[sizeof(host) - 1] = '\0';
    assert_int_equal(gw_service_sheet_key_load(world.keys, host, &k, vkey), GW_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),         cmocka_unit_test(test_open_refused),
        cmocka_unit_test(test_life),         cmocka_unit_test(test_wrong_digest),
        cmocka_unit_test(test_foreign_rows), cmocka_unit_test(test_not_durable),
        cmocka_unit_test(test_empty),        cmocka_unit_test(test_texts_of_a_refused_row_are_kept),
        cmocka_unit_test(test_sheet_key),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
