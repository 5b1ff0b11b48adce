/* Push: each item becomes a record, a repeat, a new revision or a refused row, and gets a receipt.
 * Runs inside the store's transaction; the judging was done before (push_item.c). */
#include <stdlib.h>

#include "service/service_internal.h"

/* The batch that the present segment works on, read once per transaction. */
struct push {
    int64_t receipt; /* whose transaction; 0: nothing read yet */
    enum gw_status found;
    struct gw_store_batch batch;
    int64_t noted;      /* the segment's receipt that `reason` is about */
    const char *reason; /* why all its rows so far were refused; "ok": not all, or not for one */
};

/* What became of one item. */
struct answer {
    Xinqiao__V1__Outcome outcome;
    uint64_t entry;  /* UINT64_MAX: that of `receipt` */
    int64_t receipt; /* 0: this segment's own */
    struct gw_service_findings found;
};

int32_t gw_service_push_open(void *self, struct gw_adapter_call *c, void **ret_state)
{
    (void)self;
    (void)c;
    *ret_state = calloc(1, sizeof(struct push));
    return *ret_state != NULL ? 0 : -1;
}

static bool refused(const struct gw_service_item *it)
{
    return gw_report_has_errors(&it->report);
}

/* The batch of the item, read in this transaction. Another peer's batch does not exist for us. */
static enum gw_status find_batch(const struct gw_service_ctx *x, struct push *s,
                                 struct gw_store_tx *tx, const struct gw_service_item *it)
{
    if (s->receipt != it->put.receipt || memcmp(s->batch.id, it->batch, 16) != 0) {
        s->found = gw_store_batch_get_tx(tx, it->batch, &s->batch);
        memcpy(s->batch.id, it->batch, 16);
        s->receipt = it->put.receipt;
    }
    if (s->found == GW_OK && strcmp(s->batch.peer, x->caller->peer) != 0)
        return GW_NOT_FOUND;
    return s->found;
}

static void refuse(struct gw_service_item *it, const char *reason, const char *field,
                   const char *expected)
{
    gw_report_add(&it->report, GW_PROBLEM_ERROR, reason, field,
                  expected != NULL ? "expected" : NULL, expected, NULL);
}

/* May the row stand in its batch? *ret_known: it was there before, with this content. *ret_note:
 * its outcome is to be noted; not so for rows that are none of the batch's. Other statuses than
 * GW_OK end the call. */
static enum gw_status check_row(const struct gw_service_ctx *x, struct push *s,
                                struct gw_store_tx *tx, struct gw_service_item *it,
                                struct gw_store_batch_row *ret_known, bool *ret_is_known,
                                bool *ret_note)
{
    *ret_is_known = false;
    *ret_note = false;
    enum gw_status st = find_batch(x, s, tx, it);
    if (st == GW_NOT_FOUND) {
        refuse(it, "batch-unknown", "batch", NULL);
        return GW_OK;
    }
    GW_TRY(st);
    if (it->in->row == 0 || it->in->row > s->batch.declared) {
        refuse(it, "value-range", "row", "1..declared");
        return GW_OK;
    }
    st = gw_store_batch_row_get(tx, it->batch, it->in->row, ret_known);
    if (st == GW_OK) {
        *ret_is_known = memcmp(&ret_known->digest, &it->put.digest, sizeof(it->put.digest)) == 0;
        *ret_note = *ret_is_known;
        if (!*ret_is_known)
            refuse(it, "key-conflict", "row", NULL);
        return GW_OK;
    }
    if (st != GW_NOT_FOUND)
        return st;
    if (s->batch.closed_us != 0) {
        refuse(it, "batch-closed", "batch", NULL);
        return GW_OK;
    }
    if (s->batch.format[0] != '\0' && it->format != NULL &&
        strcmp(s->batch.format, gw_format_id(it->format)) != 0)
        refuse(it, "batch-format", "format", gw_arena_strdup(x->arena, s->batch.format));
    *ret_note = true;
    return GW_OK;
}

/* A row that was refused before stays refused: its batch has counted it. */
static enum gw_status repeat_refusal(const struct gw_service_ctx *x,
                                     const struct gw_store_batch_row *known, struct answer *ret)
{
    Xinqiao__V1__RefusedRow *row;
    struct gw_bytes packed = gw_arena_dup(x->arena, known->reasons);
    if (gw_arena_failed(x->arena))
        return GW_NOMEM;
    GW_TRY(gw_service_refusal_unpack(x->arena, packed, &row));
    ret->outcome = XINQIAO__V1__OUTCOME__OUTCOME_REFUSED;
    ret->found = (struct gw_service_findings){.items = row->findings, .count = row->n_findings};
    return GW_OK;
}

static enum gw_status put_record(struct gw_store_tx *tx, struct gw_service_item *it)
{
    enum gw_status st = gw_store_record_put(tx, &it->put);
    if (st != GW_CONFLICT)
        return st;
    refuse(it, "revision-conflict", "", NULL);
    return GW_OK;
}

static enum gw_status note_row(const struct gw_service_ctx *x, struct gw_store_tx *tx,
                               const struct gw_service_item *it)
{
    struct gw_store_batch_row row = {
        .row = it->in->row,
        .key = gw_bytes_str(it->key),
        .outcome = it->put.outcome,
        .digest = it->put.digest,
        .receipt = it->put.receipt,
    };
    if (refused(it)) {
        row.outcome = GW_PUT_REFUSED;
        row.reasons = gw_service_refusal_pack(x->arena, row.row, it->key, &it->report);
        if (gw_arena_failed(x->arena))
            return GW_NOMEM;
    }
    bool first;
    return gw_store_batch_row_put(tx, it->batch, &row, &first);
}

static Xinqiao__V1__Outcome outcome_of(enum gw_store_outcome o)
{
    switch (o) {
    case GW_PUT_NEW:
        return XINQIAO__V1__OUTCOME__OUTCOME_NEW;
    case GW_PUT_DUPLICATE:
        return XINQIAO__V1__OUTCOME__OUTCOME_DUPLICATE;
    case GW_PUT_UPDATED:
        return XINQIAO__V1__OUTCOME__OUTCOME_UPDATED;
    case GW_PUT_REFUSED:
        break;
    }
    return XINQIAO__V1__OUTCOME__OUTCOME_REFUSED;
}

static enum gw_status settle(const struct gw_service_ctx *x, struct push *s, struct gw_store_tx *tx,
                             struct gw_service_item *it, struct answer *ret)
{
    struct gw_store_batch_row known;
    bool is_known = false, note = false;
    if (it->has_batch)
        GW_TRY(check_row(x, s, tx, it, &known, &is_known, &note));
    if (is_known && known.outcome == GW_PUT_REFUSED)
        return repeat_refusal(x, &known, ret);
    if (!refused(it))
        GW_TRY(put_record(tx, it));
    /* A row that was taken and would be refused today keeps its first outcome in the batch. */
    if (note && !is_known)
        GW_TRY(note_row(x, tx, it));
    ret->outcome =
        refused(it) ? XINQIAO__V1__OUTCOME__OUTCOME_REFUSED : outcome_of(it->put.outcome);
    if (ret->outcome == XINQIAO__V1__OUTCOME__OUTCOME_DUPLICATE) {
        ret->entry = it->put.first_seq;
        ret->receipt = it->put.first_receipt;
    }
    gw_service_findings_make(x->arena, &it->report, true, GW_SERVICE_FINDINGS, &ret->found);
    return GW_OK;
}

static void note(const struct gw_service_ctx *x, const struct gw_service_item *it, bool taken)
{
    const struct gw_adapter_host *h = x->host;
    const struct gw_service_judged *j = &it->judged;
    if (it->format != NULL)
        h->note_formats(x->call, gw_format_id(it->format), NULL);
    if (j->kind[0] != '\0')
        h->note_kind(x->call, j->kind, j->law != NULL ? j->law->id : NULL);
    if (j->subject_type != NULL)
        h->note_subject(x->call, j->subject_type, (const char *)j->subject.ptr, j->subject.len);
    h->note_counts(x->call, taken ? 1 : 0, taken ? 0 : 1);
}

/* A segment whose rows were all refused for one reason is to be found by it in the log. */
static void note_reason(const struct gw_service_ctx *x, struct push *s,
                        const struct gw_service_item *it, const struct answer *a)
{
    const char *reason = "ok";
    if (a->outcome == XINQIAO__V1__OUTCOME__OUTCOME_REFUSED) {
        for (size_t i = a->found.count; i-- > 0;)
            if (a->found.items[i]->type == XINQIAO__V1__FINDING__TYPE__TYPE_ERROR)
                reason = a->found.items[i]->reason;
    }
    if (s->reason == NULL || s->noted != it->put.receipt)
        s->reason = reason;
    else if (strcmp(s->reason, reason) != 0)
        s->reason = "ok";
    s->noted = it->put.receipt;
    /* The table's own text: that of a stored refusal goes with the segment, and may be gone from
     * it. */
    const struct gw_reason *r = gw_reason_find(gw_bytes_str(s->reason));
    s->reason = r != NULL ? r->code : "ok";
    x->host->note_reason(x->call, s->reason);
}

static void send_receipt(const struct gw_service_ctx *x, const struct gw_service_item *it,
                         const struct answer *a)
{
    Xinqiao__V1__PushReceipt m = XINQIAO__V1__PUSH_RECEIPT__INIT;
    m.key = gw_service_str(it->key);
    m.row = it->in->row;
    m.outcome = a->outcome;
    if (a->outcome != XINQIAO__V1__OUTCOME__OUTCOME_REFUSED) {
        m.record_id = gw_service_binary(gw_bytes_make(it->put.record_id, 16));
        m.revision = it->put.revision;
    }
    m.findings = a->found.items;
    m.n_findings = a->found.count;
    if (x->views->audit != NULL)
        m.origin = gw_service_str(gw_audit_origin(x->views->audit));
    m.entry = 1;
    x->host->send_receipt_of(x->call, &m.base, 6, a->entry, a->receipt);
}

int32_t gw_service_push_item(void *self, struct gw_adapter_call *c, void *state,
                             const ProtobufCMessage *message, void *item)
{
    (void)message;
    struct gw_service_ctx x = gw_service_ctx_make(self, c);
    struct gw_service_item *it = item;
    struct gw_store_tx *tx = (struct gw_store_tx *)(uintptr_t)x.host->lend(c, GW_LEND_TX);
    const int64_t *receipt = x.host->lend(c, GW_LEND_RECEIPT);
    if (GW_BUG_ON(it == NULL || tx == NULL || receipt == NULL))
        return -1;
    struct answer a = {.entry = UINT64_MAX};
    it->put.receipt = *receipt;
    enum gw_status st = settle(&x, state, tx, it, &a);
    if (st != GW_OK)
        return gw_service_end_store(&x, st);
    note(&x, it, a.outcome != XINQIAO__V1__OUTCOME__OUTCOME_REFUSED);
    note_reason(&x, state, it, &a);
    send_receipt(&x, it, &a);
    return 0;
}
