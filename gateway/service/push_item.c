/* One item of a push, judged before the transaction: everything that needs no store. */
#include "base/clock.h"
#include "base/text.h"
#include "service/service_internal.h"

/* CLOCKS_APART_US: how far a sender's clock may be ahead of ours. */
enum { KEY_MAX = 128, CLOCKS_APART_US = 5 * 60 * 1000000 };

/* A key stands in signed sheets and on screens, and one that is no plain text can not even be
 * repeated in the answer. */
static void check_key(struct gw_service_item *it)
{
    struct gw_bytes key = gw_bytes_str(it->in->key);
    it->key = it->in->key;
    if (key.len == 0) {
        gw_report_add(&it->report, GW_PROBLEM_ERROR, "key-missing", "key", NULL);
    } else if (!gw_utf8_valid(key) || gw_text_has_hidden(key) ||
               strpbrk(it->in->key, "\t\n\r") != NULL) {
        it->key = "";
        gw_report_add(&it->report, GW_PROBLEM_ERROR, "key-invalid", "key", NULL);
    } else if (key.len > KEY_MAX) {
        it->key = "";
        gw_report_add(&it->report, GW_PROBLEM_ERROR, "field-too-long", "key", "max", "128", NULL);
    }
}

static void check_batch(struct gw_service_item *it)
{
    if (it->in->batch[0] == '\0')
        return;
    it->has_batch = gw_service_uuid_parse(it->in->batch, it->batch) == GW_OK;
    if (!it->has_batch)
        gw_report_add(&it->report, GW_PROBLEM_ERROR, "batch-unknown", "batch", NULL);
}

/* A decision of the future would stay the newest revision: every correction would be refused. */
static void check_authority_time(const struct gw_service_ctx *x,
                                 const Google__Protobuf__Timestamp *t, struct gw_report *report)
{
    if (t == NULL)
        return;
    if (t->seconds > (x->now_us + CLOCKS_APART_US) / GW_USEC_PER_SEC)
        gw_report_add(report, GW_PROBLEM_ERROR, "date-future", "authority_time", NULL);
}

/* Lists are versioned and held: they have a door of their own. */
static void check_kind(struct gw_service_item *it)
{
    if (it->judged.record != NULL && it->judged.record->kind == XINQIAO__V1__KIND__KIND_LIST_ENTRY)
        gw_report_add(&it->report, GW_PROBLEM_ERROR, "kind-elsewhere", "format", "item",
                      "ListExchange/Publish", NULL);
}

/* The envelope is the gateway's own, whatever a canonical sender wrote there. */
static void set_envelope(const struct gw_service_ctx *x, struct gw_service_item *it)
{
    gw_record *r = it->judged.record;
    r->id = gw_service_binary(GW_BYTES_NONE);
    r->revision = 0;
    r->received_at = NULL;
    r->source_peer = gw_service_str(x->caller->peer);
    r->key = gw_service_str(it->key);
    r->legal_basis = gw_service_str(it->judged.law->id);
    r->area = it->judged.area.len != 0
                  ? gw_arena_strndup(x->arena, it->judged.area.ptr, it->judged.area.len)
                  : gw_service_str("");
    r->source_format = gw_service_str(gw_format_id(it->format));
    if (it->in->authority_time != NULL)
        r->authority_time = it->in->authority_time;
}

static struct gw_bytes business_key(const struct gw_service_ctx *x, const gw_record *r,
                                    bool *ret_weak)
{
    uint8_t mem[4096];
    struct gw_buf b;
    gw_buf_init_fixed(&b, mem, sizeof(mem));
    if (gw_canon_business_key(r, &b, ret_weak) == GW_OK && gw_buf_failed(&b) == GW_OK)
        return gw_arena_dup(x->arena, gw_buf_view(&b));
    *ret_weak = true;
    return GW_BYTES_NONE;
}

/* A firm's record names its representative, and often the number of that person. */
static bool names_person(const Xinqiao__V1__Subject *s)
{
    return s == NULL || s->legal_rep_name[0] != '\0' || s->legal_rep_document != NULL ||
           s->document != NULL;
}

static void fill_put(const struct gw_service_ctx *x, struct gw_service_item *it)
{
    const struct gw_service_judged *j = &it->judged;
    struct gw_store_put *p = &it->put;
    set_envelope(x, it);
    p->source_peer = x->caller->peer;
    p->kind = j->kind;
    p->format = gw_format_id(it->format);
    p->key = gw_bytes_str(it->key);
    p->packed = gw_service_pack(x->arena, &j->record->base);
    p->class_bit = j->class_bit;
    p->personal = names_person(j->record->subject);
    p->area = j->record->area;
    p->subject_type = j->subject_type;
    p->subject_value = j->subject;
    p->business_key = business_key(x, j->record, &p->business_key_weak);
    p->authority_us = gw_service_timestamp_us(j->record->authority_time);
    p->wall_us = x->now_us;
}

struct gw_service_item *gw_service_item_make(const struct gw_service_ctx *x,
                                             const Xinqiao__V1__PushItem *in)
{
    struct gw_service_item *it = gw_arena_new_of(x->arena, struct gw_service_item);
    if (it == NULL)
        return NULL;
    gw_report_init(&it->report, x->arena);
    it->in = in;
    it->judged.kind = "";
    it->put.original = gw_service_bytes(in->record);
    gw_crypto_sha256(it->put.original, GW_BYTES_NONE, GW_BYTES_NONE, &it->put.digest);
    check_key(it);
    check_batch(it);
    check_authority_time(x, in->authority_time, &it->report);
    it->format = gw_service_format(x, in->format, "format", &it->report);
    if (it->format != NULL) {
        enum gw_status st =
            gw_service_judge(x, it->format, it->put.original, x->arena, &it->report, &it->judged);
        if (st == GW_NOMEM)
            return NULL;
        check_kind(it);
        /* A canonical record may bring its own. */
        if (it->judged.record != NULL && in->authority_time == NULL)
            check_authority_time(x, it->judged.record->authority_time, &it->report);
    }
    if (!gw_report_has_errors(&it->report))
        fill_put(x, it);
    return gw_arena_failed(x->arena) ? NULL : it;
}

int32_t gw_service_push_prepare(void *self, struct gw_adapter_call *c,
                                const ProtobufCMessage *message, void **ret_item)
{
    struct gw_service_ctx x = gw_service_ctx_make(self, c);
    struct gw_service_item *it = gw_service_item_make(&x, (const Xinqiao__V1__PushItem *)message);
    *ret_item = it;
    if (it == NULL)
        return -1;
    /* Here and not in message(): each entry names its batch, and is found by it. */
    if (it->has_batch)
        x.host->note_batch(c, it->batch);
    return 0;
}
