/* The log entry of a segment (SPEC.md sections 4 and 21): who asked, what, by what right, with what
 * outcome, and keyed commitments to the bytes. Runs on the loop or inside the transaction. Takes
 * nothing of the segment's arena: a segment that has used that up is refused, and the refusal has
 * its entry too. */
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/text.h"
#include "call/call_internal.h"

static void set_str(struct gw_audit_entry *e, enum gw_audit_field f, const char *s,
                    const char *fallback)
{
    gw_audit_set_bytes(e, f, gw_bytes_str(s != NULL && s[0] != 0 ? s : fallback));
}

static enum gw_status commit_messages(struct gw_audit_entry *e, enum gw_audit_field f,
                                      const char *label, bool stream,
                                      const struct gw_segment_message *first,
                                      struct gw_bytes framed, struct gw_hash *ret)
{
    uint8_t nonce[32];
    struct gw_audit_commit *cm = NULL;
    gw_crypto_random(nonce, sizeof(nonce));
    GW_TRY(gw_audit_commit_begin(nonce, label, &cm));
    for (const struct gw_segment_message *m = first; m != NULL; m = m->next) {
        uint8_t len[4] = {(uint8_t)(m->wire.len >> 24), (uint8_t)(m->wire.len >> 16),
                          (uint8_t)(m->wire.len >> 8), (uint8_t)m->wire.len};
        if (stream)
            gw_audit_commit_update(cm, gw_bytes_make(len, 4));
        gw_audit_commit_update(cm, m->wire);
    }
    /* Frames are flag || u32be(length) || message: the commitment takes all but the flag. */
    struct gw_cursor in = gw_cursor_make(framed);
    uint8_t flag;
    struct gw_bytes len, message;
    while (gw_cursor_u8(&in, &flag) == GW_OK && gw_cursor_take(&in, 4, &len) == GW_OK) {
        size_t n = (size_t)len.ptr[0] << 24 | (size_t)len.ptr[1] << 16 | (size_t)len.ptr[2] << 8 |
                   len.ptr[3];
        if (GW_BUG_ON(gw_cursor_take(&in, n, &message) != GW_OK))
            break;
        if (stream)
            gw_audit_commit_update(cm, len);
        gw_audit_commit_update(cm, message);
    }
    gw_audit_commit_end(cm, ret);
    gw_audit_set_bytes(e, f, gw_bytes_make(ret->byte, sizeof(ret->byte)));
    return GW_OK;
}

static int by_hash(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct gw_hash));
}

static enum gw_status put_subjects(struct gw_audit_entry *e, const struct gw_audit_keys *keys,
                                   struct gw_hash *h, size_t n, struct gw_hash *root)
{
    size_t distinct = 0;
    qsort(h, n, sizeof(*h), by_hash);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || by_hash(&h[i], &h[i - 1]) != 0)
            h[distinct++] = h[i];
    gw_audit_set_num(e, GW_AF_PSEUDONYM_KEY, gw_audit_epoch(keys));
    gw_audit_set_num(e, GW_AF_SUBJECT_COUNT, distinct);
    if (distinct <= GW_SEGMENT_SUBJECTS) {
        for (size_t i = 0; i < distinct; i++)
            GW_TRY(gw_audit_add_subject(e, &h[i]));
        return GW_OK;
    }
    gw_audit_subject_root(h, distinct, root);
    gw_audit_set_bytes(e, GW_AF_SUBJECT_ROOT, gw_bytes_make(root->byte, 32));
    return GW_OK;
}

static enum gw_status set_subjects(const struct gw_audit_keys *keys, const struct gw_segment *s,
                                   struct gw_audit_entry *e, struct gw_hash *root)
{
    if (s->subject_count == 0)
        return GW_OK;
    struct gw_hash *h = calloc(s->subject_count, sizeof(*h));
    if (h == NULL)
        return GW_NOMEM;
    size_t n = 0;
    for (struct gw_segment_subject *it = s->subjects; it != NULL; it = it->next)
        gw_audit_pseudonym(keys, it->type, it->value, &h[n++]);
    enum gw_status st = put_subjects(e, keys, h, n, root);
    free(h);
    return st;
}

static void set_peer(const struct gw_call *c, struct gw_audit_entry *e)
{
    const struct gw_tls_identity *id = &c->who->identity;
    set_str(e, GW_AF_PEER_ID, c->peer != NULL ? c->peer->name : NULL, "unknown");
    if (c->peer != NULL && c->peer->org_uscc != NULL)
        gw_audit_set_bytes(e, GW_AF_REQUESTER_ORG, gw_bytes_str(c->peer->org_uscc));
    gw_audit_set_bytes(e, GW_AF_PEER_SUBJECT, gw_bytes_str(id->subject));
    gw_audit_set_bytes(e, GW_AF_PEER_SPKI, gw_bytes_make(id->spki_sha256, 32));
    gw_audit_set_bytes(e, GW_AF_PEER_CERT, gw_bytes_make(id->cert_sha256, 32));
    gw_audit_set_bytes(e, GW_AF_PEER_ADDR, gw_bytes_str(c->who->address));
    gw_audit_set_bytes(e, GW_AF_TLS, gw_bytes_str(id->version_suite));
}

static uint64_t decision_of(const struct gw_reason *r)
{
    switch (r->grpc) {
    case GW_GRPC_OK:
        return GW_AUDIT_ALLOW;
    case GW_GRPC_CANCELLED:
    case GW_GRPC_UNKNOWN:
    case GW_GRPC_DEADLINE_EXCEEDED:
    case GW_GRPC_RESOURCE_EXHAUSTED:
    case GW_GRPC_INTERNAL:
    case GW_GRPC_UNAVAILABLE:
    case GW_GRPC_DATA_LOSS:
        return GW_AUDIT_ERROR;
    default:
        return GW_AUDIT_DENY;
    }
}

static uint64_t at_most_u32(uint64_t v)
{
    return v > UINT32_MAX ? UINT32_MAX : v;
}

static void set_request(const struct gw_call *c, const struct gw_segment *s,
                        struct gw_audit_entry *e)
{
    gw_audit_set_bytes(e, GW_AF_EXCHANGE_ID, gw_bytes_make(c->exchange_id, 16));
    gw_audit_set_num(e, GW_AF_DIRECTION, GW_AUDIT_IN);
    gw_audit_set_num(e, GW_AF_PHASE, GW_AUDIT_RESULT);
    gw_audit_set_num(e, GW_AF_RECEIVED_US, (uint64_t)c->received_us);
    int64_t took = gw_clock_wall_us() - c->received_us;
    gw_audit_set_num(e, GW_AF_LATENCY_US, took < 0 ? 0 : at_most_u32((uint64_t)took));
    set_peer(c, e);
    set_str(e, GW_AF_METHOD, c->route != NULL ? c->route->method : NULL, "unknown");
    /* A purpose that is no row of the table is the caller's text. */
    if (c->purpose_known && c->purpose.len <= 64)
        gw_audit_set_bytes(e, GW_AF_PURPOSE, c->purpose);
    else
        set_str(e, GW_AF_PURPOSE, NULL, "unknown");
    set_str(e, GW_AF_LEGAL_BASIS, s->legal_basis, "unknown");
    gw_audit_set_num(e, GW_AF_HASH_SUITE, 1);
}

static void set_formats(const struct gw_call_generation *gen, const struct gw_segment *s,
                        struct gw_audit_entry *e)
{
    if (s->source_format == NULL && s->target_format == NULL)
        return;
    if (s->source_format != NULL)
        set_str(e, GW_AF_SOURCE_FORMAT, s->source_format, "unknown");
    if (s->target_format != NULL)
        set_str(e, GW_AF_TARGET_FORMAT, s->target_format, "unknown");
    set_str(e, GW_AF_MAPPING, gen->mapping, "unknown");
    gw_audit_set_bytes(e, GW_AF_MAPPING_HASH, gw_bytes_make(gen->mapping_hash.byte, 32));
}

static enum gw_status set_messages(const struct gw_segment *s, bool stream,
                                   struct gw_audit_entry *e, struct gw_hash *in,
                                   struct gw_hash *out)
{
    if (s->messages > 0) {
        GW_TRY(commit_messages(e, GW_AF_REQUEST_COMMIT, "request", stream, s->first, GW_BYTES_NONE,
                               in));
        gw_audit_set_num(e, GW_AF_REQUEST_SIZE, s->in_bytes);
    }
    if (s->out_messages > 0 && s->out.len > 0) {
        GW_TRY(commit_messages(e, GW_AF_OUTPUT_COMMIT, "answer", stream, NULL, gw_buf_view(&s->out),
                               out));
        gw_audit_set_num(e, GW_AF_OUTPUT_SIZE, s->out.len - 5u * (size_t)s->out_messages);
    }
    return GW_OK;
}

static void set_policy(const struct gw_call_generation *gen, struct gw_audit_entry *e)
{
    set_str(e, GW_AF_POLICY, gen->policy, "unknown");
    gw_audit_set_bytes(e, GW_AF_POLICY_HASH, gw_bytes_make(gen->policy_hash.byte, 32));
}

static void set_outcome(const struct gw_call *c, const struct gw_call_segment *g,
                        struct gw_audit_entry *e)
{
    const struct gw_segment *s = &g->s;
    const struct gw_reason *r = g->no_adapt ? g->verdict : s->finished ? s->finish_reason : NULL;
    /* An answer without refusal may be a "no": the entry says why. */
    if (r == NULL || (r->grpc == GW_GRPC_OK && !g->no_adapt && s->reason != NULL))
        r = gw_reason_find(s->reason != NULL ? gw_bytes_str(s->reason) : GW_BYTES_LIT("ok"));
    bool open = gw_call_is_stream(c) && !g->closing;
    gw_audit_set_num(e, GW_AF_DECISION, decision_of(r));
    set_str(e, GW_AF_REASON, r->code, "internal");
    set_policy(c->gen, e);
    gw_audit_set_num(e, GW_AF_STATUS, open ? 0 : (uint64_t)gw_grpc_http_status(r->grpc));
}

/* Under what list, agreement and consent; a version is one when it is a number. */
static void set_grounds(const struct gw_audit_keys *keys, const struct gw_segment *s,
                        struct gw_audit_entry *e, struct gw_hash *consent)
{
    uint64_t version;
    if (s->list != NULL)
        set_str(e, GW_AF_LIST, s->list, "unknown");
    if (s->list_version != NULL && gw_text_u64(gw_bytes_str(s->list_version), &version) == GW_OK &&
        version <= INT64_MAX)
        gw_audit_set_num(e, GW_AF_LIST_VERSION, version);
    if (s->agreement != NULL)
        set_str(e, GW_AF_AGREEMENT, s->agreement, "unknown");
    if (s->consent == NULL || s->many_consents)
        return;
    gw_audit_pseudonym(keys, "CONSENT", gw_bytes_str(s->consent), consent);
    gw_audit_set_num(e, GW_AF_PSEUDONYM_KEY, gw_audit_epoch(keys));
    gw_audit_set_bytes(e, GW_AF_CONSENT_REF, gw_bytes_make(consent->byte, sizeof(consent->byte)));
}

/* What was exchanged; the closing entry of a stream counts all of it (SPEC.md 21.2). */
static void set_counts(const struct gw_call *c, const struct gw_call_segment *g,
                       struct gw_audit_entry *e)
{
    const struct gw_segment *s = &g->s;
    bool whole = gw_call_is_stream(c) && g->closing;
    uint64_t records = s->records + (whole ? c->records : 0);
    uint64_t refused = s->refused + (whole ? c->refused : 0);
    if (s->has_batch && !s->many_batches)
        gw_audit_set_bytes(e, GW_AF_BATCH_ID, gw_bytes_make(s->batch, 16));
    if (s->record_kind != NULL)
        set_str(e, GW_AF_RECORD_KIND, s->record_kind, "unknown");
    if (records == 0 && refused == 0 && !whole)
        return;
    gw_audit_set_num(e, GW_AF_RECORD_COUNT, at_most_u32(records));
    gw_audit_set_num(e, GW_AF_REFUSED_COUNT, at_most_u32(refused));
}

static void set_segment(const struct gw_call *c, const struct gw_call_segment *g,
                        struct gw_audit_entry *e)
{
    if (!gw_call_is_stream(c))
        return;
    if (c->has_seq)
        gw_audit_set_num(e, GW_AF_REF_SEQ, c->last_seq);
    gw_audit_set_num(e, GW_AF_SEGMENT, c->segment_no);
    if (g->closing)
        gw_audit_set_num(e, GW_AF_END, 1);
}

enum gw_status gw_call_evidence(struct gw_call *c, struct gw_call_segment *g)
{
    struct gw_audit_entry e;
    struct gw_hash in, out, root, consent; /* borrowed by the entry */
    bool redacted = false;
    gw_audit_entry_init(&e, GW_AUDIT_EXCHANGE);
    set_request(c, &g->s, &e);
    const struct gw_audit_keys *keys = gw_audit_keys_peek(c->loop->audit);
    GW_TRY(set_subjects(keys, &g->s, &e, &root));
    set_formats(c->gen, &g->s, &e);
    GW_TRY(set_messages(&g->s, gw_call_is_stream(c), &e, &in, &out));
    set_outcome(c, g, &e);
    set_counts(c, g, &e);
    set_grounds(keys, &g->s, &e, &consent);
    set_segment(c, g, &e);
    gw_buf_reset(&g->body);
    GW_TRY(gw_audit_body_encode(&e, &g->body, &redacted));
    if (redacted)
        gw_audit_alarm(c->loop->audit, "pii.blocked", "entry");
    return gw_buf_failed(&g->body);
}

/* SPEC.md 21.12: nobody asked, so the gateway itself stands in the caller's place, known by the key
 * of its log. */
static void set_self(struct gw_audit *log, struct gw_audit_entry *e, struct gw_hash *spki)
{
    /* name+hash+base64, in which a '+' may stand too. */
    const char *key = strchr(gw_audit_vkey(log), '+');
    key = key != NULL ? strchr(key + 1, '+') : NULL;
    struct gw_buf raw;
    gw_buf_init(&raw, 1024);
    if (GW_BUG_ON(key == NULL || gw_base64_decode(gw_bytes_str(key + 1), &raw) != GW_OK))
        gw_buf_reset(&raw);
    gw_crypto_sha256(gw_buf_view(&raw), GW_BYTES_NONE, GW_BYTES_NONE, spki);
    gw_buf_fini(&raw);
    set_str(e, GW_AF_PEER_ID, "self", "self");
    gw_audit_set_bytes(e, GW_AF_PEER_SPKI, gw_bytes_make(spki->byte, sizeof(spki->byte)));
}

enum gw_status gw_call_evidence_own(struct gw_audit *log, const struct gw_call_generation *gen,
                                    const struct gw_segment *s, const char *method,
                                    const uint8_t exchange_id[16], struct gw_buf *ret_body)
{
    struct gw_audit_entry e;
    struct gw_hash spki, root, consent; /* borrowed by the entry */
    bool redacted = false;
    const struct gw_audit_keys *keys = gw_audit_keys_peek(log);
    gw_audit_entry_init(&e, GW_AUDIT_EXCHANGE);
    gw_audit_set_bytes(&e, GW_AF_EXCHANGE_ID, gw_bytes_make(exchange_id, 16));
    gw_audit_set_num(&e, GW_AF_DIRECTION, GW_AUDIT_IN);
    gw_audit_set_num(&e, GW_AF_PHASE, GW_AUDIT_RESULT);
    gw_audit_set_num(&e, GW_AF_RECEIVED_US, (uint64_t)s->now_us);
    set_self(log, &e, &spki);
    set_str(&e, GW_AF_METHOD, method, "unknown");
    set_str(&e, GW_AF_PURPOSE, "operation", "operation");
    set_str(&e, GW_AF_LEGAL_BASIS, s->legal_basis, "operation");
    gw_audit_set_num(&e, GW_AF_HASH_SUITE, 1);
    GW_TRY(set_subjects(keys, s, &e, &root));
    set_formats(gen, s, &e);
    gw_audit_set_num(&e, GW_AF_DECISION, GW_AUDIT_ALLOW);
    set_str(&e, GW_AF_REASON, s->reason, "ok");
    set_policy(gen, &e);
    gw_audit_set_num(&e, GW_AF_STATUS, 200);
    if (s->record_kind != NULL)
        set_str(&e, GW_AF_RECORD_KIND, s->record_kind, "unknown");
    gw_audit_set_num(&e, GW_AF_RECORD_COUNT, s->records);
    gw_audit_set_num(&e, GW_AF_REFUSED_COUNT, s->refused);
    set_grounds(keys, s, &e, &consent);
    gw_buf_reset(ret_body);
    GW_TRY(gw_audit_body_encode(&e, ret_body, &redacted));
    if (redacted)
        gw_audit_alarm(log, "pii.blocked", "entry");
    return gw_buf_failed(ret_body);
}
