/* Not broken: an adapter with a table. Ask writes its text (a WRITER method) and answers the change
 * number; Tell answers what may be seen (a LOOP method). The files that take it call themselves
 * "tables" and differ in what their steps say. */
#ifndef TABLES_H
#define TABLES_H

#include "probe.h"

#include <stdio.h>

#define TABLES_STEP_1                                                                              \
    {                                                                                              \
        1, 0, "notes", "CREATE TABLE tables_note(change_no INTEGER PRIMARY KEY, t TEXT NOT NULL);" \
    }
#define TABLES_STEP_2                                                                              \
    {                                                                                              \
        2, 0, "texts once", "CREATE UNIQUE INDEX tables_note_t ON tables_note(t);"                 \
    }

enum { TABLES_PUT, TABLES_SEEN };
PROBE_UNUSED static const struct gw_adapter_statement tables_statements[] = {
    {"put", 1, 0, "INSERT INTO tables_note(change_no, t) VALUES($1, $2)"},
    {"seen", 0, 0, "SELECT t FROM tables_note WHERE change_no <= $1 ORDER BY change_no"},
};

PROBE_UNUSED static int32_t tables_ask(void *self, struct gw_adapter_call *c, void *state,
                                       const ProtobufCMessage *message, void *item)
{
    (void)self, (void)state, (void)item;
    const char *text = ((const Xinqiao__Test__V1__Question *)(const void *)message)->text;
    const struct gw_adapter_value v[] = {
        {.type = GW_VALUE_NUMBER, .number = host->change_next(c)},
        {.type = GW_VALUE_TEXT, .bytes = (const uint8_t *)text, .len = strlen(text)}};
    if (host->sql(c, TABLES_PUT, v, 2, NULL, NULL) != 0)
        return -1;
    char answer[32];
    Xinqiao__Test__V1__Answer out = XINQIAO__TEST__V1__ANSWER__INIT;
    snprintf(answer, sizeof(answer), "%lld", (long long)v[0].number);
    out.text = answer;
    host->send(c, &out.base);
    host->finish(c, "ok");
    return 0;
}

PROBE_UNUSED static int32_t tables_add(void *arg, const struct gw_adapter_value *v, size_t count)
{
    char *text = arg;
    size_t len = strlen(text);
    snprintf(text + len, 1024 - len, "%.*s ", count == 1 ? (int)v[0].len : 0,
             (const char *)v[0].bytes);
    return 0;
}

PROBE_UNUSED static int32_t tables_tell(void *self, struct gw_adapter_call *c, void *state,
                                        const ProtobufCMessage *message, void *item)
{
    (void)self, (void)state, (void)message, (void)item;
    char text[1024] = "";
    const struct gw_adapter_value v = {.type = GW_VALUE_NUMBER, .number = host->change_visible(c)};
    Xinqiao__Test__V1__Answer out = XINQIAO__TEST__V1__ANSWER__INIT;
    if (host->sql(c, TABLES_SEEN, &v, 1, tables_add, text) != 0)
        return -1;
    out.text = text;
    host->send(c, &out.base);
    return 0;
}

PROBE_UNUSED static int32_t tables_end(void *self, struct gw_adapter_call *c, void *state)
{
    (void)self, (void)state;
    host->finish(c, "ok");
    return 0;
}

#define TABLES_ENTRY(steps)                                                                        \
    PROBE_ENTRY("tables", {                                                                        \
        probe_methods[0].place = GW_PLACE_WRITER;                                                  \
        probe_methods[0].message = tables_ask;                                                     \
        probe_methods[1] = (struct gw_adapter_method){.name = "Tell",                              \
                                                      .streaming = GW_STREAM_BIDI,                 \
                                                      .message = tables_tell,                      \
                                                      .half_close = tables_end};                   \
        probe_services[0].method_count = 2;                                                        \
        a.migrations = steps;                                                                      \
        a.migration_count = sizeof(steps) / sizeof(steps[0]);                                      \
        a.statements = tables_statements;                                                          \
        a.statement_count = 2;                                                                     \
    })

#endif
