/* What the host lends to adapters of records and access (gw_adapter.h, 1.2): the translation
 * engine, the caller's grant and the store's records, over the call's generation. The law's part is
 * in lent_law.c. */
#include "service/lent.h"

struct gw_service_ctx gw_service_lent_ctx(struct gw_adapter_call *c)
{
    return (struct gw_service_ctx){
        .call = c,
        .views = c->lend(c, GW_LEND_VIEWS),
        .caller = c->lend(c, GW_LEND_CALLER),
        .arena = c->segment->arena,
        .now_us = c->segment->now_us,
    };
}

static ProtobufCMessage *unpack(struct gw_adapter_call *c, struct gw_bytes packed,
                                const ProtobufCMessageDescriptor *type)
{
    static const uint8_t nothing;
    ProtobufCAllocator alloc;
    gw_canon_allocator(c->segment->arena, &alloc);
    return protobuf_c_message_unpack(type, &alloc, packed.len,
                                     packed.len != 0 ? packed.ptr : &nothing);
}

ProtobufCMessage *gw_service_lent_give(struct gw_adapter_call *c, const gw_record *r,
                                       const ProtobufCMessageDescriptor *type)
{
    struct gw_bytes packed = gw_service_pack(c->segment->arena, &r->base);
    return gw_arena_failed(c->segment->arena) ? NULL : unpack(c, packed, type);
}

gw_record *gw_service_lent_take(struct gw_adapter_call *c, const ProtobufCMessage *m)
{
    gw_record *r = NULL;
    struct gw_bytes packed = gw_service_pack(c->segment->arena, m);
    if (gw_arena_failed(c->segment->arena) ||
        gw_canon_unpack(packed, c->segment->arena, &r) != GW_OK)
        return NULL;
    return r;
}

/* The answer of a record operation: refusals are told by findings, our own failures are not. */
static int32_t answer(enum gw_status st, const struct gw_report *found)
{
    if (st == GW_OK)
        return 0;
    return st == GW_INVALID && gw_report_has_errors(found) ? 1 : -1;
}

static int32_t record_read(struct gw_adapter_call *c, const char *format, struct gw_bytes bytes,
                           const ProtobufCMessageDescriptor *type, ProtobufCMessage **ret_record)
{
    struct gw_service_ctx x = gw_service_lent_ctx(c);
    struct gw_report *found = &c->segment->found;
    gw_record *r;
    gw_report_init(found, x.arena);
    const struct gw_format *f = gw_service_format(&x, format, "format", found);
    if (f == NULL)
        return 1;
    enum gw_status st = gw_service_read(&x, f, bytes, x.arena, found, &r);
    if (st != GW_OK)
        return answer(st, found);
    r->source_format = gw_service_str(gw_format_id(f));
    r->source_peer = gw_service_str(x.caller->peer);
    ProtobufCMessage *m = gw_service_lent_give(c, r, type);
    if (m == NULL)
        return -1;
    *ret_record = m;
    return 0;
}

/* An entry without an end of its own ends when the row of its list says. */
static void set_end(const struct gw_service_ctx *x, gw_record *r)
{
    struct gw_date day;
    bool open = false;
    if (r->payload_case != XINQIAO__V1__RECORD__PAYLOAD_LIST_ENTRY ||
        r->list_entry->ends_on != NULL ||
        gw_law_end(x->views->law, r, GW_LAW_MEASURE, &day, &open) != GW_OK)
        return;
    Xinqiao__V1__EndDate *end = gw_arena_new_of(x->arena, Xinqiao__V1__EndDate);
    Xinqiao__V1__Date *date = gw_arena_new_of(x->arena, Xinqiao__V1__Date);
    if (end == NULL || date == NULL)
        return;
    xinqiao__v1__end_date__init(end);
    xinqiao__v1__date__init(date);
    end->no_end = open;
    if (!open) {
        date->year = day.year;
        date->month = day.month;
        date->day = day.day;
        end->date = date;
    }
    r->list_entry->ends_on = end;
}

/* An entry whose format has no column for its basis stands by that of the row of its list. */
static void set_basis(const struct gw_service_ctx *x, gw_record *r)
{
    if (r->payload_case != XINQIAO__V1__RECORD__PAYLOAD_LIST_ENTRY ||
        r->list_entry->basis[0] != '\0')
        return;
    const struct gw_law_list *row =
        gw_law_list_find(x->views->law, gw_bytes_str(r->list_entry->list), x->now_us);
    if (row != NULL)
        r->list_entry->basis = gw_service_str(row->basis);
}

static int32_t record_admit(struct gw_adapter_call *c, ProtobufCMessage *record)
{
    struct gw_service_ctx x = gw_service_lent_ctx(c);
    struct gw_report *found = &c->segment->found;
    struct gw_service_judged j;
    gw_report_init(found, x.arena);
    gw_record *r = gw_service_lent_take(c, record);
    if (r == NULL)
        return -1;
    /* The sender knows the names of its own format. */
    const struct gw_format *f =
        gw_format_find(x.views->formats, gw_bytes_str(r->source_format), NULL);
    enum gw_status st = gw_service_admit(&x, f, r, found, &j);
    if (st != GW_OK)
        return answer(st, found);
    r->legal_basis = gw_service_str(j.law->id);
    r->area = gw_arena_strndup(x.arena, j.area.ptr, j.area.len);
    set_end(&x, r);
    set_basis(&x, r);
    ProtobufCMessage *m = r->area != NULL ? gw_service_lent_give(c, r, record->descriptor) : NULL;
    if (m == NULL)
        return -1;
    /* Both are of one type and live in the segment. */
    memcpy(record, m, record->descriptor->sizeof_message);
    return 0;
}

static int32_t record_write(struct gw_adapter_call *c, const ProtobufCMessage *record,
                            const char *format, uint32_t flags, struct gw_bytes *ret)
{
    enum { RECORD_MAX = 2 * 1024 * 1024 };
    struct gw_service_ctx x = gw_service_lent_ctx(c);
    struct gw_format_clock clock = {x.now_us};
    struct gw_report *found = &c->segment->found;
    gw_report_init(found, x.arena);
    const struct gw_format *f = gw_service_format(&x, format, "format", found);
    if (f == NULL)
        return 1;
    gw_record *r = gw_service_lent_take(c, record);
    if (r == NULL)
        return -1;
    if (gw_law_may_share(x.views->law, r, x.now_us, found) != GW_OK)
        return gw_report_has_errors(found) ? 1 : -1;
    if ((flags & GW_WRITE_MASK) != 0 && gw_format_mask(x.views->formats, r, x.arena) != GW_OK)
        return -1;
    r->key = gw_service_str("");
    struct gw_buf out;
    gw_buf_init(&out, RECORD_MAX);
    enum gw_status st =
        gw_format_encode(f, r, &clock, x.caller->defaults, x.caller->fields, x.arena, found, &out);
    struct gw_bytes bytes = st == GW_OK ? gw_arena_dup(x.arena, gw_buf_view(&out)) : GW_BYTES_NONE;
    gw_buf_fini(&out);
    if (st != GW_OK || gw_report_has_errors(found))
        return answer(GW_INVALID, found);
    if (gw_arena_failed(x.arena))
        return -1;
    *ret = bytes;
    return 0;
}

/* ---- records that RecordExchange has taken ---- */

struct of_subject {
    struct gw_adapter_call *c;
    const ProtobufCMessageDescriptor *type;
    int32_t (*fn)(void *arg, const ProtobufCMessage *record, int64_t received_us);
    void *arg;
    bool failed;
};

static bool on_row(void *arg, const struct gw_store_row *row)
{
    struct of_subject *s = arg;
    ProtobufCMessage *m = unpack(s->c, row->packed, s->type);
    s->failed = m == NULL;
    return m != NULL && s->fn(s->arg, m, row->received_us) == 0;
}

static int32_t records_of_subject(struct gw_adapter_call *c, const char *kind, const char *id_type,
                                  struct gw_bytes id, const ProtobufCMessageDescriptor *type,
                                  int32_t (*fn)(void *arg, const ProtobufCMessage *record,
                                                int64_t received_us),
                                  void *arg)
{
    struct of_subject s = {.c = c, .type = type, .fn = fn, .arg = arg};
    if (c->reader == NULL)
        return -1;
    enum gw_status st = gw_store_by_subject_kind(c->reader, kind, id_type, id, on_row, &s);
    return st == GW_OK && !s.failed ? 0 : -1;
}

/* ---- access ---- */

static const char *covers(struct gw_adapter_call *c, const char *kind, const char *list,
                          uint32_t class_bit, const char *area)
{
    const struct gw_service_caller *caller = c->lend(c, GW_LEND_CALLER);
    const char *why =
        caller->covers(caller, kind, class_bit, gw_bytes_str(area != NULL ? area : ""));
    /* Without an area it is asked about any. */
    if (why != NULL && (area != NULL || strcmp(why, "withheld-area") != 0))
        return why;
    return list != NULL ? caller->covers_list(caller, list) : NULL;
}

static int32_t granted(struct gw_adapter_call *c, const char *word)
{
    const struct gw_service_caller *caller = c->lend(c, GW_LEND_CALLER);
    return caller->allows(caller, word) ? 1 : 0;
}

static const char *purpose(struct gw_adapter_call *c)
{
    const struct gw_service_caller *caller = c->lend(c, GW_LEND_CALLER);
    return caller->purpose;
}

static const char *log_origin(struct gw_adapter_call *c)
{
    const struct gw_service_views *v = c->lend(c, GW_LEND_VIEWS);
    return v->audit != NULL ? gw_audit_origin(v->audit) : "";
}

const struct gw_adapter_powers gw_service_powers = {
    .record_read = record_read,
    .record_admit = record_admit,
    .record_write = record_write,
    .records_of_subject = records_of_subject,
    .covers = covers,
    .granted = granted,
    .purpose = purpose,
    .law_list = gw_service_lent_list,
    .law_list_at = gw_service_lent_list_at,
    .law_measures = gw_service_lent_measures,
    .law_end = gw_service_lent_end,
    .law_benefit_purpose = gw_service_lent_benefit_purpose,
    .log_origin = log_origin,
};
