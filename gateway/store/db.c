/* SQLite behind db.h: opening, pragmas, statements prepared once, statuses from result codes. */
#include "store/db.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/db_internal.h"

enum { BUSY_MS = 200, PAGE_BYTES = 4096 };

static const struct {
    unsigned mode;
    const char *sql;
} statements[] = {
#define WRITER                        GW_STORE_DB_WRITER
#define READER                        GW_STORE_DB_READER
#define BOTH                          (GW_STORE_DB_WRITER | GW_STORE_DB_READER)
#define GW_STATEMENT(name, conn, sql) [GW_ST_##name] = {(conn), sql},
#include "store/statements.def"
#undef GW_STATEMENT
#undef WRITER
#undef READER
#undef BOTH
};
_Static_assert(GW_ARRAY_LEN(statements) == GW_ST_COUNT, "a text per statement");

static const char *const steps[] = {
    [GW_STEP_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [GW_STEP_BEGIN_READ] = "BEGIN",
    [GW_STEP_COMMIT] = "COMMIT",
    [GW_STEP_ROLLBACK] = "ROLLBACK",
    [GW_STEP_SAVEPOINT] = "SAVEPOINT job",
    [GW_STEP_RELEASE] = "RELEASE job",
    [GW_STEP_ROLLBACK_TO] = "ROLLBACK TO job",
};
_Static_assert(GW_ARRAY_LEN(steps) == GW_STEP_COUNT, "a text per step");

/* SQLite says FULL when a write got ENOSPC, and IOERR for other calls that did (growing -shm,
 * truncating). A sync that failed is always fatal: the kernel may have dropped the pages (as
 * PostgreSQL learned in 2018). */
static enum gw_status io_status(struct gw_store_db *db, int rc)
{
    int err = sqlite3_system_errno(db->conn);
    bool sync = rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC;
    if (rc == SQLITE_IOERR_NOMEM)
        return GW_NOMEM;
    if (!sync && (err == ENOSPC || err == EDQUOT))
        return GW_NOSPACE;
    db->fatal = true;
    return GW_IO;
}

enum gw_status gw_store_db_status(struct gw_store_db *db, int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return GW_OK;
    case SQLITE_CONSTRAINT:
        return GW_EXISTS;
    case SQLITE_FULL:
        return GW_NOSPACE;
    case SQLITE_NOMEM:
        return GW_NOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return GW_BUSY;
    case SQLITE_TOOBIG:
        return GW_TOO_LARGE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        db->fatal = true;
        return GW_CORRUPT;
    case SQLITE_IOERR:
        return io_status(db, rc);
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        db->fatal = true;
        return GW_IO;
    default: /* SQLITE_MISUSE, _ERROR, _RANGE ...: our statement is wrong */
        return GW_INTERNAL;
    }
}

enum gw_status gw_store_db_note(struct gw_store_db *db, int rc)
{
    enum gw_status st = gw_store_db_status(db, rc);
    if (GW_UNLIKELY(st != GW_OK && st != GW_EXISTS && db->failure == GW_OK))
        db->failure = st;
    return st;
}

static int on_wal(void *arg, sqlite3 *conn, const char *name, int pages)
{
    (void)conn;
    (void)name;
    ((struct gw_store_db *)arg)->wal_pages = pages;
    return SQLITE_OK;
}

enum gw_status gw_store_db_script(struct gw_store_db *db, const char *sql)
{
    return gw_store_db_note(db, sqlite3_exec(db->conn, sql, NULL, NULL, NULL));
}

enum gw_status gw_store_db_int(struct gw_store_db *db, const char *sql, int64_t *ret)
{
    sqlite3_stmt *st;
    int rc = sqlite3_prepare_v2(db->conn, sql, -1, &st, NULL);
    if (rc != SQLITE_OK)
        return gw_store_db_status(db, rc);
    rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        *ret = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return rc == SQLITE_DONE ? GW_NOT_FOUND : gw_store_db_status(db, rc);
}

const char *gw_store_db_message(struct gw_store_db *db)
{
    return sqlite3_errmsg(db->conn);
}

/* No foreign keys: one writer, rows of a record go in together, and each check would cost a
 * look-up. FULL: a commit is on the disk before it is answered. No automatic checkpoint: the writer
 * chooses the moment. FAST: what is deleted is overwritten where that costs no further page.
 * Sealing is what protects persons at rest. */
static enum gw_status set_up(struct gw_store_db *db, const struct gw_store_settings *set)
{
    char text[512];
    snprintf(text, sizeof(text),
             "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
             "PRAGMA foreign_keys = OFF; PRAGMA mmap_size = %llu; PRAGMA cache_size = -%llu;",
             (unsigned long long)set->mmap_bytes, (unsigned long long)(set->cache_bytes / 1024));
    GW_TRY(gw_store_db_script(db, text));
    if (db->mode == GW_STORE_DB_READER)
        return gw_store_db_script(db, "PRAGMA query_only = ON");
    GW_TRY(gw_store_db_script(
        db, "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
            "PRAGMA wal_autocheckpoint = 0; PRAGMA secure_delete = FAST"));
    int64_t sync = 0;
    GW_TRY(gw_store_db_int(db, "PRAGMA synchronous", &sync));
    int64_t is_wal = 0;
    GW_TRY(gw_store_db_int(db, "SELECT journal_mode = 'wal' FROM pragma_journal_mode", &is_wal));
    if (sync != 2 || is_wal != 1)
        return GW_UNSUPPORTED;
    sqlite3_wal_hook(db->conn, on_wal, db);
    return GW_OK;
}

/* Counting every allocation costs SQLite a mutex each. Too late when another part began before us:
 * then it counts. */
static void set_up_library(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_initialize();
}

enum gw_status gw_store_db_open_trial(struct gw_store_db **ret)
{
    struct gw_store_db *db = calloc(1, sizeof(*db));
    if (db == NULL)
        return GW_NOMEM;
    db->mode = GW_STORE_DB_WRITER;
    if (sqlite3_open_v2(":memory:", &db->conn, SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE,
                        NULL) != SQLITE_OK) {
        gw_store_db_close(db);
        return GW_NOMEM;
    }
    sqlite3_db_config(db->conn, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    *ret = db;
    return GW_OK;
}

enum gw_status gw_store_db_open(const char *path, enum gw_store_db_mode mode,
                                const struct gw_store_settings *set, struct gw_store_db **ret,
                                struct gw_buf *ret_error)
{
    struct gw_store_db *db = calloc(1, sizeof(*db));
    if (db == NULL)
        return GW_NOMEM;
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, set_up_library);
    db->mode = mode;
    int access = mode == GW_STORE_DB_WRITER ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    /* Each connection belongs to one thread: no mutex. */
    int rc = sqlite3_open_v2(path, &db->conn, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                             NULL);
    enum gw_status st = db->conn == NULL ? GW_NOMEM : gw_store_db_status(db, rc);
    if (st == GW_OK) {
        sqlite3_busy_timeout(db->conn, BUSY_MS);
        sqlite3_db_config(db->conn, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        st = set_up(db, set);
    }
    if (st != GW_OK) {
        if (db->conn != NULL && ret_error != NULL)
            gw_buf_printf(ret_error, "%s: %s", path, sqlite3_errmsg(db->conn));
        gw_store_db_close(db);
        return st;
    }
    db->failure = GW_OK;
    *ret = db;
    return GW_OK;
}

static enum gw_status prepare(struct gw_store_db *db, const char *sql, sqlite3_stmt **ret)
{
    return gw_store_db_status(
        db, sqlite3_prepare_v3(db->conn, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL));
}

enum gw_status gw_store_db_prepare(struct gw_store_db *db)
{
    for (size_t i = 0; i < GW_STEP_COUNT; i++)
        GW_TRY(prepare(db, steps[i], &db->step[i]));
    for (size_t i = 0; i < GW_ST_COUNT; i++) {
        if ((statements[i].mode & db->mode) != 0)
            GW_TRY(prepare(db, statements[i].sql, &db->stmt[i]));
    }
    return GW_OK;
}

void gw_store_db_close(struct gw_store_db *db)
{
    if (db == NULL)
        return;
    for (size_t i = 0; i < GW_ST_COUNT; i++)
        sqlite3_finalize(db->stmt[i]);
    for (size_t i = 0; i < GW_STEP_COUNT; i++)
        sqlite3_finalize(db->step[i]);
    gw_store_db_lent_free(db);
    if (db->conn != NULL && db->fatal)
        sqlite3_db_config(db->conn, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(db->conn);
    free(db);
}

static void bind(sqlite3_stmt *st, int at, const struct gw_store_value *v)
{
    int rc = SQLITE_OK;
    switch (v->type) {
    case GW_VALUE_NULL:
        rc = sqlite3_bind_null(st, at);
        break;
    case GW_VALUE_INT:
        rc = sqlite3_bind_int64(st, at, v->num);
        break;
    case GW_VALUE_BLOB:
        /* A NULL pointer would bind NULL. */
        rc = v->bytes.len == 0
                 ? sqlite3_bind_zeroblob(st, at, 0)
                 : sqlite3_bind_blob64(st, at, v->bytes.ptr, v->bytes.len, SQLITE_STATIC);
        break;
    case GW_VALUE_TEXT:
        rc = sqlite3_bind_text64(st, at, (const char *)v->bytes.ptr, v->bytes.len, SQLITE_STATIC,
                                 SQLITE_UTF8);
        break;
    }
    /* Static bindings allocate nothing; what is left is a wrong index or a value beyond
     * SQLITE_LIMIT_LENGTH, which stays NULL and meets NOT NULL. */
    (void)GW_BUG_ON(rc == SQLITE_RANGE || rc == SQLITE_MISUSE);
}

void gw_store_db_query(struct gw_store_db *db, enum gw_store_stmt st,
                       const struct gw_store_value *v, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bind(db->stmt[st], (int)i + 1, &v[i]);
}

enum gw_status gw_store_db_next(struct gw_store_db *db, enum gw_store_stmt st, bool *ret_row)
{
    int rc = sqlite3_step(db->stmt[st]);
    GW_TRY(gw_store_db_note(db, rc));
    *ret_row = rc == SQLITE_ROW;
    return GW_OK;
}

void gw_store_db_end(struct gw_store_db *db, enum gw_store_stmt st)
{
    sqlite3_reset(db->stmt[st]);
}

enum gw_status gw_store_db_exec(struct gw_store_db *db, enum gw_store_stmt st,
                                const struct gw_store_value *v, size_t count, int *ret_changed)
{
    gw_store_db_query(db, st, v, count);
    int rc = sqlite3_step(db->stmt[st]);
    if (rc == SQLITE_DONE && ret_changed != NULL)
        *ret_changed = sqlite3_changes(db->conn);
    /* Read before the reset, which may forget the operating system's errno. */
    enum gw_status status = gw_store_db_note(db, rc);
    sqlite3_reset(db->stmt[st]);
    return status;
}

enum gw_status gw_store_db_one(struct gw_store_db *db, enum gw_store_stmt st,
                               const struct gw_store_value *v, size_t count)
{
    gw_store_db_query(db, st, v, count);
    bool row = false;
    enum gw_status status = gw_store_db_next(db, st, &row);
    if (status == GW_OK && row)
        return GW_OK;
    gw_store_db_end(db, st);
    return status != GW_OK ? status : GW_NOT_FOUND;
}

int64_t gw_store_db_col_int(struct gw_store_db *db, enum gw_store_stmt st, int col)
{
    return sqlite3_column_int64(db->stmt[st], col);
}

struct gw_bytes gw_store_db_col_bytes(struct gw_store_db *db, enum gw_store_stmt st, int col)
{
    /* The pointer first: asking for it may convert. */
    const void *p = sqlite3_column_blob(db->stmt[st], col);
    return gw_bytes_make(p, (size_t)sqlite3_column_bytes(db->stmt[st], col));
}

const char *gw_store_db_col_text(struct gw_store_db *db, enum gw_store_stmt st, int col)
{
    const unsigned char *p = sqlite3_column_text(db->stmt[st], col);
    return p != NULL ? (const char *)p : "";
}

bool gw_store_db_col_null(struct gw_store_db *db, enum gw_store_stmt st, int col)
{
    return sqlite3_column_type(db->stmt[st], col) == SQLITE_NULL;
}

enum gw_status gw_store_db_col_fixed(struct gw_store_db *db, enum gw_store_stmt st, int col,
                                     void *ret, size_t len)
{
    struct gw_bytes b = gw_store_db_col_bytes(db, st, col);
    if (b.len != len)
        return GW_CORRUPT;
    memcpy(ret, b.ptr, len);
    return GW_OK;
}

enum gw_status gw_store_db_tx(struct gw_store_db *db, enum gw_store_tx_step step)
{
    enum gw_status st = gw_store_db_note(db, sqlite3_step(db->step[step]));
    sqlite3_reset(db->step[step]);
    return st;
}

bool gw_store_db_in_tx(struct gw_store_db *db)
{
    return sqlite3_get_autocommit(db->conn) == 0;
}

enum gw_status gw_store_db_take_failure(struct gw_store_db *db)
{
    enum gw_status st = db->failure;
    db->failure = GW_OK;
    return st;
}

bool gw_store_db_fatal(const struct gw_store_db *db)
{
    return db->fatal;
}

uint64_t gw_store_db_wal_bytes(const struct gw_store_db *db)
{
    return (uint64_t)db->wal_pages * PAGE_BYTES;
}

enum gw_status gw_store_db_checkpoint(struct gw_store_db *db, enum gw_store_checkpoint how)
{
    static const int mode[] = {[GW_CHECKPOINT_PASSIVE] = SQLITE_CHECKPOINT_PASSIVE,
                               [GW_CHECKPOINT_RESTART] = SQLITE_CHECKPOINT_RESTART,
                               [GW_CHECKPOINT_TRUNCATE] = SQLITE_CHECKPOINT_TRUNCATE};
    int pages = 0;
    int moved = 0;
    int rc = sqlite3_wal_checkpoint_v2(db->conn, "main", mode[how], &pages, &moved);
    if ((rc & 0xff) == SQLITE_BUSY) /* readers or nothing: next time */
        return GW_BUSY;
    GW_TRY(gw_store_db_status(db, rc));
    /* All moved: the next transaction writes from the start of the log (unless a reader holds it,
     * then the count of the hook says so). */
    db->wal_pages = pages == moved ? 0 : pages;
    return GW_OK;
}

enum gw_status gw_store_db_limit_pages(struct gw_store_db *db, int64_t pages)
{
    char text[64];
    snprintf(text, sizeof(text), "PRAGMA max_page_count = %lld",
             (long long)(pages != 0 ? pages : UINT32_MAX - 1));
    return gw_store_db_script(db, text);
}
