/* Its second step reads the gateway's own table. */
#include "probe.h"

static const struct gw_adapter_migration steps[] = {
    {1, 0, "a table", "CREATE TABLE bad_migration_copy(kind TEXT);"},
    {2, 0, "all records", "INSERT INTO bad_migration_copy SELECT kind FROM record;"},
};

PROBE_ENTRY("bad_migration", {
    a.service_count = 0; /* it stands beside others */
    a.descriptor_set = NULL;
    a.descriptor_set_size = 0;
    a.migrations = steps;
    a.migration_count = 2;
})
