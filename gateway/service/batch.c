/* Batches (交接批次): opened with what the sender will send, asked about after a disconnect, closed
 * when every row is there. */
#include <inttypes.h>
#include <stdio.h>

#include "service/service_internal.h"

enum { DECLARED_MAX = 100 * 1000 * 1000 };

static struct gw_store_tx *tx_of(const struct gw_service_ctx *x)
{
    return (struct gw_store_tx *)(uintptr_t)x->host->lend(x->call, GW_LEND_TX);
}

Xinqiao__V1__Batch *gw_service_batch_message(struct gw_arena *a, const struct gw_store_batch *b)
{
    Xinqiao__V1__Batch *m = gw_arena_new_of(a, Xinqiao__V1__Batch);
    char id[GW_UUID_TEXT];
    if (m == NULL)
        return NULL;
    gw_service_uuid_format(b->id, id);
    xinqiao__v1__batch__init(m);
    m->batch = gw_arena_strdup(a, id);
    m->format = gw_arena_strdup(a, b->format);
    m->declared = b->declared;
    m->added = b->added;
    m->repeated_rows = b->repeated;
    m->updated = b->updated;
    m->refused = b->refused;
    m->contiguous = b->contiguous;
    m->closed = b->closed_us != 0;
    m->opened_at = gw_service_timestamp(a, b->opened_us);
    m->closed_at = gw_service_timestamp(a, b->closed_us);
    return gw_arena_failed(a) ? NULL : m;
}

static int32_t answer_batch(const struct gw_service_ctx *x, const struct gw_store_batch *b)
{
    Xinqiao__V1__Batch *m = gw_service_batch_message(x->arena, b);
    if (m == NULL)
        return -1;
    x->host->send(x->call, &m->base);
    return gw_service_end(x, "ok");
}

/* The id of a request; ends the call when it is none. */
static bool take_id(const struct gw_service_ctx *x, const char *text, uint8_t ret[16])
{
    if (gw_service_uuid_parse(text, ret) == GW_OK) {
        x->host->note_batch(x->call, ret);
        return true;
    }
    gw_service_end(x, "batch-unknown");
    return false;
}

static int32_t refuse_field(const struct gw_service_ctx *x, const char *reason, const char *field,
                            const char *expected)
{
    x->host->violation(x->call, field, reason);
    x->host->parameter(x->call, "field", field);
    return gw_service_end_with(x, reason, "expected", expected);
}

static bool same_content(const struct gw_store_batch *a, const struct gw_store_batch *b)
{
    return a->declared == b->declared && strcmp(a->format, b->format) == 0 &&
           a->has_digest == b->has_digest &&
           (!a->has_digest || memcmp(&a->digest, &b->digest, sizeof(a->digest)) == 0);
}

static int32_t open_again(const struct gw_service_ctx *x, struct gw_store_tx *tx,
                          const struct gw_store_batch *want)
{
    struct gw_store_batch have;
    enum gw_status st = gw_store_batch_get_tx(tx, want->id, &have);
    if (st != GW_OK)
        return gw_service_end_store(x, st);
    if (strcmp(have.peer, want->peer) != 0)
        return gw_service_end(x, "key-conflict");
    if (!same_content(&have, want))
        return gw_service_end(x, have.closed_us == 0 ? "batch-open" : "key-conflict");
    return answer_batch(x, &have);
}

/* Ends the call when the format is not one that the caller may send. */
static bool check_format(const struct gw_service_ctx *x, const char *id)
{
    struct gw_report report;
    if (id[0] == '\0')
        return true;
    gw_report_init(&report, x->arena);
    if (gw_service_format(x, id, "format", &report) != NULL)
        return true;
    const struct gw_problem *p = gw_report_first_error(&report);
    x->host->violation(x->call, "format", p->reason->code);
    gw_service_end_with(x, p->reason->code, p->params[0].name, p->params[0].value);
    return false;
}

int32_t gw_service_open_batch(void *self, struct gw_adapter_call *c, void *state,
                              const ProtobufCMessage *message, void *item)
{
    (void)state;
    (void)item;
    struct gw_service_ctx x = gw_service_ctx_make(self, c);
    const Xinqiao__V1__OpenBatchRequest *in = (const Xinqiao__V1__OpenBatchRequest *)message;
    struct gw_store_batch b = {.declared = in->declared, .opened_us = x.now_us};
    if (gw_service_uuid_parse(in->batch, b.id) != GW_OK)
        return refuse_field(&x, "value-type", "batch", "UUID");
    x.host->note_batch(c, b.id);
    if (in->declared > DECLARED_MAX)
        return refuse_field(&x, "value-range", "declared", "0..100000000");
    if (in->digest.len != 0 && in->digest.len != GW_SHA256_LEN)
        return refuse_field(&x, "value-type", "digest", "SHA-256");
    if (!check_format(&x, in->format))
        return 0;
    b.has_digest = in->digest.len != 0;
    if (b.has_digest)
        memcpy(b.digest.byte, in->digest.data, GW_SHA256_LEN);
    snprintf(b.peer, sizeof(b.peer), "%s", x.caller->peer);
    snprintf(b.format, sizeof(b.format), "%s", in->format);
    struct gw_store_tx *tx = tx_of(&x);
    enum gw_status st = gw_store_batch_open(tx, &b);
    if (st == GW_EXISTS)
        return open_again(&x, tx, &b);
    return st == GW_OK ? answer_batch(&x, &b) : gw_service_end_store(&x, st);
}

/* Complete and as declared? NULL, or why not. */
static const char *why_not_close(const struct gw_service_ctx *x, const struct gw_store_batch *b,
                                 const struct gw_hash *digest)
{
    if (b->contiguous != b->declared) {
        char declared[24];
        snprintf(declared, sizeof(declared), "%" PRIu64, b->declared);
        x->host->parameter(x->call, "expected", declared);
        return "batch-count";
    }
    return b->has_digest && memcmp(digest, &b->digest, sizeof(*digest)) != 0 ? "batch-digest"
                                                                             : NULL;
}

static int32_t answer_sheet(const struct gw_service_ctx *x, struct gw_store_tx *tx,
                            const struct gw_store_batch *b, const struct gw_hash *digest)
{
    Xinqiao__V1__BatchSheet sheet = XINQIAO__V1__BATCH_SHEET__INIT;
    enum gw_status st = gw_service_sheet_make(x, tx, b, digest, &sheet);
    if (st == GW_AGAIN)
        return gw_service_end(x, "not-ready");
    if (st != GW_OK)
        return gw_service_end_store(x, st);
    if (b->format[0] != '\0')
        x->host->note_formats(x->call, b->format, NULL);
    x->host->send(x->call, &sheet.base);
    return gw_service_end(x, "ok");
}

int32_t gw_service_close_batch(void *self, struct gw_adapter_call *c, void *state,
                               const ProtobufCMessage *message, void *item)
{
    (void)state;
    (void)item;
    struct gw_service_ctx x = gw_service_ctx_make(self, c);
    const Xinqiao__V1__CloseBatchRequest *in = (const Xinqiao__V1__CloseBatchRequest *)message;
    struct gw_store_tx *tx = tx_of(&x);
    struct gw_store_batch b;
    uint8_t id[16];
    if (!take_id(&x, in->batch, id))
        return 0;
    enum gw_status st = gw_store_batch_get_tx(tx, id, &b);
    if (st == GW_NOT_FOUND || (st == GW_OK && strcmp(b.peer, x.caller->peer) != 0))
        return gw_service_end(&x, "batch-unknown");
    struct gw_hash digest = {{0}};
    if (st == GW_OK && b.contiguous == b.declared)
        st = gw_store_batch_digest(tx, id, &digest);
    if (st == GW_OK && b.closed_us == 0) {
        const char *why = why_not_close(&x, &b, &digest);
        if (why != NULL)
            return gw_service_end(&x, why);
        st = gw_store_batch_close(tx, id, x.now_us);
        if (st == GW_OK)
            st = gw_store_batch_get_tx(tx, id, &b);
    }
    return st == GW_OK ? answer_sheet(&x, tx, &b, &digest) : gw_service_end_store(&x, st);
}

int32_t gw_service_batch_status(void *self, struct gw_adapter_call *c, void *state,
                                const ProtobufCMessage *message, void *item)
{
    (void)state;
    (void)item;
    struct gw_service_ctx x = gw_service_ctx_make(self, c);
    const Xinqiao__V1__BatchStatusRequest *in = (const Xinqiao__V1__BatchStatusRequest *)message;
    struct gw_store_reader *r =
        (struct gw_store_reader *)(uintptr_t)x.host->lend(c, GW_LEND_READER);
    struct gw_store_batch b;
    uint8_t id[16];
    if (!take_id(&x, in->batch, id))
        return 0;
    enum gw_status st = gw_store_batch_get(r, id, &b);
    if (st == GW_NOT_FOUND || (st == GW_OK && strcmp(b.peer, x.caller->peer) != 0))
        return gw_service_end(&x, "batch-unknown");
    return st == GW_OK ? answer_batch(&x, &b) : gw_service_end_store(&x, st);
}
