/* Not broken: every 100 ms it writes one row, notes it and says how many there are; a file named
 * by its option makes it fail. */
#include "probe.h"

#include <stdio.h>
#include <unistd.h>

static char fail_file[512];

static const struct gw_adapter_migration steps[] = {
    {1, 0, "ticks", "CREATE TABLE ticks_row(change_no INTEGER PRIMARY KEY);"}};
enum { PUT, COUNT };
static const struct gw_adapter_statement statements[] = {
    {"put", 1, 0, "INSERT INTO ticks_row(change_no) VALUES($1)"},
    {"count", 0, 0, "SELECT count(*) FROM ticks_row WHERE change_no <= $1"}};
static const struct gw_adapter_option options[] = {
    {"fail_file", GW_OPTION_TEXT, 0, NULL, 1, 500, "tick() fails while it is there."}};

static int32_t prepare(void *self, const struct gw_adapter_config *g, void **ret_state)
{
    (void)self, (void)ret_state;
    snprintf(fail_file, sizeof(fail_file), "%s", host->option_text(g, "fail_file"));
    return 0;
}

static int32_t tick(void *self, struct gw_adapter_call *c)
{
    (void)self;
    const struct gw_adapter_value v = {.type = GW_VALUE_NUMBER, .number = host->change_next(c)};
    if (host->sql(c, PUT, &v, 1, NULL, NULL) != 0 || access(fail_file, F_OK) == 0)
        return -1;
    host->note_counts(c, 1, 0);
    host->note_kind(c, "ticks", NULL);
    return 0;
}

static int32_t take(void *arg, const struct gw_adapter_value *v, size_t count)
{
    *(int64_t *)arg = count == 1 ? v[0].number : -1;
    return 0;
}

static int32_t status(void *self, struct gw_adapter_call *c)
{
    (void)self;
    int64_t n = -1;
    char text[40];
    const struct gw_adapter_value v = {.type = GW_VALUE_NUMBER, .number = host->change_visible(c)};
    if (host->sql(c, COUNT, &v, 1, take, &n) != 0)
        return -1;
    snprintf(text, sizeof(text), "%lld", (long long)n);
    host->status_line(c, "rows", "counted", text, text, 0);
    host->status_line(c, "alarm", "ticks-red", "红", "red", 1);
    return 0;
}

PROBE_ENTRY("ticks", {
    a.migrations = steps;
    a.migration_count = 1;
    a.statements = statements;
    a.statement_count = 2;
    a.options = options;
    a.option_count = 1;
    a.prepare = prepare;
    a.tick_ms = 100;
    a.tick = tick;
    a.status = status;
})
