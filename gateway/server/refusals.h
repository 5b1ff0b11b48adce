/* Connections that were refused before any call: one ALARM an address and minute, with a count
 * (SPEC.md 21.5), and a line in the text log each, up to 20. One table per loop, touched on its
 * thread only. */
#ifndef GW_SERVER_REFUSALS_H
#define GW_SERVER_REFUSALS_H

#include "audit/audit.h"

enum { GW_REFUSAL_ADDRESSES = 256 };

struct gw_refusals {
    struct gw_refusal {
        char host[48];
        int64_t told_us; /* when the last ALARM was written; 0: free */
        uint32_t untold; /* refusals since */
    } seen[GW_REFUSAL_ADDRESSES];
};

/* `address` is "host:port"; `why` one sentence without data of a person. */
void gw_refusals_note(struct gw_refusals *r, struct gw_audit *a, const char *address,
                      const char *why, int64_t now_us);
/* Tells what was held back for a minute, so that a burst that ends is told whole. By a timer of the
 * loop. */
void gw_refusals_sweep(struct gw_refusals *r, struct gw_audit *a, int64_t now_us);

#endif
