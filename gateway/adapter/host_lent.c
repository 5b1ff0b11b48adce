/* Operations of version 1.2 that this folder can not do itself: records, access and law come from
 * the powers that the call was given (service/ over the call's generation). Where none were given,
 * the answer is the closed one. And what record operations found, and the notes of lists,
 * agreements and consents. */
#include <string.h>

#include "adapter/adapter_internal.h"

static struct gw_segment *segment_of(struct gw_adapter_call *c)
{
    GW_MAGIC_CHECK(c, GW_ADAPTER_CALL_MAGIC);
    return c->segment;
}

#define LENT(c, op) ((c)->powers != NULL && (c)->powers->op != NULL && segment_of(c) != NULL)

/* ---- records ---- */

int32_t gw_adapter_host_record_read(struct gw_adapter_call *c, const char *format,
                                    const uint8_t *bytes, size_t len,
                                    const ProtobufCMessageDescriptor *type,
                                    ProtobufCMessage **ret_record)
{
    return LENT(c, record_read)
               ? c->powers->record_read(c, format, gw_bytes_make(bytes, len), type, ret_record)
               : -1;
}

int32_t gw_adapter_host_record_admit(struct gw_adapter_call *c, ProtobufCMessage *record)
{
    return LENT(c, record_admit) ? c->powers->record_admit(c, record) : -1;
}

int32_t gw_adapter_host_record_write(struct gw_adapter_call *c, const ProtobufCMessage *record,
                                     const char *format, uint32_t flags, const uint8_t **ret,
                                     size_t *ret_len)
{
    struct gw_bytes out;
    if (!LENT(c, record_write))
        return -1;
    int32_t rc = c->powers->record_write(c, record, format, flags, &out);
    if (rc != 0)
        return rc;
    *ret = out.ptr;
    *ret_len = out.len;
    return 0;
}

static const uint32_t finding_of[] = {
    [GW_PROBLEM_ERROR] = GW_FINDING_ERROR,       [GW_PROBLEM_WARNING] = GW_FINDING_WARNING,
    [GW_PROBLEM_LOSS] = GW_FINDING_LOSS,         [GW_PROBLEM_DEFAULTED] = GW_FINDING_DEFAULTED,
    [GW_PROBLEM_REPAIRED] = GW_FINDING_REPAIRED, [GW_PROBLEM_WITHHELD] = GW_FINDING_WITHHELD,
};
_Static_assert(GW_ARRAY_LEN(finding_of) == GW_PROBLEM_WITHHELD + 1, "a finding for each problem");

/* Errors first: what refuses a record is told, whatever else there is. */
static const struct gw_problem *found_at(const struct gw_report *r, size_t i)
{
    bool errors = i < r->count[GW_PROBLEM_ERROR];
    size_t skip = errors ? i : i - r->count[GW_PROBLEM_ERROR];
    for (const struct gw_problem *p = r->first; p != NULL; p = p->next) {
        if ((p->kind == GW_PROBLEM_ERROR) == errors && skip-- == 0)
            return p;
    }
    return NULL;
}

int32_t gw_adapter_host_finding(struct gw_adapter_call *c, size_t i, struct gw_adapter_finding *ret)
{
    struct gw_segment *s = segment_of(c);
    const struct gw_problem *p = i < GW_FINDINGS_MAX ? found_at(&s->found, i) : NULL;
    if (p == NULL)
        return 1;
    *ret = (struct gw_adapter_finding){
        .type = finding_of[p->kind],
        .row = p->row,
        .reason = p->reason->code,
        .field = p->field,
        .text_zh = gw_problem_text_in(p, "zh", s->arena),
        .text_en = gw_problem_text_in(p, "en", s->arena),
    };
    return 0;
}

int32_t gw_adapter_host_records_of_subject(
    struct gw_adapter_call *c, const char *kind, const char *id_type, const char *id, size_t len,
    const ProtobufCMessageDescriptor *type,
    int32_t (*fn)(void *arg, const ProtobufCMessage *record, int64_t received_us), void *arg)
{
    /* Inside a transaction there is no reader. */
    return LENT(c, records_of_subject) && c->reader != NULL
               ? c->powers->records_of_subject(c, kind, id_type, gw_bytes_make(id, len), type, fn,
                                               arg)
               : -1;
}

/* ---- access and law ---- */

const char *gw_adapter_host_covers(struct gw_adapter_call *c, const char *kind, const char *list,
                                   uint32_t class_bit, const char *area)
{
    return LENT(c, covers) ? c->powers->covers(c, kind, list, class_bit, area) : "withheld-kind";
}

int32_t gw_adapter_host_granted(struct gw_adapter_call *c, const char *word)
{
    return LENT(c, granted) ? c->powers->granted(c, word) : 0;
}

const char *gw_adapter_host_purpose(struct gw_adapter_call *c)
{
    return LENT(c, purpose) ? c->powers->purpose(c) : "";
}

int32_t gw_adapter_host_law_list(struct gw_adapter_call *c, const char *id,
                                 struct gw_adapter_list *ret)
{
    return LENT(c, law_list) ? c->powers->law_list(c, id, ret) : 1;
}

int32_t gw_adapter_host_law_list_at(struct gw_adapter_call *c, size_t i,
                                    struct gw_adapter_list *ret)
{
    return LENT(c, law_list_at) ? c->powers->law_list_at(c, i, ret) : 1;
}

int32_t gw_adapter_host_law_measures(struct gw_adapter_call *c, const ProtobufCMessage *record,
                                     const struct gw_adapter_measure **ret, size_t *ret_count)
{
    return LENT(c, law_measures) ? c->powers->law_measures(c, record, ret, ret_count) : 1;
}

int32_t gw_adapter_host_law_end(struct gw_adapter_call *c, const ProtobufCMessage *record,
                                uint32_t clock, int32_t *ret_day)
{
    return LENT(c, law_end) ? c->powers->law_end(c, record, clock, ret_day) : 1;
}

int32_t gw_adapter_host_law_benefit_purpose(struct gw_adapter_call *c, const char *purpose)
{
    return LENT(c, law_benefit_purpose) ? c->powers->law_benefit_purpose(c, purpose) : 0;
}

const char *gw_adapter_host_log_origin(struct gw_adapter_call *c)
{
    return LENT(c, log_origin) ? c->powers->log_origin(c) : "";
}

/* ---- notes ---- */

void gw_adapter_host_note_list(struct gw_adapter_call *c, const char *list, const char *version)
{
    struct gw_segment *s = segment_of(c);
    gw_adapter_note_word(s, &s->list, list, GW_NOTE_TEXT_MAX);
    gw_adapter_note_word(s, &s->list_version, version, GW_NOTE_TEXT_MAX);
}

void gw_adapter_host_note_agreement(struct gw_adapter_call *c, const char *agreement)
{
    struct gw_segment *s = segment_of(c);
    gw_adapter_note_word(s, &s->agreement, agreement, GW_NOTE_TEXT_MAX);
}

/* The entry has room for the digest of one: several are none. */
void gw_adapter_host_note_consent(struct gw_adapter_call *c, const char *consent)
{
    struct gw_segment *s = segment_of(c);
    if (consent == NULL || consent[0] == '\0')
        return;
    if (s->consent == NULL)
        s->consent = gw_arena_strdup(s->arena, consent);
    else
        s->many_consents |= strcmp(s->consent, consent) != 0;
}

/* ---- small things ---- */

void gw_adapter_host_random(struct gw_adapter_call *c, uint8_t *ret, size_t len)
{
    (void)segment_of(c);
    gw_crypto_random(ret, len);
}

void gw_adapter_host_status_line(struct gw_adapter_call *c, const char *item, const char *state,
                                 const char *zh, const char *en, int32_t red)
{
    struct gw_segment *s = segment_of(c);
    struct gw_segment_line *line = gw_arena_new_of(s->arena, struct gw_segment_line);
    if (line == NULL || s->line_count == GW_SEGMENT_LINES)
        return;
    const char *text[] = {item, state, zh, en};
    for (size_t i = 0; i < GW_ARRAY_LEN(text); i++)
        text[i] = gw_adapter_keep_text(s, text[i] != NULL ? text[i] : "");
    if (gw_arena_failed(s->arena))
        return;
    *line = (struct gw_segment_line){
        .item = text[0], .state = text[1], .zh = text[2], .en = text[3], .red = red != 0};
    *s->lines_tail = line;
    s->lines_tail = &line->next;
    s->line_count++;
}

void gw_adapter_host_wait_change(struct gw_adapter_call *c, int64_t after, uint32_t timeout_ms)
{
    (void)segment_of(c);
    c->blocked = true;
    c->waiting = true;
    c->wait_after = after;
    c->wait_ms = timeout_ms;
}

void *gw_adapter_host_generation(struct gw_adapter_call *c)
{
    return c->generation;
}
