/* The edition of "tables" before its second step. */
#include "tables.h"

static const struct gw_adapter_migration steps[] = {TABLES_STEP_1};

TABLES_ENTRY(steps)
