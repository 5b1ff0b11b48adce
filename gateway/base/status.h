/* The one error scheme: functions that can fail return enum gw_status.
 * Rows live in status.def; public reasons (what a peer sees) are in reason.h. */
#ifndef GW_BASE_STATUS_H
#define GW_BASE_STATUS_H

#include <stdbool.h>

enum gw_status {
#define GW_STATUS_ROW(name, text, grpc, retry) GW_##name,
#include "base/status.def"
#undef GW_STATUS_ROW
    GW_STATUS_COUNT
};

/* Name ("NOT_FOUND") and one-line text; static strings, never NULL. */
const char *gw_status_name(enum gw_status st);
const char *gw_status_text(enum gw_status st);
/* google.rpc.Code of the outcome, 0..16. */
int gw_status_grpc(enum gw_status st);
bool gw_status_retryable(enum gw_status st);

#endif
