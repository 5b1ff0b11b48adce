/* A statement of it names a column that its table does not have. */
#include "probe.h"

static const struct gw_adapter_migration steps[] = {
    {1, 0, "a table", "CREATE TABLE bad_statement_note(t TEXT);"},
};
static const struct gw_adapter_statement statements[] = {
    {"find", 0, 0, "SELECT text FROM bad_statement_note WHERE t = $1"},
};

PROBE_ENTRY("bad_statement", {
    a.service_count = 0; /* it stands beside others */
    a.descriptor_set = NULL;
    a.descriptor_set_size = 0;
    a.migrations = steps;
    a.migration_count = 1;
    a.statements = statements;
    a.statement_count = 1;
})
