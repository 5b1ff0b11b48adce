/* Fails where the host's limits are met: "bad" asks for more rows than one call may read, "large"
 * for more memory than a segment has. */
#include "contained.h"

static const struct gw_adapter_statement overdraws_statements[] = {
    {"endless", 0, 0,
     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) "
     "SELECT max(i) FROM n"},
};

static int32_t overdraw(struct gw_adapter_call *c)
{
    while (host->alloc(c, 1 << 20) != NULL) {
    }
    return -1;
}

static int32_t ask(void *self, struct gw_adapter_call *c, void *state,
                   const ProtobufCMessage *message, void *item)
{
    if (strcmp(((const Xinqiao__Test__V1__Question *)(const void *)message)->text, "large") == 0)
        return overdraw(c);
    if (is_bad(message) && host->sql(c, 0, NULL, 0, NULL, NULL) != 0)
        return -1;
    return probe_ask(self, c, state, message, item);
}

PROBE_ENTRY("overdraws", {
    probe_methods[0].message = ask;
    a.statements = overdraws_statements;
    a.statement_count = 1;
})
