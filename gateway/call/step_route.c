/* route: a gRPC request head -> method. What is not gRPC is answered as the gRPC-over-HTTP/2
 * document says. */
#include "call/call_internal.h"

enum gw_step gw_call_step_route(struct gw_call *c)
{
    if (c->http_refusal != 0) {
        gw_call_refuse(c, c->http_refusal == 415 ? "content-type" : "method-unknown", NULL, NULL);
        return GW_STEP_REFUSE;
    }
    c->route = gw_route_find(c->gen->routes, c->request.path, NULL);
    if (c->route == NULL) {
        gw_call_refuse(c, "method-unknown", NULL, NULL);
        return GW_STEP_REFUSE;
    }
    c->ad.target = c->route->target;
    c->ad.generation =
        c->gen->adapter_states != NULL ? c->gen->adapter_states[c->ad.target->index] : NULL;
    c->audited = !c->route->exempt;
    return GW_STEP_NEXT;
}
