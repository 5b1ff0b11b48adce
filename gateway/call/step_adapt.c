/* adapt: the handlers of the method, over the messages of the segment or where send() had blocked.
 */
#include "call/call_internal.h"

enum gw_step gw_call_adapted(struct gw_call_segment *g, enum gw_status st)
{
    if (st == GW_OK && g->closing && !g->s.finished)
        st = GW_INTERNAL;
    bool content = !g->s.finished || g->s.finish_reason->grpc == 0;
    if (st == GW_OK && content)
        return GW_STEP_NEXT;
    /* A handler that was content has not noticed what it ran out of. */
    if (content) {
        const char *code = st == GW_NOMEM         ? "message-too-large"
                           : st == GW_UNAVAILABLE ? "store-unavailable"
                                                  : "internal";
        g->failed = st;
        g->s.finished = true;
        g->s.finish_reason = gw_reason_find(gw_bytes_str(code));
    }
    return GW_STEP_REFUSE;
}

enum gw_step gw_call_step_adapt(struct gw_call *c, struct gw_call_segment *g)
{
    if (g->no_adapt)
        return GW_STEP_NEXT;
    /* While it was open: disabled methods run no handler any more. */
    if (gw_adapter_disabled(c->ad.target)) {
        g->s.finished = true;
        g->s.finish_reason = gw_reason_find(GW_BYTES_LIT("method-disabled"));
        return GW_STEP_REFUSE;
    }
    /* The loop may be in prepare() of later messages now. */
    struct gw_adapter_call *ad = g->s.tx != NULL ? &g->ad : &c->ad;
    enum gw_status st =
        g->produce ? gw_adapter_writable(ad, &g->s) : gw_adapter_run(ad, &g->s, g->last);
    return gw_call_adapted(g, st);
}
