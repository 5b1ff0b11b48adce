/* authorise: who is it (certificate), may they call this for that purpose (grant). Closed by
 * default. */
#include <string.h>

#include "call/call_internal.h"

static const char *covers(const struct gw_service_caller *caller, const char *kind,
                          uint32_t class_bit, struct gw_bytes area)
{
    return gw_authz_record(caller->grant, kind, class_bit, area);
}

static const char *covers_list(const struct gw_service_caller *caller, const char *list)
{
    return gw_authz_list(caller->grant, list);
}

static bool allows(const struct gw_service_caller *caller, const char *word)
{
    return gw_authz_allows(caller->grant, word);
}

enum gw_step gw_call_step_authorise(struct gw_call *c)
{
    const char *reason = NULL;
    c->peer = gw_authz_identify(c->gen->peers, &c->who->identity);
    if (c->peer == NULL) {
        gw_call_refuse(c, "peer-unknown", NULL, NULL);
        return GW_STEP_REFUSE;
    }
    c->purpose =
        gw_grpc_metadata_find(c->request.metadata, c->request.metadata_count, "xinqiao-purpose");
    c->purpose_known = c->purpose.len != 0 && gw_law_purpose_find(c->gen->law, c->purpose) != NULL;
    if (gw_authz_route(c->peer, c->route, c->purpose, &c->grant, &reason) != GW_OK) {
        /* A purpose that is no row of the table is the caller's text: it is not repeated. */
        if (c->purpose_known)
            c->params[c->param_count++] = (struct gw_param){
                "item", gw_arena_strndup(c->arena, c->purpose.ptr, c->purpose.len)};
        gw_call_refuse(c, reason, "field", c->route->method);
        return GW_STEP_REFUSE;
    }
    c->ad.peer = c->peer->name;
    c->caller = (struct gw_service_caller){
        .peer = c->peer->name,
        .purpose =
            c->purpose_known ? gw_arena_strndup(c->arena, c->purpose.ptr, c->purpose.len) : "",
        .defaults = c->peer->defaults,
        .fields = c->gen->fields != NULL ? c->gen->fields(c->gen, c->grant) : NULL,
        .inferred_ok = !c->peer->production ||
                       (c->peer->confirmed_by != NULL && c->peer->confirmed_by[0] != 0),
        .covers = covers,
        .covers_list = covers_list,
        .allows = allows,
        .grant = c->grant,
        .areas = c->grant->areas,
    };
    return GW_STEP_NEXT;
}
