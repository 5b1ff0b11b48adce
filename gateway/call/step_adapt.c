/* adapt: the handlers of the method, over the messages of the segment or where send() had blocked.
 */
#include "call/call_internal.h"

enum gw_step gw_call_step_adapt(struct gw_call *c, struct gw_call_segment *g)
{
    if (g->no_adapt)
        return GW_STEP_NEXT;
    enum gw_status st =
        g->produce ? gw_adapter_writable(&c->ad, &g->s) : gw_adapter_run(&c->ad, &g->s, g->last);
    if (st == GW_OK && g->closing && !g->s.finished)
        st = GW_INTERNAL;
    bool content = !g->s.finished || g->s.finish_reason->grpc == 0;
    if (st == GW_OK && content)
        return GW_STEP_NEXT;
    /* A handler that was content has not noticed what it ran out of. */
    if (content) {
        g->failed = st;
        g->s.finished = true;
        g->s.finish_reason =
            gw_reason_find(gw_bytes_str(st == GW_NOMEM ? "message-too-large" : "internal"));
    }
    return GW_STEP_REFUSE;
}
