/* What an extension's SQL may do: SQLite asks before each thing, and only what stays within the
 * extension's own tables and indexes is allowed. See db_lent.c for its statements. */
#include <stdio.h>

#include "store/db_internal.h"

/* ---- words of SQL -------------------------------------------------------------------- */

static const char *skip_to(const char *p, const char *end)
{
    const char *at = strstr(p, end);
    return at != NULL ? at + strlen(end) : p + strlen(p);
}

static bool word_begins(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What is no word at `p`: comment, quoted text or name, number, or one character. */
static const char *skip_other(const char *p)
{
    if (p[0] == '-' && p[1] == '-')
        return skip_to(p + 2, "\n");
    if (p[0] == '/' && p[1] == '*')
        return skip_to(p + 2, "*/");
    if (p[0] == '\'' || p[0] == '"' || p[0] == '`')
        return skip_to(p + 1, (const char[]){p[0], '\0'});
    if (p[0] == '[')
        return skip_to(p + 1, "]");
    if (!digit(p[0]))
        return p + 1;
    while (digit(*p) || word_begins(*p))
        p++;
    return p;
}

bool gw_store_db_sql_word(const char **at, struct gw_bytes *ret)
{
    const char *p = *at;
    while (*p != '\0' && !word_begins(*p))
        p = skip_other(p);
    const char *begin = p;
    while (word_begins(*p) || digit(*p))
        p++;
    *at = p;
    *ret = gw_bytes_make(begin, (size_t)(p - begin));
    return p != begin;
}

bool gw_store_db_sql_blank(const char *p)
{
    while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r' || *p == ';' ||
           (p[0] == '-' && p[1] == '-') || (p[0] == '/' && p[1] == '*'))
        p = skip_other(p);
    return *p == '\0';
}

bool gw_store_db_sql_is(struct gw_bytes word, const char *keyword)
{
    return word.len == strlen(keyword) &&
           sqlite3_strnicmp((const char *)word.ptr, keyword, (int)word.len) == 0;
}

bool gw_store_db_sql_has(const char *sql, const char *keyword)
{
    struct gw_bytes word;
    while (gw_store_db_sql_word(&sql, &word)) {
        if (gw_store_db_sql_is(word, keyword))
            return true;
    }
    return false;
}

/* ---- the guard ----------------------------------------------------------------------- */

static bool own(const struct gw_store_db_guard *g, const char *name)
{
    size_t len = strlen(g->name);
    return name != NULL && sqlite3_strnicmp(name, g->name, (int)len) == 0 && name[len] == '_';
}

/* SQLite names indexes of its own for PRIMARY KEY and UNIQUE; nobody else can. */
static bool own_index(const struct gw_store_db_guard *g, const char *name)
{
    static const char automatic[] = "sqlite_autoindex_";
    return own(g, name) || (name != NULL && strncmp(name, automatic, sizeof(automatic) - 1) == 0 &&
                            own(g, name + sizeof(automatic) - 1));
}

static bool is_schema(const char *name)
{
    return name != NULL &&
           (strcmp(name, "sqlite_master") == 0 || strcmp(name, "sqlite_temp_master") == 0);
}

/* Steps of a schema. The schema tables are written by SQLite itself on the way (that of temporary
 * tables, too, when one is renamed): an UPDATE of them in the text is refused, the connection is
 * defensive. Adding a column to a table with a CHECK looks
 * at the rows by quick_check. */
static bool may_in_schema(const struct gw_store_db_guard *g, int action, const char *a,
                          const char *b)
{
    switch (action) {
    case SQLITE_CREATE_TABLE:
    case SQLITE_DROP_TABLE:
        return own(g, a);
    case SQLITE_CREATE_INDEX:
    case SQLITE_DROP_INDEX:
        return own_index(g, a) && own(g, b);
    case SQLITE_REINDEX:
        return own_index(g, a);
    case SQLITE_ALTER_TABLE:
        return own(g, b);
    case SQLITE_READ:
        return is_schema(a) || strcmp(a, "pragma_quick_check") == 0;
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
        return is_schema(a);
    case SQLITE_PRAGMA:
        return strcmp(a, "quick_check") == 0;
    default:
        return false;
    }
}

static bool may(const struct gw_store_db_guard *g, int action, const char *a, const char *b)
{
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
        return true;
    case SQLITE_FUNCTION:
        return strcmp(b, "load_extension") != 0;
    case SQLITE_READ:
        if (own(g, a))
            return true;
        break;
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
        if (own(g, a))
            return g->schema || g->writes;
        break;
    default:
        break;
    }
    return g->schema && may_in_schema(g, action, a, b);
}

/* What was refused, for a sentence: words and which argument names the thing. */
static const struct {
    int action;
    const char *what;
    int arg;
} refused[] = {
    {SQLITE_READ, "reads the table", 1},
    {SQLITE_INSERT, "inserts into", 1},
    {SQLITE_UPDATE, "updates", 1},
    {SQLITE_DELETE, "deletes from", 1},
    {SQLITE_CREATE_TABLE, "makes the table", 1},
    {SQLITE_DROP_TABLE, "drops the table", 1},
    {SQLITE_ALTER_TABLE, "alters the table", 2},
    {SQLITE_CREATE_INDEX, "makes an index (of another name, or on the table)", 2},
    {SQLITE_DROP_INDEX, "drops the index", 1},
    {SQLITE_CREATE_TRIGGER, "makes the trigger", 1},
    {SQLITE_CREATE_VIEW, "makes the view", 1},
    {SQLITE_CREATE_VTABLE, "makes the virtual table", 1},
    {SQLITE_CREATE_TEMP_TABLE, "makes the temporary table", 1},
    {SQLITE_TRANSACTION, "begins or ends a transaction:", 1},
    {SQLITE_SAVEPOINT, "uses a savepoint:", 1},
    {SQLITE_PRAGMA, "uses PRAGMA", 1},
    {SQLITE_ATTACH, "attaches", 1},
    {SQLITE_FUNCTION, "calls", 2},
};

static void note_refused(struct gw_store_db_guard *g, int action, const char *a, const char *b)
{
    if (g->why[0] != '\0')
        return;
    for (size_t i = 0; i < GW_ARRAY_LEN(refused); i++) {
        const char *name = refused[i].arg == 1 ? a : b;
        if (refused[i].action == action)
            snprintf(g->why, sizeof(g->why), "%s %.80s", refused[i].what, name != NULL ? name : "");
    }
    if (g->why[0] == '\0')
        snprintf(g->why, sizeof(g->why), "does what no adapter may (SQLite's action %d)", action);
}

static int authorize(void *arg, int action, const char *a, const char *b, const char *db,
                     const char *inner)
{
    struct gw_store_db_guard *g = arg;
    (void)inner; /* there are neither triggers nor views */
    bool here = db == NULL || strcmp(db, "main") == 0 || (strcmp(db, "temp") == 0 && is_schema(a));
    if (here && may(g, action, a, b))
        return SQLITE_OK;
    note_refused(g, action, a, b);
    return SQLITE_DENY;
}

void gw_store_db_guard(struct gw_store_db *db, struct gw_store_db_guard *g)
{
    if (g != NULL)
        g->why[0] = '\0';
    sqlite3_set_authorizer(db->conn, g != NULL ? authorize : NULL, g);
}

/* ---- steps --------------------------------------------------------------------------- */

/* The name has letters, digits and _ only: see extension.c. */
enum gw_status gw_store_db_lent_objects(struct gw_store_db *db, const char *name, int64_t *ret)
{
    char text[256];
    snprintf(text, sizeof(text),
             "SELECT count(*) FROM sqlite_master WHERE lower(substr(name, 1, %zu)) = '%.64s_'",
             strlen(name) + 1, name);
    return gw_store_db_int(db, text, ret);
}

static enum gw_status objects_in_all(struct gw_store_db *db, int64_t *ret)
{
    return gw_store_db_int(db,
                           "SELECT count(*) FROM sqlite_master"
                           " WHERE name NOT LIKE 'sqlite!_autoindex!_%' ESCAPE '!'",
                           ret);
}

/* A table that was renamed out of the prefix: SQLite does not ask about the new name. */
static enum gw_status count_foreign(struct gw_store_db *db, const char *name, int64_t *ret)
{
    int64_t all;
    int64_t ours;
    GW_TRY(objects_in_all(db, &all));
    GW_TRY(gw_store_db_lent_objects(db, name, &ours));
    *ret = all - ours;
    return GW_OK;
}

enum gw_status gw_store_db_lent_migrate(struct gw_store_db *db, const char *name, const char *sql,
                                        struct gw_buf *ret_why)
{
    struct gw_store_db_guard g = {.name = name, .schema = true};
    int64_t before;
    int64_t after;
    if (gw_store_db_sql_has(sql, "ROLLBACK")) {
        gw_buf_str(ret_why, "begins or ends a transaction: ROLLBACK");
        return GW_DENIED;
    }
    GW_TRY(count_foreign(db, name, &before));
    gw_store_db_guard(db, &g);
    enum gw_status st = gw_store_db_script(db, sql);
    gw_store_db_guard(db, NULL);
    if (st != GW_OK) {
        gw_buf_printf(ret_why, "%s%s%s", g.why, g.why[0] != '\0' ? ": " : "",
                      gw_store_db_message(db));
        return g.why[0] != '\0' ? GW_DENIED : st;
    }
    GW_TRY(count_foreign(db, name, &after));
    if (after != before) {
        gw_buf_printf(ret_why, "leaves a table or index whose name does not begin with \"%s_\"",
                      name);
        return GW_DENIED;
    }
    return GW_OK;
}
