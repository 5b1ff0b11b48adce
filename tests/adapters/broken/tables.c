/* Not broken: the present edition of "tables". */
#include "tables.h"

static const struct gw_adapter_migration steps[] = {TABLES_STEP_1, TABLES_STEP_2};

TABLES_ENTRY(steps)
