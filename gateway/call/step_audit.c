/* audit: the entry is durable before anything leaves. Comes back on the loop by one post per
 * segment; posts of one durable batch wake the loop once. */
#include "call/commit.h"

static void back_on_loop(struct gw_io_post *p)
{
    struct gw_call_segment *g = GW_CONTAINER_OF(p, struct gw_call_segment, post);
    GW_MAGIC_CHECK(g, GW_CALL_SEG_MAGIC);
    g->step = GW_SEGMENT_respond;
    gw_call_segment_resume(g, GW_STEP_NEXT);
}

/* On the sequencer's thread, in log order: what is durable becomes visible. What was applied and
 * has no entry stays unseen, and all that came after it: a later entry must not show it (INVARIANTS
 * P13). */
static void durable(struct gw_audit_append *ap, enum gw_status st)
{
    struct gw_call_segment *g = GW_CONTAINER_OF(ap, struct gw_call_segment, append);
    struct gw_store *store = g->call->loop->store;
    g->appended = st;
    if (g->in_tx && st == GW_OK) {
        gw_store_pending_done(store, g->s.receipt, ap->seq);
        if (g->s.change_last > 0)
            gw_store_visible_advance(store, g->s.change_last);
    } else if (g->in_tx) {
        gw_store_stop_at(store, g->s.change_before);
    }
    g->post.run = back_on_loop;
    gw_io_loop_post(g->call->loop->io, &g->post);
}

void gw_call_audit_submit(struct gw_call_segment *g)
{
    g->append.body = gw_buf_view(&g->body);
    g->append.done = durable;
    bool reserved = g->reserved;
    g->reserved = false;
    /* From here on the segment is the sequencer's, and may be answered and gone before this
     * returns. */
    enum gw_status st = gw_audit_submit(g->call->loop->audit, &g->append, reserved);
    if (st != GW_OK)
        durable(&g->append, st);
}

enum gw_step gw_call_step_audit(struct gw_call *c, struct gw_call_segment *g)
{
    if (!c->audited) {
        if (g->reserved)
            gw_audit_release(c->loop->audit, 1);
        g->reserved = false;
        return GW_STEP_NEXT;
    }
    gw_call_audit_submit(g);
    return GW_STEP_WAIT;
}
