/* encode: the answers are packed by send() already; here the log entry is finished and, for methods
 * that write, put into the same transaction. */
#include "call/call_internal.h"

enum gw_step gw_call_step_encode(struct gw_call *c, struct gw_call_segment *g)
{
    if (!c->audited)
        return GW_STEP_NEXT;
    enum gw_status st = gw_call_evidence(c, g);
    if (st == GW_OK && g->s.tx != NULL)
        st = gw_store_pending_put(g->s.tx, c->exchange_id, c->segment_no,
                                  gw_audit_size(c->loop->audit), gw_buf_view(&g->body),
                                  &g->s.receipt);
    if (st == GW_OK)
        return GW_STEP_NEXT;
    if (!g->no_adapt) {
        g->failed = st;
        return GW_STEP_REFUSE;
    }
    /* Even the refusal has no entry: then nothing is said but that, and our mistake is counted. */
    (void)GW_BUG_ON(st != GW_NOMEM);
    gw_call_unlogged(c);
    g->verdict = c->verdict;
    c->audited = false;
    return GW_STEP_NEXT;
}
