/* Tables made from status.def. Public reasons are in reason.c. */
#include "base/status.h"

#include <stddef.h>

#include "base/check.h"

static const struct {
    const char *name;
    const char *text;
    int grpc;
    bool retryable;
} rows[] = {
#define GW_STATUS_ROW(name, text, grpc, retry) {#name, text, grpc, retry},
#include "base/status.def"
#undef GW_STATUS_ROW
};
_Static_assert(GW_ARRAY_LEN(rows) == GW_STATUS_COUNT, "one row per status");
_Static_assert(GW_OK == 0, "GW_OK is zero");

/* A value outside the enum is our own mistake and reads as one. */
static size_t row_of(enum gw_status st)
{
    size_t i = (size_t)st;
    return i < GW_ARRAY_LEN(rows) ? i : (size_t)GW_INTERNAL;
}

const char *gw_status_name(enum gw_status st)
{
    return rows[row_of(st)].name;
}

const char *gw_status_text(enum gw_status st)
{
    return rows[row_of(st)].text;
}

int gw_status_grpc(enum gw_status st)
{
    return rows[row_of(st)].grpc;
}

bool gw_status_retryable(enum gw_status st)
{
    return rows[row_of(st)].retryable;
}
