/* law_in: a purpose that was named must be a row of the purpose table, in force. Records meet the
 * catalogue in the service that understands them. */
#include "call/call_internal.h"

enum gw_step gw_call_step_law_in(struct gw_call *c, struct gw_call_segment *g)
{
    (void)g;
    if (c->purpose.len == 0 || gw_law_purpose_find(c->gen->law, c->purpose) != NULL)
        return GW_STEP_NEXT;
    gw_call_refuse(c, "law-purpose", NULL, NULL);
    return GW_STEP_REFUSE;
}
