/* open: limits, deadline, and the adapter's open(). From here on messages may come. */
#include "call/call_internal.h"

enum { LOADED_US = 60 * 1000 * 1000 };

static void deadline_passed(void *arg)
{
    struct gw_call *c = arg;
    GW_MAGIC_CHECK(c, GW_CALL_MAGIC);
    gw_call_overdue(c);
    if (c->verdict == NULL)
        gw_call_refuse(c, "deadline", NULL, NULL);
    gw_call_abandon(c);
    gw_call_advance(c);
}

/* Health and reflection are not counted: an overloaded peer may still ask. */
static bool peer_has_room(struct gw_call *c)
{
    if (c->route->exempt || c->peer->index >= GW_ARRAY_LEN(c->loop->counters->peer))
        return true;
    c->counted = true;
    return atomic_fetch_add_explicit(&c->loop->counters->peer[c->peer->index].open, 1,
                                     memory_order_relaxed) < c->peer->max_calls;
}

/* What an adapter from a file answers with one message has a deadline always. */
static int64_t timeout_of(const struct gw_call *c)
{
    int64_t us = c->request.timeout_us != 0 ? c->request.timeout_us
                                            : (int64_t)c->loop->limits->default_deadline_ms * 1000;
    return us == 0 && c->ad.target->loaded && !gw_call_is_stream(c) ? LOADED_US : us;
}

enum gw_step gw_call_step_open(struct gw_call *c)
{
    const struct gw_call_limits *lim = c->loop->limits;
    if (gw_adapter_disabled(c->ad.target)) {
        gw_call_refuse(c, "method-disabled", NULL, NULL);
        return GW_STEP_REFUSE;
    }
    if (c->loop->draining) {
        gw_call_refuse(c, "draining", NULL, NULL);
        return GW_STEP_REFUSE;
    }
    if (c->loop->call_count > lim->max_calls || !peer_has_room(c)) {
        gw_call_refuse(c, "overload", NULL, NULL);
        return GW_STEP_REFUSE;
    }
    size_t max = c->ad.target->method->max_message_bytes != 0
                     ? c->ad.target->method->max_message_bytes
                     : lim->max_message_bytes;
    if (c->peer->max_message_bytes != 0 && c->peer->max_message_bytes < max)
        max = c->peer->max_message_bytes;
    gw_grpc_reader_init(&c->reader, max, c->request.gzip);
    c->reader_ready = true;
    int64_t timeout_us = timeout_of(c);
    if (timeout_us > 0) {
        if (gw_io_timer_new(c->loop->io, deadline_passed, c, &c->deadline) != GW_OK) {
            gw_call_refuse(c, "overload", NULL, NULL);
            return GW_STEP_REFUSE;
        }
        gw_io_timer_arm(c->deadline, (uint64_t)(timeout_us + 999) / 1000);
    }
    struct gw_call_segment *g = gw_call_segment_new(c);
    if (g == NULL) {
        gw_call_refuse(c, "overload", NULL, NULL);
        return GW_STEP_REFUSE;
    }
    enum gw_status st = gw_adapter_open(&c->ad, &g->s);
    const struct gw_reason *r = g->s.finish_reason;
    if (st == GW_OK && r == NULL) {
        gw_call_segment_free(g);
        return GW_STEP_NEXT;
    }
    gw_call_refuse(c, r != NULL ? r->code : "internal", NULL, NULL);
    gw_call_take_details(c, &g->s);
    /* Kept for these; what was sent does not leave. */
    gw_buf_reset(&g->s.out);
    g->s.slots = NULL;
    c->open_segment = g;
    return GW_STEP_REFUSE;
}
