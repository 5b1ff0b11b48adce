/* An edition of "tables" whose first step says something else than it did. */
#include "tables.h"

static const struct gw_adapter_migration steps[] = {
    {1, 0, "notes",
     "CREATE TABLE tables_note(change_no INTEGER PRIMARY KEY, t TEXT NOT NULL, u TEXT);"},
    TABLES_STEP_2};

TABLES_ENTRY(steps)
