/* Method path -> route. Built per configuration generation from the services' rows. */
#ifndef GW_ROUTE_ROUTE_H
#define GW_ROUTE_ROUTE_H

#include "base/bytes.h"
#include "base/check.h"

struct gw_route {
    const char *path;   /* "/xinqiao.v1.RecordExchange/Push" */
    const char *method; /* "RecordExchange/Push": what the log and grants name */
    const void *target; /* the host's method row; opaque here */
    bool exempt;        /* health, reflection: no entry in the exchange log */
};

struct gw_route_table;
GW_MUST_USE enum gw_status gw_route_table_new(struct gw_route_table **ret);
void gw_route_table_free(struct gw_route_table *t);
GW_DEFINE_FREEP(struct gw_route_table, gw_route_table_free)
/* Copies the row, not the strings, which live as long as the table. GW_EXISTS: a second method of
 * that path; GW_INVALID: not "/service/method". The table is unchanged on failure. */
GW_MUST_USE enum gw_status gw_route_add(struct gw_route_table *t, const struct gw_route *r);
/* Borrowed from the table; NULL when there is none; *ret_service_known (may be NULL) tells "no such
 * method" from "no such service". */
const struct gw_route *gw_route_find(const struct gw_route_table *t, struct gw_bytes path,
                                     bool *ret_service_known);

#endif
