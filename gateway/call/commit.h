/* Where the commit and audit steps meet the writer's and the sequencer's threads. */
#ifndef GW_CALL_COMMIT_H
#define GW_CALL_COMMIT_H

#include "call/call_internal.h"

/* Sends the segment through its TX steps on the writer. WAIT, or REFUSE when the queue is full. */
enum gw_step gw_call_commit_submit(struct gw_call *c, struct gw_call_segment *g);
/* Hands the finished entry to the sequencer: on the loop, or on the writer right behind COMMIT. */
void gw_call_audit_submit(struct gw_call_segment *g);

#endif
