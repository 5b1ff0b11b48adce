/* commit: the TX steps run inside one transaction of the store's writer (DESIGN section 9), and the
 * entry goes to the sequencer in commit order. For methods that do not write there is nothing to
 * commit. */
#include "call/commit.h"

/* On the writer's thread. Touches the segment and what is constant of the call, nothing else. */
static enum gw_status run_in_tx(struct gw_store_job *j, struct gw_store_tx *tx)
{
    struct gw_call_segment *g = GW_CONTAINER_OF(j, struct gw_call_segment, job);
    GW_MAGIC_CHECK(g, GW_CALL_SEG_MAGIC);
    g->s.tx = tx;
    g->s.receipt = gw_store_receipt_next(tx);
    g->s.change_before = gw_store_change_last(tx);
    enum gw_step r = gw_call_segment_run(g->call, g, GW_SEGMENT_commit);
    g->s.change_last = gw_store_change_last(tx);
    g->s.tx = NULL;
    if (r == GW_STEP_NEXT)
        return GW_OK;
    return g->failed != GW_OK ? g->failed : GW_PRECONDITION;
}

static void back_on_loop(struct gw_io_post *p)
{
    struct gw_call_segment *g = GW_CONTAINER_OF(p, struct gw_call_segment, post);
    gw_call_segment_resume(g, GW_STEP_REFUSE);
}

/* On the writer's thread, in commit order. */
static void committed(struct gw_store_job *j, enum gw_status st)
{
    struct gw_call_segment *g = GW_CONTAINER_OF(j, struct gw_call_segment, job);
    if (st == GW_OK) {
        g->in_tx = true;
        g->step = GW_SEGMENT_audit;
        gw_call_audit_submit(g);
        return;
    }
    if (!g->s.finished || g->s.finish_reason->grpc == 0) {
        const char *code = st == GW_NOSPACE    ? "disk-low"
                           : st == GW_NOMEM    ? "message-too-large"
                           : st == GW_INTERNAL ? "internal"
                                               : "store-unavailable";
        g->s.finished = true;
        g->s.finish_reason = gw_reason_find(gw_bytes_str(code));
    }
    g->post.run = back_on_loop;
    gw_io_loop_post(g->call->loop->io, &g->post);
}

enum gw_step gw_call_commit_submit(struct gw_call *c, struct gw_call_segment *g)
{
    g->ad = c->ad;
    g->ad.reader = NULL;
    g->job.run = run_in_tx;
    g->job.committed = committed;
    enum gw_status st = gw_store_submit(c->loop->store, &g->job);
    if (st == GW_OK)
        return GW_STEP_WAIT;
    gw_call_refuse(c, st == GW_BUSY ? "overload" : "store-unavailable", NULL, NULL);
    return GW_STEP_REFUSE;
}

enum gw_step gw_call_step_commit(struct gw_call *c, struct gw_call_segment *g)
{
    (void)c;
    (void)g;
    return GW_STEP_NEXT;
}
