/* Whose file it is and how old: numbered migrations, each once. */
#include "store/store_internal.h"

#include <stdio.h>

#include "base/clock.h"

enum { APPLICATION_ID = 0x58514457 }; /* "XQDW": a Xinqiao data set */

static const struct {
    int64_t version;
    const char *what;
    const char *sql;
} migrations[] = {
#define GW_MIGRATION(version, what, ...) {version, what, __VA_ARGS__},
#include "store/migrations.def"
#undef GW_MIGRATION
};

int64_t gw_store_schema_newest(void)
{
    return migrations[GW_ARRAY_LEN(migrations) - 1].version;
}

static enum gw_status refuse(struct gw_buf *ret_error, enum gw_status st, const char *path,
                             const char *text)
{
    if (ret_error != NULL)
        gw_buf_printf(ret_error, "%s: %s", path, text);
    return st;
}

enum gw_status gw_store_schema_version(struct gw_store_db *db, const char *path, int64_t *ret,
                                       struct gw_buf *ret_error)
{
    int64_t app = 0;
    int64_t tables = 0;
    int64_t version = 0;
    enum gw_status st = gw_store_db_int(db, "PRAGMA application_id", &app);
    if (st == GW_OK)
        st = gw_store_db_int(db, "SELECT count(*) FROM sqlite_master", &tables);
    if (st != GW_OK)
        return refuse(ret_error, st, path, gw_store_db_message(db));
    if (app != APPLICATION_ID && (app != 0 || tables != 0))
        return refuse(ret_error, GW_PRECONDITION, path, "is not a data set of this program");
    if (app == APPLICATION_ID) {
        st = gw_store_db_int(db, "SELECT coalesce(max(version), 0) FROM schema_version", &version);
        if (st != GW_OK)
            return refuse(ret_error, GW_CORRUPT, path, "has no schema version");
    }
    if (version > gw_store_schema_newest()) {
        if (ret_error != NULL)
            gw_buf_printf(ret_error,
                          "%s: schema %lld was made by a newer program, this one knows up to %lld; "
                          "start the newer "
                          "program, or restore the copy from before the upgrade",
                          path, (long long)version, (long long)gw_store_schema_newest());
        return GW_UNSUPPORTED;
    }
    *ret = version;
    return GW_OK;
}

static enum gw_status apply(struct gw_store_db *db, size_t i)
{
    char text[256];
    GW_TRY(gw_store_db_script(db, migrations[i].sql));
    snprintf(text, sizeof(text),
             "INSERT INTO schema_version(version, what, applied_us) VALUES(%lld, '%s', %lld)",
             (long long)migrations[i].version, migrations[i].what, (long long)gw_clock_wall_us());
    return gw_store_db_script(db, text);
}

static enum gw_status apply_all(struct gw_store_db *db, int64_t from)
{
    char text[128];
    snprintf(text, sizeof(text), "PRAGMA application_id = %d", APPLICATION_ID);
    GW_TRY(gw_store_db_script(db, "BEGIN IMMEDIATE"));
    GW_TRY(gw_store_db_script(db, text));
    GW_TRY(gw_store_db_script(
        db, "CREATE TABLE IF NOT EXISTS schema_version(version INTEGER PRIMARY KEY,"
            " what TEXT NOT NULL, applied_us INTEGER NOT NULL)"));
    for (size_t i = 0; i < GW_ARRAY_LEN(migrations); i++) {
        if (migrations[i].version > from)
            GW_TRY(apply(db, i));
    }
    return gw_store_db_script(db, "COMMIT");
}

enum gw_status gw_store_schema_migrate(struct gw_store_db *db, const char *path, int64_t from,
                                       struct gw_buf *ret_error)
{
    if (from == gw_store_schema_newest())
        return GW_OK;
    enum gw_status st = apply_all(db, from);
    if (st == GW_OK)
        return GW_OK;
    (void)refuse(ret_error, st, path, gw_store_db_message(db));
    if (gw_store_db_in_tx(db)) {
        /* The connection is closed next: that rolls back as well. */
        if (gw_store_db_script(db, "ROLLBACK") != GW_OK)
            return st;
    }
    return st;
}
