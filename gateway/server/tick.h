/* Work of adapters by the clock: tick() of each that has one, in the store's transaction, once at
 * start and then every tick_ms. A run that notes counts has an entry in the exchange log
 * (SPEC.md 21.12). */
#ifndef GW_SERVER_TICK_H
#define GW_SERVER_TICK_H

#include "adapter/adapter.h"
#include "audit/audit.h"
#include "call/call.h"
#include "store/store.h"

struct gw_ticker;
/* Borrows all but the generation, which it counts. */
GW_MUST_USE enum gw_status gw_ticker_new(const struct gw_adapter_set *adapters,
                                         struct gw_store *store, struct gw_audit *audit,
                                         struct gw_call_generation *g, struct gw_ticker **ret);
/* All of them now, one after the other, on the caller's thread; before gw_ticker_start(). */
void gw_ticker_run_all(struct gw_ticker *t);
GW_MUST_USE enum gw_status gw_ticker_start(struct gw_ticker *t);
/* Runs that begin from now on see this generation. */
void gw_ticker_use(struct gw_ticker *t, struct gw_call_generation *g);
/* Waits for the one that runs. Before the store is closed. */
void gw_ticker_free(struct gw_ticker *t);

#endif
