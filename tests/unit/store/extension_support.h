/* Shared by the tests of extensions: two adapters with tables of their own, and rows as text. */
#ifndef GW_TESTS_STORE_EXTENSION_SUPPORT_H
#define GW_TESTS_STORE_EXTENSION_SUPPORT_H

#include "store/store_support.h"

static const struct gw_store_migration list_steps[] = {
    {1, "entries",
     "CREATE TABLE list_entry(id INTEGER PRIMARY KEY, n INTEGER, t TEXT, b BLOB);"
     "CREATE UNIQUE INDEX list_entry_n ON list_entry(n);"},
    {2, "owner", "ALTER TABLE list_entry ADD COLUMN owner TEXT NOT NULL DEFAULT '';"},
};
enum { LIST_PUT, LIST_GET, LIST_ALL, LIST_LOOP, LIST_FLOAT, LIST_DROP, LIST_RETURNING };
static const struct gw_store_statement list_statements[] = {
    {"put", true, "INSERT INTO list_entry(b, t, n, id) VALUES($4, $3, $2, $1)"},
    {"get", false, "SELECT id, n, t, b FROM list_entry WHERE id = $1"},
    {"all", false, "SELECT id FROM list_entry ORDER BY id;  -- of all\n"},
    {"loop", false,
     "WITH RECURSIVE list_i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM list_i)"
     " SELECT max(x) FROM list_i WHERE x < $1"},
    {"float", false, "SELECT 0.5"},
    {"drop", true, "DELETE FROM list_entry WHERE id = $1"},
    {"returning", true,
     "INSERT INTO list_entry(id, n) VALUES($1, $2)"
     " ON CONFLICT(id) DO UPDATE SET n = excluded.n RETURNING n"},
};
static const struct gw_store_migration score_steps[] = {
    {1, "scores", "CREATE TABLE score_of(k BLOB PRIMARY KEY, v INTEGER NOT NULL) WITHOUT ROWID;"},
};
static const struct gw_store_statement score_statements[] = {
    {"count", false, "SELECT count(*) FROM score_of"},
};

static inline struct gw_store_extension list_extension(void)
{
    return (struct gw_store_extension){.name = "list",
                                       .migrations = list_steps,
                                       .migration_count = GW_ARRAY_LEN(list_steps),
                                       .statements = list_statements,
                                       .statement_count = GW_ARRAY_LEN(list_statements)};
}

static inline struct gw_store_extension score_extension(void)
{
    return (struct gw_store_extension){.name = "score",
                                       .migrations = score_steps,
                                       .migration_count = GW_ARRAY_LEN(score_steps),
                                       .statements = score_statements,
                                       .statement_count = GW_ARRAY_LEN(score_statements)};
}

#define CELL_NULL      ((struct gw_store_cell){.type = GW_STORE_NULL})
#define CELL_NUMBER(v) ((struct gw_store_cell){.type = GW_STORE_NUMBER, .number = (v)})
#define CELL_TEXT(s)   ((struct gw_store_cell){.type = GW_STORE_TEXT, .bytes = gw_bytes_str(s)})
#define CELL_BLOB(p, n)                                                                            \
    ((struct gw_store_cell){.type = GW_STORE_BLOB, .bytes = gw_bytes_make(p, n)})

/* Rows as "1|null|'text'|x00ff", one a line. */
struct told {
    char text[512];
    size_t rows;
    size_t stop_after; /* 0: never */
};

static inline bool tell(void *arg, const struct gw_store_cell *v, size_t count)
{
    struct told *t = arg;
    struct gw_buf b;
    gw_buf_init_fixed(&b, t->text, sizeof(t->text) - 1);
    b.len = strlen(t->text);
    for (size_t i = 0; i < count; i++) {
        if (i != 0)
            gw_buf_u8(&b, '|');
        if (v[i].type == GW_STORE_NULL)
            gw_buf_str(&b, "null");
        else if (v[i].type == GW_STORE_NUMBER)
            gw_buf_printf(&b, "%lld", (long long)v[i].number);
        else if (v[i].type == GW_STORE_TEXT)
            gw_buf_printf(&b, "'%.*s'", GW_BYTES_FMT(v[i].bytes));
        else
            gw_buf_u8(&b, 'x');
        for (size_t k = 0; v[i].type == GW_STORE_BLOB && k < v[i].bytes.len; k++)
            gw_buf_printf(&b, "%02x", v[i].bytes.ptr[k]);
    }
    gw_buf_u8(&b, '\n');
    assert_int_equal(gw_buf_failed(&b), GW_OK);
    t->text[b.len] = '\0';
    t->rows++;
    return t->stop_after == 0 || t->rows < t->stop_after;
}

#endif
