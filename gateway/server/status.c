/* What Operations.Status and health can ask of the process as a whole. */
#include <stdio.h>
#include <string.h>

#include "server/server_internal.h"

bool gw_server_serving(void)
{
    struct gw_server_loop *here = gw_server_loop_here();
    if (here == NULL || !atomic_load(&here->server->serving) ||
        atomic_load(&here->server->log_dead))
        return false;
    struct gw_audit_stats log;
    struct gw_store_stats store;
    gw_audit_stats_get(here->server->audit, &log);
    gw_store_stats_get(here->server->store, &store);
    return !log.dead && !log.disk_low && !store.failed;
}

static size_t place_of(struct gw_server *s, const char *name)
{
    for (size_t i = 0; i < GW_COUNTED_PEERS; i++) {
        if (s->counted[i][0] == '\0')
            snprintf(s->counted[i], sizeof(s->counted[i]), "%s", name);
        if (strcmp(s->counted[i], name) == 0)
            return i;
    }
    return GW_COUNTED_PEERS;
}

void gw_server_place_peers(struct gw_server *s, struct gw_peer_set *peers)
{
    for (size_t i = 0; i < gw_authz_peer_count(peers); i++) {
        struct gw_peer *p = gw_authz_peer_at(peers, i);
        p->index = place_of(s, p->name);
    }
}

/* Per loop thread, refilled at each question; the caller copies before it returns to the loop. */
const struct gw_service_status *gw_server_status(void)
{
    static __thread struct gw_service_status st;
    static __thread struct gw_service_peer_status peer[GW_COUNTED_PEERS];
    struct gw_server_loop *here = gw_server_loop_here();
    struct gw_server *s = here->server;
    static __thread char refused[sizeof(s->reload_refused)];
    const struct gw_generation *g = here->calls.generation->owner; /* of this loop */
    pthread_mutex_lock(&s->refused_lock);
    memcpy(refused, s->reload_refused, sizeof(refused));
    pthread_mutex_unlock(&s->refused_lock);
    st.reload_refused = refused;
    const struct gw_peer_set *peers = g->peers;
    size_t n = gw_authz_peer_count(peers);
    st.started_us = s->started_us;
    st.calls = atomic_load(&s->counters.calls);
    st.refused = atomic_load(&s->counters.refused);
    st.exempt = atomic_load(&s->counters.exempt);
    int64_t due = gw_tls_context_crl_due_us(g->tls);
    st.crl_due_us = due != INT64_MAX ? due : 0;
    st.certificate_days_left = gw_tls_context_days_left(g->tls, gw_clock_wall_us());
    st.peer_count = 0;
    st.peers = peer;
    for (size_t i = 0; i < n; i++) {
        const struct gw_peer *p = gw_authz_peer_at(peers, i);
        if (p->index == GW_COUNTED_PEERS)
            continue;
        peer[st.peer_count++] = (struct gw_service_peer_status){
            .name = p->name,
            .title_zh = p->title_zh,
            .title_en = p->title_en,
            .calls = atomic_load(&s->counters.peer[p->index].calls),
            .refused = atomic_load(&s->counters.peer[p->index].refused),
            .last_us = atomic_load(&s->counters.peer[p->index].last_us),
            .certificate_ends_us = atomic_load(&s->counters.peer[p->index].certificate_ends_us),
        };
    }
    return &st;
}
