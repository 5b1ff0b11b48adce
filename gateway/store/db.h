/* A connection with its prepared statements: the only door to SQLite. Shaped so that another back
 * end can stand behind it: a statement is a row of statements.def, its values go in as one array.
 */
#ifndef GW_STORE_DB_H
#define GW_STORE_DB_H

#include "store/store.h"

struct gw_store_db;

enum gw_store_stmt {
#define GW_STATEMENT(name, conn, sql) GW_ST_##name,
#include "store/statements.def"
#undef GW_STATEMENT
    GW_ST_COUNT
};

enum gw_store_db_mode { GW_STORE_DB_WRITER = 1, GW_STORE_DB_READER = 2 };

struct gw_store_value {
    enum { GW_VALUE_NULL, GW_VALUE_INT, GW_VALUE_BLOB, GW_VALUE_TEXT } type;
    int64_t num;
    struct gw_bytes bytes; /* borrowed until the statement was executed or ended */
};
#define GW_V_NULL    ((struct gw_store_value){.type = GW_VALUE_NULL})
#define GW_V_INT(v)  ((struct gw_store_value){.type = GW_VALUE_INT, .num = (int64_t)(v)})
#define GW_V_BLOB(b) ((struct gw_store_value){.type = GW_VALUE_BLOB, .bytes = (b)})
#define GW_V_TEXT(s) ((struct gw_store_value){.type = GW_VALUE_TEXT, .bytes = gw_bytes_str(s)})
/* A blob, or NULL when empty. */
#define GW_V_BLOB_OR_NULL(b)                                                                       \
    ((struct gw_store_value){.type = (b).len ? GW_VALUE_BLOB : GW_VALUE_NULL, .bytes = (b)})

/* Opens the file at `path`, which must exist, and sets the connection up. Text in ret_error. */
GW_MUST_USE enum gw_status gw_store_db_open(const char *path, enum gw_store_db_mode mode,
                                            const struct gw_store_settings *set,
                                            struct gw_store_db **ret, struct gw_buf *ret_error);
/* A writer whose data are in memory and go with it. */
GW_MUST_USE enum gw_status gw_store_db_open_trial(struct gw_store_db **ret);
/* Prepares the statements of this mode: when the schema is there. */
GW_MUST_USE enum gw_status gw_store_db_prepare(struct gw_store_db *db);
/* NULL is fine. After a failure of the device the file is left as it is: no checkpoint. */
void gw_store_db_close(struct gw_store_db *db);

/* Several statements that answer nothing (migrations). */
GW_MUST_USE enum gw_status gw_store_db_script(struct gw_store_db *db, const char *sql);
/* First column of the first row of ad hoc text; GW_NOT_FOUND without a row. */
GW_MUST_USE enum gw_status gw_store_db_int(struct gw_store_db *db, const char *sql, int64_t *ret);
/* What the connection has to say about its last failure; borrowed until the next call. */
const char *gw_store_db_message(struct gw_store_db *db);

/* Statuses of execution: GW_EXISTS (a constraint), GW_NOSPACE, GW_IO, GW_CORRUPT, GW_NOMEM,
 * GW_BUSY, GW_TOO_LARGE. */
/* Runs to its end; *ret_changed (may be NULL): rows inserted, updated or deleted. */
GW_MUST_USE enum gw_status gw_store_db_exec(struct gw_store_db *db, enum gw_store_stmt st,
                                            const struct gw_store_value *v, size_t count,
                                            int *ret_changed);
/* Begins; then next() until *ret_row is false; end() always, also after a failure. */
void gw_store_db_query(struct gw_store_db *db, enum gw_store_stmt st,
                       const struct gw_store_value *v, size_t count);
GW_MUST_USE enum gw_status gw_store_db_next(struct gw_store_db *db, enum gw_store_stmt st,
                                            bool *ret_row);
void gw_store_db_end(struct gw_store_db *db, enum gw_store_stmt st);
/* query() and next() for at most one row: GW_NOT_FOUND, ended then (as after every failure). end()
 * after GW_OK. */
GW_MUST_USE enum gw_status gw_store_db_one(struct gw_store_db *db, enum gw_store_stmt st,
                                           const struct gw_store_value *v, size_t count);
/* Of the present row; borrowed until next() or end(). */
int64_t gw_store_db_col_int(struct gw_store_db *db, enum gw_store_stmt st, int col);
struct gw_bytes gw_store_db_col_bytes(struct gw_store_db *db, enum gw_store_stmt st, int col);
const char *gw_store_db_col_text(struct gw_store_db *db, enum gw_store_stmt st, int col);
bool gw_store_db_col_null(struct gw_store_db *db, enum gw_store_stmt st, int col);
/* A blob of exactly `len` bytes; GW_CORRUPT otherwise. */
GW_MUST_USE enum gw_status gw_store_db_col_fixed(struct gw_store_db *db, enum gw_store_stmt st,
                                                 int col, void *ret, size_t len);

/* Statements of extensions (db_lent.c). */
/* Runs a step of an extension's schema inside a transaction: it may make, change and drop tables
 * and indexes that begin with "<name>_", and no more. Why not in ret_why. */
GW_MUST_USE enum gw_status gw_store_db_lent_migrate(struct gw_store_db *db, const char *name,
                                                    const char *sql, struct gw_buf *ret_why);
/* Tables and indexes whose names begin with "<name>_". */
GW_MUST_USE enum gw_status gw_store_db_lent_objects(struct gw_store_db *db, const char *name,
                                                    int64_t *ret);
/* Prepares those of this connection: all on the writer, those that only read on others. `e` lives
 * as long as the connection. One sentence in ret_error (may be NULL). */
GW_MUST_USE enum gw_status gw_store_db_lent_prepare(struct gw_store_db *db,
                                                    const struct gw_store_extension *e,
                                                    size_t count, struct gw_buf *ret_error);
/* Statuses of gw_store_tx_sql(). Limits of 0: none. */
struct gw_store_db_limits {
    uint64_t steps;
    uint32_t rows;
};
GW_MUST_USE enum gw_status gw_store_db_lent_run(struct gw_store_db *db, size_t extension,
                                                size_t statement,
                                                const struct gw_store_cell *params, size_t count,
                                                struct gw_store_db_limits limits,
                                                gw_store_cells_fn *fn, void *arg);

/* Transactions. */
enum gw_store_tx_step {
    GW_STEP_BEGIN_WRITE,
    GW_STEP_BEGIN_READ,
    GW_STEP_COMMIT,
    GW_STEP_ROLLBACK,
    GW_STEP_SAVEPOINT,
    GW_STEP_RELEASE,
    GW_STEP_ROLLBACK_TO,
    GW_STEP_COUNT
};
GW_MUST_USE enum gw_status gw_store_db_tx(struct gw_store_db *db, enum gw_store_tx_step step);
/* False also after SQLite rolled back of itself (disk full, device). */
bool gw_store_db_in_tx(struct gw_store_db *db);
/* First failure of the world (not of a constraint) since it was last taken; GW_OK when none. Taking
 * clears it. */
enum gw_status gw_store_db_take_failure(struct gw_store_db *db);
/* The device or the file failed: nothing more can be relied on. */
bool gw_store_db_fatal(const struct gw_store_db *db);

/* Writer. Bytes in the write-ahead log that are not yet in the file. */
uint64_t gw_store_db_wal_bytes(const struct gw_store_db *db);
/* PASSIVE: what readers allow, waiting for none. RESTART: waits a little for readers, the log
 * starts anew. TRUNCATE. */
enum gw_store_checkpoint { GW_CHECKPOINT_PASSIVE, GW_CHECKPOINT_RESTART, GW_CHECKPOINT_TRUNCATE };
GW_MUST_USE enum gw_status gw_store_db_checkpoint(struct gw_store_db *db,
                                                  enum gw_store_checkpoint how);
/* For tests of a full disk: the file does not grow over so many pages; 0: as far as it goes. */
GW_MUST_USE enum gw_status gw_store_db_limit_pages(struct gw_store_db *db, int64_t pages);

#endif
