/* decode: messages were unpacked as they arrived; here the segment as a whole is judged. */
#include "call/call_internal.h"

enum gw_step gw_call_step_decode(struct gw_call *c, struct gw_call_segment *g)
{
    if (g->produce || gw_call_takes_stream(c) || g->s.messages == 1)
        return GW_STEP_NEXT;
    gw_call_refuse(c, "malformed-message", NULL, NULL);
    return GW_STEP_REFUSE;
}
