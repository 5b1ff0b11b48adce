/* A configuration generation: loads everything, checks it against each other, and only then is it
 * used. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "server/server_internal.h"

static const struct gw_format_fields *fields_of(const struct gw_call_generation *cg,
                                                const struct gw_grant *grant)
{
    const struct gw_generation *g = cg->owner;
    return gw_map_get(g->fields, gw_bytes_make(grant, sizeof(*grant)));
}

static void free_from_call(struct gw_call_generation *cg)
{
    gw_generation_free(cg->owner);
}

static enum gw_status add_routes(struct gw_generation *g, const struct gw_adapter_set *adapters)
{
    GW_TRY(gw_route_table_new(&g->routes));
    for (size_t i = 0; i < gw_adapter_target_count(adapters); i++) {
        const struct gw_adapter_target *t = gw_adapter_target_at(adapters, i);
        struct gw_route r = {.path = t->path,
                             .method = t->name,
                             .target = t,
                             .exempt = (t->method->flags & GW_METHOD_EXEMPT) != 0};
        GW_TRY(gw_route_add(g->routes, &r));
    }
    return GW_OK;
}

/* Purposes that grants name must exist; field sets and profile defaults are compiled. */
static enum gw_status check_peers(struct gw_generation *g, const struct gw_adapter_set *adapters,
                                  struct gw_buf *ret_error)
{
    enum gw_status worst = GW_OK;
    for (size_t i = 0; i < gw_authz_peer_count(g->peers); i++) {
        struct gw_peer *p = gw_authz_peer_at(g->peers, i);
        enum gw_status peer = gw_server_check_peer(p, ret_error);
        worst = peer != GW_OK ? peer : worst;
        const struct gw_config_node *n = gw_authz_defaults_node(g->peers, i);
        if (n != NULL) {
            struct gw_format_defaults *d = NULL;
            enum gw_status st = gw_format_defaults_load(g->formats, n, &d, ret_error);
            p->defaults = d;
            worst = st != GW_OK ? st : worst;
        }
        for (size_t k = 0; k < p->grant_count; k++) {
            const struct gw_grant *grant = &p->grant[k];
            enum gw_status told = gw_server_check_grant(grant, adapters, g->law, ret_error);
            worst = told != GW_OK ? told : worst;
            if (grant->fields == NULL)
                continue;
            struct gw_format_fields *f = NULL;
            enum gw_status st = gw_server_grant_fields(grant, &f, ret_error);
            if (st == GW_OK &&
                (st = gw_map_add(g->fields, gw_bytes_make(grant, sizeof(*grant)), f)) != GW_OK)
                gw_format_fields_free(f);
            worst = st != GW_OK ? st : worst;
        }
    }
    return worst;
}

static const struct gw_adapter_node *agreement_at(const void *arg, size_t i)
{
    const struct gw_law *law = arg;
    const struct gw_law_agreement *a =
        i < gw_law_agreement_count(law) ? gw_law_agreement_at(law, i) : NULL;
    return a != NULL ? (const struct gw_adapter_node *)a->node : NULL;
}

static bool benefit_purpose(const void *arg, const char *purpose)
{
    const struct gw_law_purpose *p = gw_law_purpose_find(arg, gw_bytes_str(purpose));
    return p != NULL && !p->basic_service;
}

static enum gw_status prepare_adapters(struct gw_generation *g, struct gw_buf *ret_error)
{
    const struct gw_adapter_law law = {
        .arg = g->law, .agreement_at = agreement_at, .benefit_purpose = benefit_purpose};
    return gw_adapter_generation_prepare(g->adapters, &law, ret_error);
}

static enum gw_status load_all(struct gw_generation *g, const struct gw_server_settings *s,
                               const struct gw_adapter_set *adapters, struct gw_buf *ret_error)
{
    /* All faults of all folders are told at once. */
    enum gw_status formats = gw_format_set_load(s->formats_dir, &g->formats, ret_error);
    enum gw_status law = gw_law_load(s->law_dir, &g->law, ret_error);
    if (law == GW_OK)
        law = gw_law_load_agreements(g->law, s->agreements_dir, ret_error);
    enum gw_status peers = gw_authz_load(s->peers_dir, &g->peers, ret_error);
    enum gw_status tls = gw_tls_context_new_server(&s->tls, &g->tls, ret_error);
    if (tls != GW_OK)
        gw_buf_str(ret_error, "\n");
    enum gw_status own = gw_adapter_generation_new(adapters, s->adapters_dir, s->adapters_lib,
                                                   &g->adapters, ret_error);
    GW_TRY(formats);
    GW_TRY(law);
    GW_TRY(peers);
    GW_TRY(tls);
    GW_TRY(own);
    GW_TRY(prepare_adapters(g, ret_error));
    return check_peers(g, adapters, ret_error);
}

enum gw_status gw_generation_new(const char *conf, const struct gw_adapter_set *adapters,
                                 struct gw_generation **ret, struct gw_buf *ret_error)
{
    struct gw_generation *g = calloc(1, sizeof(*g));
    if (g == NULL)
        return GW_NOMEM;
    gw_buf_init(&g->digests, 1u << 20);
    g->fields = gw_map_new();
    enum gw_status st = g->fields == NULL
                            ? GW_NOMEM
                            : gw_server_settings_load(conf, &g->settings, &g->config, ret_error);
    if (st == GW_OK)
        st = load_all(g, &g->settings, adapters, ret_error);
    if (st == GW_OK)
        st = add_routes(g, adapters);
    if (st != GW_OK) {
        gw_generation_free(g);
        return st;
    }
    char eight[9];
    gw_server_settings_digest(g->config, &g->conf_digest);
    gw_format_set_digest(g->formats, eight, &g->call.mapping_hash, &g->digests);
    snprintf(g->mapping, sizeof(g->mapping), "generation@%s", eight);
    gw_law_digest(g->law, &g->call.policy_hash, &g->digests);
    gw_authz_digest_list(g->peers, &g->digests);
    gw_adapter_generation_digests(g->adapters, &g->digests);
    atomic_init(&g->call.refs, 1);
    g->call.owner = g;
    g->call.free = free_from_call;
    g->call.peers = g->peers;
    g->call.routes = g->routes;
    g->call.law = g->law;
    g->call.policy = gw_law_policy(g->law);
    g->call.mapping = g->mapping;
    g->call.fields = fields_of;
    g->call.adapter_states = gw_adapter_generation_states(g->adapters);
    struct gw_bytes described = gw_adapter_descriptor_set(adapters);
    g->call.views = (struct gw_service_views){
        .formats = g->formats,
        .law = g->law,
        .generation = g->mapping,
        .policy = g->call.policy,
        .descriptor_set = described.ptr,
        .descriptor_set_size = described.len,
        .service_names = gw_adapter_service_names(adapters),
        .adapters = adapters,
        .adapter_states = g->call.adapter_states,
        .serving = gw_server_serving,
        .status = gw_server_status,
    };
    *ret = g;
    return GW_OK;
}

void gw_generation_commit(struct gw_generation *g)
{
    gw_adapter_generation_commit(g->adapters);
}

void gw_generation_free(struct gw_generation *g)
{
    if (g == NULL)
        return;
    gw_adapter_generation_free(g->adapters); /* first: what it kept may point into the rest */
    struct gw_bytes key;
    void *f;
    for (size_t i = 0; g->fields != NULL && gw_map_next(g->fields, &i, &key, &f);)
        gw_format_fields_free(f);
    gw_map_free(g->fields);
    for (size_t i = 0; g->peers != NULL && i < gw_authz_peer_count(g->peers); i++)
        gw_format_defaults_free(
            (struct gw_format_defaults *)(uintptr_t)gw_authz_peer_at(g->peers, i)->defaults);
    gw_tls_context_unref(g->tls);
    gw_route_table_free(g->routes);
    gw_authz_free(g->peers);
    gw_law_free(g->law);
    gw_format_set_free(g->formats);
    gw_buf_fini(&g->digests);
    gw_server_settings_fini(&g->settings, g->config);
    free(g);
}
