/* Statements of extensions: prepared once per connection under the guard (db_guard.c), run with
 * values of four types and, on readers, within limits. */
#include <stdlib.h>

#include "store/db_internal.h"

enum { GRAIN = 1000 /* steps between looks at the limit */ };

struct lent {
    sqlite3_stmt *stmt; /* NULL: not for this connection */
    bool running;
    uint8_t params;
    uint8_t place[GW_STORE_CELLS_MAX]; /* SQLite numbers $n in order of appearance */
};

struct gw_store_db_lent {
    struct lent *statement;
    size_t count;
};

void gw_store_db_lent_free(struct gw_store_db *db)
{
    for (size_t i = 0; i < db->lent_count; i++) {
        for (size_t k = 0; k < db->lent[i].count; k++)
            sqlite3_finalize(db->lent[i].statement[k].stmt);
        free(db->lent[i].statement);
    }
    free(db->lent);
    db->lent = NULL;
    db->lent_count = 0;
}

/* ---- preparing ----------------------------------------------------------------------- */

/* What the text says before SQLite is asked; VACUUM INTO writes files without asking anybody, and
 * ROLLBACK, also behind ON CONFLICT, would undo the jobs of others. */
static const char *fault_of_text(const char *sql)
{
    static const char *const first[] = {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE"};
    const char *at = sql;
    struct gw_bytes word;
    if (gw_store_db_sql_has(sql, "ROLLBACK"))
        return "ends a transaction: ROLLBACK";
    if (gw_store_db_sql_word(&at, &word)) {
        for (size_t i = 0; i < GW_ARRAY_LEN(first); i++) {
            if (gw_store_db_sql_is(word, first[i]))
                return NULL;
        }
    }
    return "is no SELECT, WITH, INSERT, UPDATE or DELETE";
}

/* Which $n stands where: 1 to the highest, each used. */
static const char *map_params(struct lent *l)
{
    int count = sqlite3_bind_parameter_count(l->stmt);
    if (count > GW_STORE_CELLS_MAX)
        return "has more than 64 parameters";
    for (int i = 1; i <= count; i++) {
        const char *name = sqlite3_bind_parameter_name(l->stmt, i);
        char *end = NULL;
        long n = name != NULL && name[0] == '$' ? strtol(name + 1, &end, 10) : 0;
        if (n < 1 || *end != '\0')
            return "has a parameter that is not written $1, $2 ...";
        if (n > count || l->place[n - 1] != 0)
            return "leaves out one of its parameters $1, $2 ...";
        l->place[n - 1] = (uint8_t)i;
    }
    l->params = (uint8_t)count;
    return NULL;
}

static const char *fault_of_statement(struct lent *l, const struct gw_store_statement *s,
                                      const char *tail)
{
    if (l->stmt == NULL || !gw_store_db_sql_blank(tail))
        return "is not one statement";
    if (!s->writes && sqlite3_stmt_readonly(l->stmt) == 0)
        return "changes rows and does not say so (writes)";
    if (sqlite3_column_count(l->stmt) > GW_STORE_CELLS_MAX)
        return "answers more than 64 columns";
    return map_params(l);
}

static enum gw_status refuse(struct gw_buf *ret_error, const struct gw_store_extension *e,
                             const struct gw_store_statement *s, const char *why, const char *more)
{
    if (ret_error != NULL)
        gw_buf_printf(ret_error, "adapter %s: statement %s: %s%s%s", e->name, s->name, why,
                      why[0] != '\0' && more[0] != '\0' ? ": " : "", more);
    return GW_INVALID;
}

static enum gw_status prepare_one(struct gw_store_db *db, const struct gw_store_extension *e,
                                  const struct gw_store_statement *s, struct lent *l,
                                  struct gw_buf *ret_error)
{
    struct gw_store_db_guard g = {.name = e->name, .writes = s->writes};
    const char *tail = "";
    const char *fault = fault_of_text(s->sql);
    if (fault != NULL)
        return refuse(ret_error, e, s, fault, "");
    gw_store_db_guard(db, &g);
    int rc = sqlite3_prepare_v3(db->conn, s->sql, -1, SQLITE_PREPARE_PERSISTENT, &l->stmt, &tail);
    gw_store_db_guard(db, NULL);
    if (rc != SQLITE_OK) {
        enum gw_status st = gw_store_db_status(db, rc);
        enum gw_status told = refuse(ret_error, e, s, g.why, sqlite3_errmsg(db->conn));
        return st == GW_INTERNAL ? told : st;
    }
    fault = fault_of_statement(l, s, tail);
    return fault == NULL ? GW_OK : refuse(ret_error, e, s, fault, "");
}

static int on_grain(void *arg)
{
    struct gw_store_db *db = arg;
    if (db->grains_left == 0)
        return 0;
    return --db->grains_left == 0;
}

enum gw_status gw_store_db_lent_prepare(struct gw_store_db *db, const struct gw_store_extension *e,
                                        size_t count, struct gw_buf *ret_error)
{
    if (count == 0)
        return GW_OK;
    db->lent = calloc(count, sizeof(*db->lent));
    if (db->lent == NULL)
        return GW_NOMEM;
    db->lent_count = count;
    for (size_t i = 0; i < count; i++) {
        struct gw_store_db_lent *of = &db->lent[i];
        of->statement = calloc(e[i].statement_count + 1, sizeof(*of->statement));
        if (of->statement == NULL)
            return GW_NOMEM;
        of->count = e[i].statement_count;
        for (size_t k = 0; k < of->count; k++) {
            const struct gw_store_statement *s = &e[i].statements[k];
            if (db->mode == GW_STORE_DB_WRITER || !s->writes)
                GW_TRY(prepare_one(db, &e[i], s, &of->statement[k], ret_error));
        }
    }
    sqlite3_progress_handler(db->conn, GRAIN, on_grain, db);
    return GW_OK;
}

/* ---- running ------------------------------------------------------------------------- */

static enum gw_status bind_one(struct gw_store_db *db, struct lent *l, size_t i,
                               const struct gw_store_cell *v)
{
    /* A NULL pointer would bind NULL, and an empty value is none. */
    const void *p = v->bytes.ptr != NULL ? (const void *)v->bytes.ptr : "";
    sqlite3_uint64 len = v->bytes.len;
    int rc = SQLITE_MISUSE;
    switch (v->type) {
    case GW_STORE_NULL:
        rc = sqlite3_bind_null(l->stmt, l->place[i]);
        break;
    case GW_STORE_NUMBER:
        rc = sqlite3_bind_int64(l->stmt, l->place[i], v->number);
        break;
    case GW_STORE_TEXT:
        rc = sqlite3_bind_text64(l->stmt, l->place[i], p, len, SQLITE_STATIC, SQLITE_UTF8);
        break;
    case GW_STORE_BLOB:
        rc = sqlite3_bind_blob64(l->stmt, l->place[i], p, len, SQLITE_STATIC);
        break;
    }
    return gw_store_db_note(db, rc);
}

static struct gw_bytes bytes_of(const void *p, int len)
{
    return gw_bytes_make(p != NULL ? p : "", (size_t)len);
}

static enum gw_status read_columns(sqlite3_stmt *st, struct gw_store_cell *ret, int count)
{
    for (int i = 0; i < count; i++) {
        switch (sqlite3_column_type(st, i)) {
        case SQLITE_NULL:
            ret[i] = (struct gw_store_cell){.type = GW_STORE_NULL};
            break;
        case SQLITE_INTEGER:
            ret[i] = (struct gw_store_cell){.type = GW_STORE_NUMBER,
                                            .number = sqlite3_column_int64(st, i)};
            break;
        case SQLITE_TEXT: {
            const void *p = sqlite3_column_text(st, i);
            ret[i] = (struct gw_store_cell){.type = GW_STORE_TEXT,
                                            .bytes = bytes_of(p, sqlite3_column_bytes(st, i))};
            break;
        }
        case SQLITE_BLOB: {
            const void *p = sqlite3_column_blob(st, i);
            ret[i] = (struct gw_store_cell){.type = GW_STORE_BLOB,
                                            .bytes = bytes_of(p, sqlite3_column_bytes(st, i))};
            break;
        }
        default:
            return GW_UNSUPPORTED;
        }
    }
    return GW_OK;
}

static enum gw_status step_all(struct gw_store_db *db, struct lent *l, uint32_t rows_max,
                               gw_store_cells_fn *fn, void *arg)
{
    struct gw_store_cell column[GW_STORE_CELLS_MAX];
    int columns = sqlite3_column_count(l->stmt);
    uint32_t rows = 0;
    int rc;
    while ((rc = sqlite3_step(l->stmt)) == SQLITE_ROW) {
        if (rows_max != 0 && rows == rows_max)
            return GW_TOO_LARGE;
        rows++;
        GW_TRY(read_columns(l->stmt, column, columns));
        if (fn != NULL && !fn(arg, column, (size_t)columns))
            return GW_OK;
    }
    return (rc & 0xff) == SQLITE_INTERRUPT ? GW_TOO_LARGE : gw_store_db_note(db, rc);
}

enum gw_status gw_store_db_lent_run(struct gw_store_db *db, size_t extension, size_t statement,
                                    const struct gw_store_cell *params, size_t count,
                                    struct gw_store_db_limits limits, gw_store_cells_fn *fn,
                                    void *arg)
{
    if (extension >= db->lent_count || statement >= db->lent[extension].count)
        return GW_INVALID;
    struct lent *l = &db->lent[extension].statement[statement];
    if (l->stmt == NULL || l->running)
        return GW_PRECONDITION;
    if (count != l->params)
        return GW_INVALID;
    enum gw_status st = GW_OK;
    for (size_t i = 0; i < count && st == GW_OK; i++)
        st = bind_one(db, l, i, &params[i]);
    if (st == GW_OK) {
        uint64_t outer = db->grains_left;
        db->grains_left = limits.steps != 0 ? limits.steps / GRAIN + 1 : 0;
        l->running = true;
        st = step_all(db, l, limits.rows, fn, arg);
        l->running = false;
        db->grains_left = outer;
    }
    sqlite3_reset(l->stmt);
    /* They point into the caller's memory. */
    sqlite3_clear_bindings(l->stmt);
    return st;
}
