/* One entry or removal of a source, judged before the transaction: form, format, grant, law. */
#include <stdlib.h>

#include "sanction_list.h"

static void check_envelope(struct gw_adapter_call *c, struct sl_item *it, uint64_t revision)
{
    it->entry_ok = sl_plain(it->entry, SL_ENTRY_MAX);
    if (!it->entry_ok)
        sl_find(c, &it->found, SL_REASON("entry-invalid"), "entry");
    if (revision == 0 || revision > INT64_MAX)
        sl_find(c, &it->found, SL_REASON("revision-missing"), "revision");
    else
        it->put.revision = (int64_t)revision;
}

/* A record that says itself that it has left the list: by its status, or by a day of removal, whose
 * reason formats give as a text. 0: it has not. */
static int32_t end_of_record(const Xinqiao__V1__Record *r)
{
    static const struct {
        const char *word;
        int32_t end;
    } words[] = {{"修复", XINQIAO__V1__LIST_END__LIST_END_REPAIRED},
                 {"届满", XINQIAO__V1__LIST_END__LIST_END_EXPIRED},
                 {"期满", XINQIAO__V1__LIST_END__LIST_END_EXPIRED},
                 {"撤销", XINQIAO__V1__LIST_END__LIST_END_WITHDRAWN}};
    const Xinqiao__V1__ListEntry *e = r->list_entry;
    if (r->status == XINQIAO__V1__RECORD_STATUS__RECORD_STATUS_REPAIRED)
        return XINQIAO__V1__LIST_END__LIST_END_REPAIRED;
    if (r->status == XINQIAO__V1__RECORD_STATUS__RECORD_STATUS_EXPIRED)
        return XINQIAO__V1__LIST_END__LIST_END_EXPIRED;
    if (e->removed_on == NULL)
        return r->status == XINQIAO__V1__RECORD_STATUS__RECORD_STATUS_WITHDRAWN
                   ? XINQIAO__V1__LIST_END__LIST_END_WITHDRAWN
                   : 0;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strstr(e->removal_reason, words[i].word) != NULL)
            return words[i].end;
    return XINQIAO__V1__LIST_END__LIST_END_EXITED;
}

static void check_removal(struct gw_adapter_call *c, struct sl_item *it, int32_t end,
                          const Xinqiao__V1__Date *day)
{
    int32_t on = sl_day(day), today = sl_today(c);
    it->put.kind = SL_PUT_REMOVAL;
    it->put.ended = end;
    it->put.ended_on = on > 0 ? on : today;
    if (end < XINQIAO__V1__LIST_END__LIST_END_EXPIRED ||
        end > XINQIAO__V1__LIST_END__LIST_END_EXITED)
        sl_find(c, &it->found, SL_REASON("end-missing"), "end");
    if (on < 0 || on > today)
        sl_find(c, &it->found, SL_REASON("end-future"), "ended_on");
}

static int32_t read_record(struct gw_adapter_call *c, struct sl_item *it,
                           const Xinqiao__V1__ListPublishEntry *in)
{
    ProtobufCMessage *m = NULL;
    int32_t rc = sl_host->record_read(c, in->format, in->record.data, in->record.len,
                                      &xinqiao__v1__record__descriptor, &m);
    if (rc < 0)
        return -1;
    sl_find_host(c, &it->found);
    if (rc != 0)
        return 0;
    Xinqiao__V1__Record *r = (Xinqiao__V1__Record *)m;
    if (r->payload_case != XINQIAO__V1__RECORD__PAYLOAD_LIST_ENTRY || r->list_entry == NULL) {
        sl_find(c, &it->found, SL_REASON("other-list"), "format");
        return 0;
    }
    it->record = r;
    if (in->n_measures != 0) {
        r->list_entry->n_measures = in->n_measures;
        r->list_entry->measures = in->measures;
    }
    if (r->list_entry->n_measures > (size_t)sl_settings_of(c)->max_measures) {
        sl_find(c, &it->found, SL_REASON("measures-many"), "measures");
        r->list_entry->n_measures = 0;
    }
    if (end_of_record(r) != 0)
        check_removal(c, it, end_of_record(r), r->list_entry->removed_on);
    return 0;
}

static const uint8_t *join(struct gw_adapter_call *c, const void *a, size_t a_len, const void *b,
                           size_t b_len, size_t *ret_len)
{
    uint8_t *p = sl_host->alloc(c, a_len + b_len + 1);
    if (p == NULL)
        return NULL;
    if (a_len != 0)
        memcpy(p, a, a_len);
    if (b_len != 0)
        memcpy(p + a_len, b, b_len);
    *ret_len = a_len + b_len;
    return p;
}

/* The contents are what was sent, but for the version it stands in. */
static int32_t keep_content(struct gw_adapter_call *c, struct sl_item *it,
                            const ProtobufCMessage *in)
{
    it->content = sl_pack(c, in, &it->content_len);
    return it->content != NULL ? 0 : -1;
}

static int32_t prepare_entry(struct gw_adapter_call *c, struct sl_item *it,
                             const Xinqiao__V1__ListPublishEntry *in)
{
    Xinqiao__V1__ListPublishEntry plain = *in;
    plain.list = sl_str("");
    it->list = in->list;
    it->entry = in->entry;
    it->format = in->format;
    check_envelope(c, it, in->revision);
    if (keep_content(c, it, &plain.base) != 0)
        return -1;
    return read_record(c, it, in);
}

static int32_t prepare_removal(struct gw_adapter_call *c, struct sl_item *it,
                               const Xinqiao__V1__ListPublishRemoval *in)
{
    Xinqiao__V1__ListPublishRemoval plain = *in;
    plain.list = sl_str("");
    it->list = in->list;
    it->entry = in->entry;
    check_envelope(c, it, in->revision);
    check_removal(c, it, (int32_t)in->end, in->ended_on);
    return keep_content(c, it, &plain.base);
}

int32_t sl_publish_prepare(void *self, struct gw_adapter_call *c, const ProtobufCMessage *message,
                           void **ret_item)
{
    (void)self;
    const Xinqiao__V1__ListPublishItem *in = (const Xinqiao__V1__ListPublishItem *)message;
    struct sl_item *it = sl_zalloc(c, sizeof(*it));
    int32_t rc = 0;
    if (it == NULL)
        return -1;
    if (in->item_case == XINQIAO__V1__LIST_PUBLISH_ITEM__ITEM_ENTRY)
        rc = prepare_entry(c, it, in->entry);
    else if (in->item_case == XINQIAO__V1__LIST_PUBLISH_ITEM__ITEM_REMOVAL)
        rc = prepare_removal(c, it, in->removal);
    if (rc == 0 && it->list != NULL && it->list[0] != '\0')
        rc = sl_item_judge(c, it, it->list);
    *ret_item = it;
    return rc;
}

/* ---- law and grant ---- */

static int32_t admit(struct gw_adapter_call *c, struct sl_item *it)
{
    Xinqiao__V1__Record *r = it->record;
    int32_t rc = sl_host->record_admit(c, &r->base);
    if (rc < 0)
        return -1;
    sl_find_host(c, &it->found);
    if (rc != 0)
        return 0;
    it->put.class_bit = sl_class_bit(r);
    sl_copy(it->put.area, sizeof(it->put.area), r->area, strlen(r->area));
    sl_subject(r, &it->subject_type, &it->subject_value);
    /* Neither measures nor sharing outlast their term: the earlier of both. */
    int32_t use = GW_DAY_NO_END;
    it->put.ends_on = GW_DAY_NO_END;
    if (sl_host->law_end(c, &r->base, GW_CLOCK_MEASURE, &it->put.ends_on) < 0 ||
        sl_host->law_end(c, &r->base, GW_CLOCK_USE, &use) < 0)
        return -1;
    if (use < it->put.ends_on)
        it->put.ends_on = use;
    if (it->put.ends_on < sl_today(c))
        sl_find(c, &it->found, SL_REASON("ended"), "record");
    return 0;
}

int32_t sl_item_judge(struct gw_adapter_call *c, struct sl_item *it, const char *list)
{
    struct gw_adapter_list row;
    it->judged = true;
    it->list = list;
    if (sl_host->law_list(c, list, &row) != 0) {
        sl_find(c, &it->found, SL_REASON("list-unknown"), "list");
        return 0;
    }
    if (sl_covers_any(c, list, 7) != NULL) {
        sl_find(c, &it->found, SL_REASON("not-granted"), "list");
        return 0;
    }
    if (it->record == NULL)
        return 0;
    Xinqiao__V1__ListEntry *e = it->record->list_entry;
    if (e->list != NULL && e->list[0] != '\0' && strcmp(e->list, list) != 0) {
        sl_find(c, &it->found, SL_REASON("other-list"), "list");
        return 0;
    }
    e->list = sl_dup(c, list);
    return it->put.kind == SL_PUT_ENTRY && it->found.error == NULL ? admit(c, it) : 0;
}

/* ---- keys ---- */

/* The same for one entry always, whichever version it comes in first: a keyed digest, in the form
 * of a UUIDv8 (RFC 9562 section 5.8). */
static void make_id(struct gw_adapter_call *c, const uint8_t *triple, size_t len, uint8_t id[16])
{
    uint8_t key[SL_KEY];
    sl_host->key_of(c, "list-entry-id", triple, len, key);
    memcpy(id, key, 16);
    id[6] = (uint8_t)(0x80 | (id[6] & 0x0f));
    id[8] = (uint8_t)(0x80 | (id[8] & 0x3f));
}

int32_t sl_item_fill(struct gw_adapter_call *c, struct sl_item *it, const char *source)
{
    struct sl_put *p = &it->put;
    size_t n, all;
    p->source = source;
    p->list = it->list;
    p->receipt = sl_host->receipt(c);
    /* With the NULs between them: no two triples are written alike. */
    const uint8_t *b = join(c, source, strlen(source) + 1, it->list, strlen(it->list) + 1, &n);
    b = b != NULL ? join(c, b, n, it->entry, strlen(it->entry), &all) : NULL;
    if (b == NULL)
        return -1;
    sl_host->key_of(c, "list-entry", b, all, p->mac);
    sl_host->key_of(c, "list-content", it->content, it->content_len, p->digest);
    make_id(c, b, all, p->id);
    if (p->kind != SL_PUT_ENTRY || it->found.error != NULL)
        return 0;
    if (it->subject_type != NULL)
        sl_host->key_of(c, it->subject_type, it->subject_value, strlen(it->subject_value),
                        p->subject);
    it->record->key = sl_str(it->entry);
    it->record->source_peer = sl_str(source);
    it->record->revision = (uint32_t)(p->revision > UINT32_MAX ? UINT32_MAX : p->revision);
    it->record->received_at = sl_time(c, sl_host->now_us(c));
    return sl_record_seal(c, p->mac, it->record, &p->record, &p->record_len);
}
