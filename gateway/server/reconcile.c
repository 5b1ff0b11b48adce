/* At start, before anything listens: what the store applied has its entry, or gets it now (DESIGN
 * section 9). */
#include "base/log.h"
#include "server/server_internal.h"

static enum gw_status one(void *arg, int64_t receipt, uint64_t log_size, struct gw_bytes body)
{
    struct gw_server *s = arg;
    bool found = false;
    uint64_t seq = 0;
    GW_TRY(gw_audit_find_body(s->audit, log_size, body, &found, &seq));
    if (!found) {
        GW_TRY(gw_audit_append_wait(s->audit, body, &seq));
        GW_LOG(GW_LOG_WARN, "server", "entry %llu written after a crash: its answer was never sent",
               (unsigned long long)seq);
        gw_audit_alarm(s->audit, "answer.withheld", "reconciled");
    }
    gw_store_pending_done(s->store, receipt, seq);
    return GW_OK;
}

enum gw_status gw_server_reconcile(struct gw_server *s)
{
    return gw_store_pending_each(s->store, one, s);
}
