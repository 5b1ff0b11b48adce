/* respond: what was promised in the log leaves. Receipts get the index of their entry,
 * or of the earlier one that proves what they say; the last
 * segment sends the status and the trailer that names the entry. */
#include <stdio.h>

#include "base/log.h"
#include "call/call_internal.h"

/* An earlier entry was committed before this segment's, so it is durable by now. */
static uint64_t entry_of(const struct gw_call_segment *g, const struct gw_segment_slot *slot)
{
    uint64_t seq = slot->entry;
    if (seq == UINT64_MAX && slot->receipt != 0 && slot->receipt != g->s.receipt &&
        gw_store_receipt_seq(g->call->loop->reader, slot->receipt, &seq) != GW_OK)
        seq = UINT64_MAX;
    return seq != UINT64_MAX ? seq : g->append.seq;
}

static void fill_slots(struct gw_call_segment *g)
{
    for (struct gw_segment_slot *it = g->s.slots; it != NULL; it = it->next) {
        uint64_t seq = entry_of(g, it);
        for (unsigned i = 0; i < 8; i++)
            g->s.out.ptr[it->offset + i] = (uint8_t)(seq >> (8 * i));
    }
}

static void send_head(struct gw_call *c)
{
    struct gw_http2_header *h;
    size_t n;
    if (c->head_sent || gw_grpc_response_headers(c->arena, &h, &n) != GW_OK)
        return;
    c->head_sent = true;
    c->transport->headers(c->stream, h, n, false);
}

static void send_http_refusal(struct gw_call *c)
{
    char *status = gw_arena_printf(c->arena, "%d", c->http_refusal);
    struct gw_http2_header h = {GW_BYTES_LIT(":status"),
                                gw_bytes_str(status != NULL ? status : "500")};
    c->transport->headers(c->stream, &h, 1, true);
}

/* Status and trailers; `extra` may be NULL. What can not be said for want of memory is a reset: the
 * caller must not wait for it. A segment that was refused for its memory has none left: the call's
 * is taken then. */
static void send_status(struct gw_call *c, struct gw_arena *a, const struct gw_reason *verdict,
                        const struct gw_grpc_metadata *extra)
{
    struct gw_bytes message, details;
    struct gw_http2_header *h;
    size_t n;
    if (gw_arena_failed(a))
        a = c->arena;
    gw_call_status_details(c, a, verdict, &message, &details);
    if (gw_grpc_trailers(a, verdict->grpc, message, details, extra, extra != NULL ? 1 : 0,
                         !c->head_sent, &h, &n) != GW_OK) {
        c->transport->reset(c->stream);
        return;
    }
    if (c->head_sent)
        c->transport->end(c->stream, h, n);
    else
        c->transport->headers(c->stream, h, n, true);
    c->head_sent = true;
}

static void send_trailers(struct gw_call *c, struct gw_call_segment *g)
{
    char receipt[512];
    snprintf(receipt, sizeof(receipt), "%s %llu", gw_audit_origin(c->loop->audit),
             (unsigned long long)g->append.seq);
    struct gw_grpc_metadata extra = {GW_BYTES_LIT("exchange-receipt"), gw_bytes_str(receipt)};
    send_status(c, g->s.arena, g->no_adapt ? g->verdict : g->s.finish_reason,
                g->logged ? &extra : NULL);
}

/* The segment may be with another thread: nothing of it is touched. */
static void withhold(struct gw_call *c)
{
    c->withheld = true;
    gw_call_unlogged(c);
    if (!c->gone)
        send_status(c, c->arena, c->verdict, NULL);
}

void gw_call_sweep(struct gw_call_loop *l, uint64_t commit_timeout_ms)
{
    int64_t before = gw_io_loop_now_us(l->io) - (int64_t)commit_timeout_ms * 1000;
    GW_LIST_FOR_SAFE(it, nxt, &l->calls)
    {
        struct gw_call *c = GW_CONTAINER_OF(it, struct gw_call, node);
        if (c->busy != NULL && !c->busy->lent && !c->withheld && c->busy->started_us < before)
            withhold(c);
    }
}

static void count(struct gw_call *c, struct gw_call_segment *g)
{
    struct gw_call_counters *k = c->loop->counters;
    const struct gw_reason *verdict = g->no_adapt ? g->verdict : g->s.finish_reason;
    bool ok = verdict->grpc == GW_GRPC_OK;
    enum gw_log_level level = ok                                  ? GW_LOG_DEBUG
                              : verdict->grpc == GW_GRPC_INTERNAL ? GW_LOG_ERROR
                                                                  : GW_LOG_INFO;
    if (gw_log_enabled(level, "call"))
        gw_log_write(level, "call", c->id_hex, "%s %s: %s",
                     c->peer != NULL ? c->peer->name : "unknown",
                     c->route != NULL ? c->route->method : "unknown", verdict->code);
    if (c->route != NULL && c->route->exempt) {
        atomic_fetch_add_explicit(&k->exempt, 1, memory_order_relaxed);
        return;
    }
    atomic_fetch_add_explicit(&k->calls, 1, memory_order_relaxed);
    if (!ok)
        atomic_fetch_add_explicit(&k->refused, 1, memory_order_relaxed);
    if (c->peer == NULL || c->peer->index >= GW_ARRAY_LEN(k->peer))
        return;
    atomic_fetch_add_explicit(&k->peer[c->peer->index].calls, 1, memory_order_relaxed);
    atomic_store_explicit(&k->peer[c->peer->index].last_us, g->s.now_us, memory_order_relaxed);
    atomic_store_explicit(&k->peer[c->peer->index].certificate_ends_us,
                          c->who->identity.not_after_us, memory_order_relaxed);
    if (!ok)
        atomic_fetch_add_explicit(&k->peer[c->peer->index].refused, 1, memory_order_relaxed);
}

enum gw_step gw_call_step_respond(struct gw_call *c, struct gw_call_segment *g)
{
    if (c->audited) {
        g->logged = g->appended == GW_OK;
        if (!g->logged) {
            /* The log is dead: nothing of this segment may leave but that. */
            gw_call_unlogged(c);
            g->verdict = c->verdict;
            g->no_adapt = true;
            g->closing = true;
            gw_buf_reset(&g->s.out);
            g->s.slots = NULL;
        }
    }
    if (g->closing)
        count(c, g);
    if (c->withheld || c->gone) {
        /* An entry that says something else than the log-unavailable that was answered. */
        if (c->withheld && g->logged && g->verdict != c->verdict)
            gw_audit_alarm(c->loop->audit, "answer.withheld", "commit-timeout");
        c->ended |= g->closing;
        return GW_STEP_NEXT;
    }
    if (g->closing && c->http_refusal != 0 && !c->head_sent) {
        send_http_refusal(c);
        c->ended = true;
        return GW_STEP_NEXT;
    }
    fill_slots(g);
    g->sent = true;
    if (g->s.out.len > 0) {
        send_head(c);
        c->transport->data(c->stream, gw_buf_view(&g->s.out));
    }
    if (g->closing) {
        send_trailers(c, g);
        c->ended = true;
    }
    return GW_STEP_NEXT;
}
