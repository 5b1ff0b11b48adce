/* The operations lent to handlers. Each works on the call's present segment, which belongs to the
 * thread that runs the handler: the loop, or the store's writer. */
#include <string.h>

#include "adapter/adapter_internal.h"
#include "base/cursor.h"
#include "base/log.h"
#include "base/text.h"

static struct gw_segment *segment_of(struct gw_adapter_call *c)
{
    GW_MAGIC_CHECK(c, GW_ADAPTER_CALL_MAGIC);
    return c->segment;
}

static const char *keep(struct gw_segment *s, const char *text)
{
    return text != NULL ? gw_arena_strdup(s->arena, text) : NULL;
}

const char *gw_adapter_keep_text(struct gw_segment *s, const char *text)
{
    struct gw_bytes all = gw_bytes_str(text);
    struct gw_cursor in = gw_cursor_make(all);
    uint32_t cp;
    while (gw_utf8_next(&in, &cp) == GW_OK) {
    }
    return gw_arena_strndup(s->arena, text, all.len - gw_cursor_left(&in));
}

/* What our own services do wrong is our bug; what others do is contained, and counted. Yields
 * whether it was done. */
static bool at_fault(struct gw_adapter_call *c, bool wrong, const char *what)
{
    if (!wrong)
        return false;
    if (c->target == NULL || !c->target->loaded)
        return GW_BUG_ON(wrong);
    if (c->segment->fault == NULL)
        c->segment->fault = what;
    return true;
}

/* Nothing is sent after finish(), and one message by methods that answer with one. */
static bool says_too_much(struct gw_adapter_call *c, const struct gw_segment *s)
{
    bool one = c->target != NULL && c->target->method != NULL &&
               (c->target->method->streaming & GW_STREAM_SERVER) == 0;
    return at_fault(c, s->finished || (one && c->target->loaded && s->out_messages > 0),
                    "it answers twice");
}

static void *host_alloc(struct gw_adapter_call *c, size_t size)
{
    return gw_arena_alloc(segment_of(c)->arena, size);
}

static int32_t sent(struct gw_adapter_call *c, struct gw_segment *s)
{
    s->out_messages++;
    if (gw_buf_failed(&s->out) != GW_OK)
        gw_adapter_fail(c, "internal");
    c->blocked = s->out.len >= c->segment_limit;
    return c->blocked ? GW_SEND_BLOCKED : GW_SEND_OK;
}

static uint8_t *frame(struct gw_segment *s, size_t len)
{
    gw_buf_u8(&s->out, 0);
    gw_buf_u32be(&s->out, (uint32_t)len);
    return gw_buf_extend(&s->out, len);
}

static int32_t host_send_packed(struct gw_adapter_call *c, const uint8_t *bytes, size_t len)
{
    struct gw_segment *s = segment_of(c);
    if (says_too_much(c, s))
        return GW_SEND_BLOCKED;
    uint8_t *p = frame(s, len);
    if (p != NULL && len != 0)
        memcpy(p, bytes, len);
    return sent(c, s);
}

static int32_t host_send(struct gw_adapter_call *c, const ProtobufCMessage *message)
{
    struct gw_segment *s = segment_of(c);
    if (says_too_much(c, s))
        return GW_SEND_BLOCKED;
    uint8_t *p = frame(s, protobuf_c_message_get_packed_size(message));
    if (p != NULL)
        protobuf_c_message_pack(message, p);
    return sent(c, s);
}

/* Finds the top-level fixed64 `field` in a packed message and notes where its eight bytes lie. */
static bool find_slot(const uint8_t *p, size_t len, uint32_t field, size_t *ret_offset)
{
    struct gw_cursor in = gw_cursor_make(gw_bytes_make(p, len));
    uint64_t tag, n;
    struct gw_bytes skip;
    while (gw_cursor_left(&in) > 0 && gw_cursor_varint(&in, &tag) == GW_OK) {
        size_t here = (size_t)(in.ptr - p);
        switch (tag & 7u) {
        case 0:
            if (gw_cursor_varint(&in, &n) != GW_OK)
                return false;
            break;
        case 1:
            if (gw_cursor_take(&in, 8, &skip) != GW_OK)
                return false;
            if (tag >> 3 == field) {
                *ret_offset = here;
                return true;
            }
            break;
        case 2:
            if (gw_cursor_varint(&in, &n) != GW_OK ||
                gw_cursor_take(&in, (size_t)n, &skip) != GW_OK)
                return false;
            break;
        case 5:
            if (gw_cursor_take(&in, 4, &skip) != GW_OK)
                return false;
            break;
        default:
            return false;
        }
    }
    return false;
}

static int32_t host_send_receipt_of(struct gw_adapter_call *c, const ProtobufCMessage *message,
                                    uint32_t field, uint64_t entry, int64_t receipt)
{
    struct gw_segment *s = segment_of(c);
    size_t start = s->out.len + 5, in_message;
    uint32_t before = s->out_messages;
    int32_t answer = host_send(c, message);
    if (gw_buf_failed(&s->out) != GW_OK || s->out_messages == before)
        return answer;
    struct gw_segment_slot *slot = gw_arena_new_of(s->arena, struct gw_segment_slot);
    if (slot == NULL ||
        at_fault(c, !find_slot(s->out.ptr + start, s->out.len - start, field, &in_message),
                 "its receipt has no such field")) {
        gw_adapter_fail(c, "internal");
        return GW_SEND_BLOCKED;
    }
    slot->offset = start + in_message;
    slot->entry = entry;
    slot->receipt = receipt;
    slot->next = s->slots;
    s->slots = slot;
    memset(s->out.ptr + slot->offset, 0, 8);
    return answer;
}

static int32_t host_send_receipt(struct gw_adapter_call *c, const ProtobufCMessage *message,
                                 uint32_t field)
{
    return host_send_receipt_of(c, message, field, UINT64_MAX, 0);
}

static void finish(struct gw_segment *s, const struct gw_reason *r)
{
    s->finished = true;
    s->finish_reason = r != NULL ? r : gw_reason_find(GW_BYTES_LIT("internal"));
}

static void host_finish(struct gw_adapter_call *c, const char *reason)
{
    struct gw_segment *s = segment_of(c);
    if (s->finished) {
        if (c->target != NULL && c->target->loaded)
            at_fault(c, true, "it answers twice");
        return;
    }
    const struct gw_reason *r = gw_reason_find(gw_bytes_str(reason));
    at_fault(c, r == NULL, "its reason is none");
    finish(s, r);
}

void gw_adapter_fail(struct gw_adapter_call *c, const char *reason)
{
    struct gw_segment *s = segment_of(c);
    if (!s->finished)
        finish(s, gw_reason_find(gw_bytes_str(reason)));
}

static void host_parameter(struct gw_adapter_call *c, const char *name, const char *value)
{
    struct gw_segment *s = segment_of(c);
    if (s->param_count == GW_ARRAY_LEN(s->params))
        return;
    s->params[s->param_count++] =
        (struct gw_param){keep(s, name), value != NULL ? gw_adapter_keep_text(s, value) : NULL};
}

static void host_violation(struct gw_adapter_call *c, const char *field, const char *reason)
{
    if (at_fault(c, gw_reason_find(gw_bytes_str(reason)) == NULL, "its reason is none"))
        reason = "internal";
    gw_report_add(&segment_of(c)->report, GW_PROBLEM_ERROR, reason, field, NULL);
}

static int64_t host_now_us(struct gw_adapter_call *c)
{
    return segment_of(c)->now_us;
}

static void host_note_subject(struct gw_adapter_call *c, const char *type, const char *value,
                              size_t len)
{
    struct gw_segment *s = segment_of(c);
    struct gw_segment_subject *n = gw_arena_new_of(s->arena, struct gw_segment_subject);
    if (n == NULL)
        return;
    n->type = keep(s, type);
    n->value = gw_arena_dup(s->arena, gw_bytes_make(value, len));
    n->next = s->subjects;
    s->subjects = n;
    s->subject_count++;
}

static bool has_word(const char *words, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = words; (at = strstr(at, word)) != NULL; at += len)
        if ((at == words || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' '))
            return true;
    return false;
}

/* An entry names all that its segment had, not the last of it; one word for those that do not fit.
 */
void gw_adapter_note_word(struct gw_segment *s, const char **noted, const char *word, size_t max)
{
    static const char several[] = "several";
    if (word == NULL || word[0] == '\0' || *noted == several)
        return;
    if (*noted == NULL)
        *noted = strlen(word) > max ? several : keep(s, word);
    else if (!has_word(*noted, word))
        *noted = strlen(*noted) + 1 + strlen(word) > max
                     ? several
                     : gw_arena_printf(s->arena, "%s %s", *noted, word);
}

static void host_note_formats(struct gw_adapter_call *c, const char *source, const char *target)
{
    struct gw_segment *s = segment_of(c);
    gw_adapter_note_word(s, &s->source_format, source, GW_NOTE_TEXT_MAX);
    gw_adapter_note_word(s, &s->target_format, target, GW_NOTE_TEXT_MAX);
}

static void host_note_kind(struct gw_adapter_call *c, const char *record_kind,
                           const char *legal_basis)
{
    struct gw_segment *s = segment_of(c);
    gw_adapter_note_word(s, &s->record_kind, record_kind, GW_NOTE_TEXT_MAX);
    gw_adapter_note_word(s, &s->legal_basis, legal_basis, GW_NOTE_BASIS_MAX);
}

static void host_note_batch(struct gw_adapter_call *c, const uint8_t id[16])
{
    struct gw_segment *s = segment_of(c);
    s->many_batches |= s->has_batch && memcmp(s->batch, id, 16) != 0;
    memcpy(s->batch, id, 16);
    s->has_batch = true;
}

static void host_note_counts(struct gw_adapter_call *c, uint32_t records, uint32_t refused)
{
    struct gw_segment *s = segment_of(c);
    s->records += records;
    s->refused += refused;
}

static void host_note_reason(struct gw_adapter_call *c, const char *reason)
{
    const struct gw_reason *r = gw_reason_find(gw_bytes_str(reason));
    if (!at_fault(c, r == NULL, "its reason is none"))
        segment_of(c)->reason = r->code;
}

static void host_log(struct gw_adapter_call *c, int32_t level, const char *text)
{
    GW_LOG((enum gw_log_level)level, "adapter", "%s: %s", c->target->published->name, text);
}

static const void *host_lend(struct gw_adapter_call *c, uint32_t what)
{
    if (what == GW_LEND_PEER_NAME)
        return c->peer;
    if (c->target->loaded) /* the rest is between the gateway and its own services */
        return NULL;
    return c->lend != NULL ? c->lend(c, what) : NULL;
}

static void host_again(struct gw_adapter_call *c)
{
    (void)segment_of(c);
    c->blocked = true;
}

const struct gw_adapter_host gw_adapter_host_ops = {
    .abi_major = GW_ADAPTER_ABI_MAJOR,
    .abi_minor = GW_ADAPTER_ABI_MINOR,
    .struct_size = sizeof(struct gw_adapter_host),
    .alloc = host_alloc,
    .send = host_send,
    .send_packed = host_send_packed,
    .send_receipt = host_send_receipt,
    .finish = host_finish,
    .parameter = host_parameter,
    .violation = host_violation,
    .now_us = host_now_us,
    .note_subject = host_note_subject,
    .note_formats = host_note_formats,
    .note_kind = host_note_kind,
    .note_batch = host_note_batch,
    .note_counts = host_note_counts,
    .note_reason = host_note_reason,
    .log = host_log,
    .lend = host_lend,
    .again = host_again,
    .send_receipt_of = host_send_receipt_of,
    .record_read = gw_adapter_host_record_read,
    .record_admit = gw_adapter_host_record_admit,
    .record_write = gw_adapter_host_record_write,
    .finding = gw_adapter_host_finding,
    .records_of_subject = gw_adapter_host_records_of_subject,
    .covers = gw_adapter_host_covers,
    .granted = gw_adapter_host_granted,
    .purpose = gw_adapter_host_purpose,
    .law_list = gw_adapter_host_law_list,
    .law_list_at = gw_adapter_host_law_list_at,
    .law_measures = gw_adapter_host_law_measures,
    .law_end = gw_adapter_host_law_end,
    .law_benefit_purpose = gw_adapter_host_law_benefit_purpose,
    .log_origin = gw_adapter_host_log_origin,
    .note_list = gw_adapter_host_note_list,
    .note_agreement = gw_adapter_host_note_agreement,
    .note_consent = gw_adapter_host_note_consent,
    .sql = gw_adapter_host_sql,
    .change_next = gw_adapter_host_change_next,
    .change_visible = gw_adapter_host_change_visible,
    .receipt = gw_adapter_host_receipt,
    .key_of = gw_adapter_host_key_of,
    .seal = gw_adapter_host_seal,
    .unseal = gw_adapter_host_unseal,
    .cursor_seal = gw_adapter_host_cursor_seal,
    .cursor_open = gw_adapter_host_cursor_open,
    .random = gw_adapter_host_random,
    .status_line = gw_adapter_host_status_line,
    .wait_change = gw_adapter_host_wait_change,
    .generation = gw_adapter_host_generation,
    .option_number = gw_adapter_view_option_number,
    .option_text = gw_adapter_view_option_text,
    .agreement_at = gw_adapter_view_agreement_at,
    .config_benefit_purpose = gw_adapter_view_benefit_purpose,
    .node_child = gw_adapter_node_child,
    .node_at = gw_adapter_node_at,
    .node_count = gw_adapter_node_count,
    .node_name = gw_adapter_node_name,
    .node_text = gw_adapter_node_text,
    .node_number = gw_adapter_node_number,
    .complain = gw_adapter_view_complain,
};
