/* law_out: records were kept or are about to leave, so a law row must have been named. No row, no
 * exchange. */
#include "call/call_internal.h"

enum gw_step gw_call_step_law_out(struct gw_call *c, struct gw_call_segment *g)
{
    (void)c;
    if (g->no_adapt || g->s.records == 0 || g->s.legal_basis != NULL)
        return GW_STEP_NEXT;
    g->s.finished = true;
    g->s.finish_reason = gw_reason_find(GW_BYTES_LIT("law-no-basis"));
    return GW_STEP_REFUSE;
}
