/* index.db (SPEC 14): SQLite beside the log, derived, never trusted, rebuilt from the bundles when
 * it does not fit. */
#include "audit/audit_internal.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

struct gw_audit_index {
    sqlite3 *db;
    sqlite3_stmt *put_e, *put_s, *put_meta;
    char shard[PATH_MAX];
    char origin[GW_AUDIT_ORIGIN_MAX + 1];
    uint64_t size;
};

static const char schema[] = "CREATE TABLE IF NOT EXISTS meta(k TEXT PRIMARY KEY, v) WITHOUT ROWID;"
                             "CREATE TABLE IF NOT EXISTS e(seq INTEGER PRIMARY KEY, time_us INT, "
                             "kind INT, direction INT, phase INT, peer_id TEXT,"
                             " method TEXT, purpose TEXT, decision INT, reason TEXT, status INT, "
                             "exchange_id BLOB, requester_org TEXT);"
                             "CREATE TABLE IF NOT EXISTS s(pseudonym BLOB, seq INT, PRIMARY "
                             "KEY(pseudonym, seq)) WITHOUT ROWID;"
                             "CREATE INDEX IF NOT EXISTS e_time ON e(time_us);"
                             "CREATE INDEX IF NOT EXISTS e_xid ON e(exchange_id);"
                             "CREATE INDEX IF NOT EXISTS e_peer ON e(peer_id, time_us);";

static const char sql_put_e[] = "INSERT OR REPLACE INTO e VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)";
static const char sql_put_s[] = "INSERT OR IGNORE INTO s VALUES(?,?)";
static const char sql_put_meta[] = "INSERT OR REPLACE INTO meta VALUES(?,?)";
static const char sql_get_meta[] = "SELECT v FROM meta WHERE k=?";

/* Columns of e behind seq, in order. */
static const enum gw_audit_field columns[] = {
    GW_AF_TIME_US, GW_AF_KIND,   GW_AF_DIRECTION,   GW_AF_PHASE,
    GW_AF_PEER_ID, GW_AF_METHOD, GW_AF_PURPOSE,     GW_AF_DECISION,
    GW_AF_REASON,  GW_AF_STATUS, GW_AF_EXCHANGE_ID, GW_AF_REQUESTER_ORG,
};

static enum gw_status exec(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? GW_OK : GW_IO;
}

static enum gw_status prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret)
{
    return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL) == SQLITE_OK
               ? GW_OK
               : GW_IO;
}

static int bind_blob(sqlite3_stmt *s, int at, struct gw_bytes b)
{
    return sqlite3_bind_blob(s, at, b.ptr, (int)b.len, SQLITE_STATIC);
}

static int bind_text(sqlite3_stmt *s, int at, struct gw_bytes b)
{
    return sqlite3_bind_text(s, at, (const char *)b.ptr, (int)b.len, SQLITE_STATIC);
}

static enum gw_status step_done(sqlite3_stmt *s)
{
    int rc = sqlite3_step(s);
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return rc == SQLITE_DONE ? GW_OK : GW_IO;
}

void gw_audit_index_close(struct gw_audit_index *ix)
{
    if (ix == NULL)
        return;
    sqlite3_finalize(ix->put_e);
    sqlite3_finalize(ix->put_s);
    sqlite3_finalize(ix->put_meta);
    sqlite3_close(ix->db);
    free(ix);
}

uint64_t gw_audit_index_size(const struct gw_audit_index *ix)
{
    return ix->size;
}

static struct gw_audit_index *index_new(const char *shard, const char *origin)
{
    struct gw_audit_index *ix = calloc(1, sizeof(*ix));
    if (ix == NULL || strlen(shard) >= sizeof(ix->shard) || strlen(origin) >= sizeof(ix->origin)) {
        free(ix);
        return NULL;
    }
    memcpy(ix->shard, shard, strlen(shard));
    memcpy(ix->origin, origin, strlen(origin));
    return ix;
}

/* ---- does it belong to this log? ---- */

static enum gw_status meta_get(struct gw_audit_index *ix, const char *key, struct gw_buf *ret)
{
    sqlite3_stmt *s = NULL;
    GW_TRY(prepare(ix->db, sql_get_meta, &s));
    enum gw_status st = GW_NOT_FOUND;
    if (bind_text(s, 1, gw_bytes_str(key)) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW) {
        const void *p = sqlite3_column_blob(s, 0);
        gw_buf_append(ret, p, (size_t)sqlite3_column_bytes(s, 0));
        st = gw_buf_failed(ret);
    }
    sqlite3_finalize(s);
    return st;
}

/* Origin, size and the root at that size: GW_NOT_FOUND when it is another log's or ahead of this
 * one. */
static enum gw_status fits(struct gw_audit_index *ix, uint64_t size)
{
    uint8_t room[GW_AUDIT_ORIGIN_MAX + 1];
    struct gw_buf b;
    gw_buf_init_fixed(&b, room, sizeof(room));
    GW_TRY(meta_get(ix, "origin", &b));
    if (!gw_bytes_eq_str(gw_buf_view(&b), ix->origin))
        return GW_NOT_FOUND;
    gw_buf_reset(&b);
    GW_TRY(meta_get(ix, "indexed_size", &b));
    uint64_t indexed = 0;
    for (size_t i = 0; i < b.len && i < 19; i++)
        indexed = indexed * 10 + (uint64_t)(room[i] - '0');
    if (indexed > size)
        return GW_NOT_FOUND;
    gw_buf_reset(&b);
    GW_TRY(meta_get(ix, "root", &b));
    struct gw_hash root;
    GW_TRY(gw_audit_root_at(ix->shard, indexed, size, &root));
    if (!gw_bytes_eq(gw_buf_view(&b), gw_bytes_make(&root, sizeof(root))))
        return GW_NOT_FOUND;
    ix->size = indexed;
    return GW_OK;
}

/* ---- writing ---- */

static enum gw_status put_meta(struct gw_audit_index *ix, const char *key, struct gw_bytes value,
                               bool text)
{
    if (bind_text(ix->put_meta, 1, gw_bytes_str(key)) != SQLITE_OK ||
        (text ? bind_text(ix->put_meta, 2, value) : bind_blob(ix->put_meta, 2, value)) != SQLITE_OK)
        return GW_IO;
    return step_done(ix->put_meta);
}

static enum gw_status put_size(struct gw_audit_index *ix, uint64_t indexed, uint64_t size)
{
    struct gw_hash root;
    char digits[24];
    struct gw_buf b;
    GW_TRY(gw_audit_root_at(ix->shard, indexed, size, &root));
    gw_buf_init_fixed(&b, digits, sizeof(digits));
    gw_buf_printf(&b, "%llu", (unsigned long long)indexed);
    GW_TRY(put_meta(ix, "origin", gw_bytes_str(ix->origin), true));
    GW_TRY(put_meta(ix, "indexed_size", gw_buf_view(&b), true));
    return put_meta(ix, "root", gw_bytes_make(&root, sizeof(root)), false);
}

static enum gw_status put_entry(struct gw_audit_index *ix, uint64_t seq, struct gw_bytes bytes)
{
    struct gw_audit_entry e;
    GW_TRY(gw_audit_entry_decode(bytes, &e));
    sqlite3_stmt *s = ix->put_e;
    int bad = sqlite3_bind_int64(s, 1, (sqlite3_int64)seq);
    for (size_t i = 0; i < GW_ARRAY_LEN(columns); i++) {
        enum gw_audit_field f = columns[i];
        int at = (int)i + 2;
        if (!gw_audit_has(&e, f))
            continue;
        if (f == GW_AF_EXCHANGE_ID)
            bad |= bind_blob(s, at, e.str[f]);
        else if (e.str[f].len != 0)
            bad |= bind_text(s, at, e.str[f]);
        else
            bad |= sqlite3_bind_int64(s, at, (sqlite3_int64)e.num[f]);
    }
    if (bad != SQLITE_OK)
        return GW_IO;
    GW_TRY(step_done(s));
    for (size_t i = 0; i < e.subjects; i++) {
        if (bind_blob(ix->put_s, 1, gw_bytes_make(&e.subject[i], sizeof(e.subject[i]))) !=
                SQLITE_OK ||
            sqlite3_bind_int64(ix->put_s, 2, (sqlite3_int64)seq) != SQLITE_OK)
            return GW_IO;
        GW_TRY(step_done(ix->put_s));
    }
    return GW_OK;
}

static enum gw_status add_range(struct gw_audit_index *ix, uint64_t size, uint64_t to)
{
    struct gw_audit_reader *r;
    GW_TRY(gw_audit_reader_make(ix->shard, ix->origin, size, &r));
    enum gw_status st = GW_OK;
    for (uint64_t seq = ix->size; st == GW_OK && seq < to; seq++) {
        struct gw_bytes entry;
        st = gw_audit_reader_get(r, seq, &entry);
        if (st == GW_OK)
            st = put_entry(ix, seq, entry);
    }
    gw_audit_reader_close(r);
    return st;
}

enum gw_status gw_audit_index_add(struct gw_audit_index *ix, uint64_t size, uint64_t max)
{
    if (ix->size >= size)
        return GW_OK;
    uint64_t to = size - ix->size > max ? ix->size + max : size;
    GW_TRY(exec(ix->db, "BEGIN IMMEDIATE"));
    enum gw_status st = add_range(ix, size, to);
    if (st == GW_OK)
        st = put_size(ix, to, size);
    if (st == GW_OK)
        st = exec(ix->db, "COMMIT");
    if (st != GW_OK) {
        (void)!exec(ix->db, "ROLLBACK");
        return st;
    }
    ix->size = to;
    return GW_OK;
}

/* ---- opening ---- */

static enum gw_status open_write(const char *path, struct gw_audit_index *ix)
{
    if (sqlite3_open_v2(path, &ix->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        return GW_IO;
    sqlite3_busy_timeout(ix->db, 1000);
    GW_TRY(exec(ix->db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"));
    GW_TRY(exec(ix->db, schema));
    GW_TRY(prepare(ix->db, sql_put_e, &ix->put_e));
    GW_TRY(prepare(ix->db, sql_put_s, &ix->put_s));
    return prepare(ix->db, sql_put_meta, &ix->put_meta);
}

static void remove_files(const char *path)
{
    static const char *const suffix[] = {"", "-wal", "-shm"};
    char name[PATH_MAX];
    for (size_t i = 0; i < GW_ARRAY_LEN(suffix); i++) {
        struct gw_buf b;
        gw_buf_init_fixed(&b, name, sizeof(name) - 1);
        gw_buf_printf(&b, "%s%s", path, suffix[i]);
        name[b.len] = '\0';
        (void)unlink(name);
    }
}

enum gw_status gw_audit_index_open(const char *dir, const char *shard, const char *origin,
                                   uint64_t size, struct gw_audit_index **ret)
{
    char path[PATH_MAX];
    GW_TRY(gw_file_join(path, sizeof(path), dir, "index.db"));
    for (int attempt = 0; attempt < 2; attempt++) {
        struct gw_audit_index *ix = index_new(shard, origin);
        if (ix == NULL)
            return GW_NOMEM;
        enum gw_status st = open_write(path, ix);
        if (st == GW_OK)
            st = attempt == 0 ? fits(ix, size) : put_size(ix, 0, size);
        if (st == GW_OK) {
            *ret = ix;
            return GW_OK;
        }
        gw_audit_index_close(ix);
        remove_files(path);
    }
    return GW_IO;
}

enum gw_status gw_audit_index_open_read(const char *shard, const char *origin, uint64_t size,
                                        struct gw_audit_index **ret)
{
    char path[PATH_MAX];
    GW_TRY(gw_file_join(path, sizeof(path), shard, "../index.db"));
    struct gw_audit_index *ix = index_new(shard, origin);
    if (ix == NULL)
        return GW_NOMEM;
    enum gw_status st = GW_NOT_FOUND;
    if (sqlite3_open_v2(path, &ix->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) ==
        SQLITE_OK) {
        sqlite3_busy_timeout(ix->db, 1000);
        st = fits(ix, size);
    }
    if (st != GW_OK) {
        gw_audit_index_close(ix);
        return GW_NOT_FOUND;
    }
    *ret = ix;
    return GW_OK;
}

/* ---- finding ---- */

/* A condition of a query: SQL, and whether the query asks for it. Bound in this order. */
static void where(struct gw_buf *sql, const struct gw_audit_query *q)
{
    gw_buf_str(sql, q->subject != NULL
                        ? "SELECT s.seq FROM s CROSS JOIN e ON e.seq=s.seq WHERE s.seq<?"
                        : "SELECT e.seq FROM e WHERE e.seq<?");
    if (q->subject != NULL)
        gw_buf_str(sql, " AND s.pseudonym=?");
    if (q->exchange_id != NULL)
        gw_buf_str(sql, " AND e.exchange_id=?");
    if (q->peer_id != NULL)
        gw_buf_str(sql, " AND e.peer_id=?");
    if (q->method != NULL)
        gw_buf_str(sql, " AND e.method=?");
    if (q->reason != NULL)
        gw_buf_str(sql, " AND e.reason=?");
    if (q->decision != 0)
        gw_buf_str(sql, " AND e.decision=?");
    if (q->kind != 0)
        gw_buf_str(sql, " AND e.kind=?");
    if (q->from_us != 0)
        gw_buf_str(sql, " AND e.time_us>=?");
    if (q->to_us != 0)
        gw_buf_str(sql, " AND e.time_us<=?");
    gw_buf_str(sql, q->subject != NULL ? " ORDER BY s.seq DESC" : " ORDER BY e.seq DESC");
}

static enum gw_status bind_where(sqlite3_stmt *s, const struct gw_audit_query *q, uint64_t before)
{
    int at = 1;
    int bad =
        sqlite3_bind_int64(s, at++, (sqlite3_int64)(before <= INT64_MAX ? before : INT64_MAX));
    if (q->subject != NULL)
        bad |= bind_blob(s, at++, gw_bytes_make(q->subject, sizeof(*q->subject)));
    if (q->exchange_id != NULL)
        bad |= bind_blob(s, at++, gw_bytes_make(q->exchange_id, 16));
    if (q->peer_id != NULL)
        bad |= bind_text(s, at++, gw_bytes_str(q->peer_id));
    if (q->method != NULL)
        bad |= bind_text(s, at++, gw_bytes_str(q->method));
    if (q->reason != NULL)
        bad |= bind_text(s, at++, gw_bytes_str(q->reason));
    if (q->decision != 0)
        bad |= sqlite3_bind_int(s, at++, q->decision);
    if (q->kind != 0)
        bad |= sqlite3_bind_int(s, at++, q->kind);
    if (q->from_us != 0)
        bad |= sqlite3_bind_int64(s, at++, q->from_us);
    if (q->to_us != 0)
        bad |= sqlite3_bind_int64(s, at++, q->to_us);
    return bad == SQLITE_OK ? GW_OK : GW_IO;
}

enum gw_status gw_audit_index_find(struct gw_audit_index *ix, const struct gw_audit_query *q,
                                   uint64_t before, bool (*found)(void *arg, uint64_t seq),
                                   void *arg)
{
    char room[768];
    struct gw_buf sql;
    gw_buf_init_fixed(&sql, room, sizeof(room) - 1);
    where(&sql, q);
    GW_TRY(gw_buf_failed(&sql));
    room[sql.len] = '\0';
    sqlite3_stmt *s = NULL;
    GW_TRY(prepare(ix->db, room, &s));
    enum gw_status st = bind_where(s, q, before);
    int rc = SQLITE_ROW;
    while (st == GW_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        if (!found(arg, (uint64_t)sqlite3_column_int64(s, 0))) {
            rc = SQLITE_DONE;
            break;
        }
    }
    sqlite3_finalize(s);
    return st == GW_OK && rc != SQLITE_DONE ? GW_IO : st;
}
