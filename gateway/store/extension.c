/* Extensions: the schema and the statements of adapters beside ours. What is wrong with one fails
 * the start in a sentence that names it, and leaves nothing behind. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/store_internal.h"

enum { NAME_MAX_LEN = 48 };

static bool name_ok(const char *name)
{
    size_t len = 0;
    if (name == NULL || name[0] < 'a' || name[0] > 'z')
        return false;
    for (; name[len] != '\0'; len++) {
        bool ok = (name[len] >= 'a' && name[len] <= 'z') ||
                  (name[len] >= '0' && name[len] <= '9') || name[len] == '_';
        if (!ok || len >= NAME_MAX_LEN)
            return false;
    }
    return true;
}

static bool empty(const struct gw_store_extension *e)
{
    return e->migration_count == 0 && e->statement_count == 0;
}

/* Would tables of `b` be among those of `a`? */
static bool within(const char *a, struct gw_bytes b)
{
    size_t len = strlen(a);
    return b.len > len && memcmp(a, b.ptr, len) == 0 && b.ptr[len] == '_';
}

static enum gw_status names_meet(const char *a, const char *b, struct gw_buf *ret_error)
{
    gw_buf_printf(ret_error,
                  "adapter %s: tables of the adapter %s would be taken for its own; rename it", a,
                  b);
    return GW_INVALID;
}

static enum gw_status check_name(const struct gw_store_extension *e, size_t i, size_t count,
                                 struct gw_buf *ret_error)
{
    const char *name = e[i].name;
    if (!name_ok(name)) {
        gw_buf_printf(
            ret_error,
            "adapter %s: one with tables has a name of at most %d letters a-z, digits and "
            "_, from a letter on",
            name != NULL ? name : "?", NAME_MAX_LEN);
        return GW_INVALID;
    }
    for (size_t k = 0; k < count; k++) {
        if (k == i || empty(&e[k]))
            continue;
        if (k < i && strcmp(name, e[k].name) == 0) {
            gw_buf_printf(ret_error, "adapter %s: there are two of this name", name);
            return GW_INVALID;
        }
        if (within(name, gw_bytes_str(e[k].name)))
            return names_meet(name, e[k].name, ret_error);
    }
    return GW_OK;
}

static enum gw_status check_numbers(const struct gw_store_extension *e, struct gw_buf *ret_error)
{
    for (size_t k = 0; k < e->migration_count; k++) {
        if (e->migrations[k].number != k + 1) {
            gw_buf_printf(ret_error, "adapter %s: its migration at place %zu is numbered %u",
                          e->name, k + 1, e->migrations[k].number);
            return GW_INVALID;
        }
    }
    return GW_OK;
}

static enum gw_status check_all(const struct gw_store_extension *e, size_t count,
                                struct gw_buf *ret_error)
{
    for (size_t i = 0; i < count; i++) {
        if (empty(&e[i]))
            continue;
        GW_TRY(check_name(e, i, count, ret_error));
        GW_TRY(check_numbers(&e[i], ret_error));
    }
    return GW_OK;
}

/* Those that were there once keep their tables: nobody else may get at them. */
static enum gw_status check_known(struct gw_store *s, const struct gw_store_extension *e,
                                  struct gw_buf *ret_error)
{
    const enum gw_store_stmt names = GW_ST_EXTENSION_NAMES;
    enum gw_status st;
    bool more = false;
    gw_store_db_query(s->db, names, NULL, 0);
    while ((st = gw_store_db_next(s->db, names, &more)) == GW_OK && more) {
        const char *known = gw_store_db_col_text(s->db, names, 0);
        if (within(e->name, gw_bytes_str(known)))
            st = names_meet(e->name, known, ret_error);
        else if (within(known, gw_bytes_str(e->name)))
            st = names_meet(known, e->name, ret_error);
        if (st != GW_OK)
            break;
    }
    gw_store_db_end(s->db, names);
    return st;
}

static enum gw_status changed(const struct gw_store_extension *e,
                              const struct gw_store_migration *m, struct gw_buf *ret_error)
{
    gw_buf_printf(ret_error,
                  "adapter %s: migration %u \"%s\" was edited after it ran here; bring its text "
                  "back and add a step",
                  e->name, m->number, m->title);
    return GW_CONFLICT;
}

/* Compares the steps that ran with what they say today; *ret_ran: how many. */
static enum gw_status check_ran(struct gw_store *s, const struct gw_store_extension *e,
                                size_t *ret_ran, struct gw_buf *ret_error)
{
    const enum gw_store_stmt steps = GW_ST_EXTENSION_STEPS;
    const struct gw_store_value name = GW_V_TEXT(e->name);
    enum gw_status st;
    bool more = false;
    size_t ran = 0;
    gw_store_db_query(s->db, steps, &name, 1);
    while ((st = gw_store_db_next(s->db, steps, &more)) == GW_OK && more) {
        if (ran < e->migration_count) {
            struct gw_hash now;
            gw_crypto_sha256(gw_bytes_str(e->migrations[ran].sql), GW_BYTES_NONE, GW_BYTES_NONE,
                             &now);
            if (!gw_bytes_eq(gw_store_db_col_bytes(s->db, steps, 1),
                             gw_bytes_make(now.byte, sizeof(now.byte)))) {
                st = changed(e, &e->migrations[ran], ret_error);
                break;
            }
        }
        ran++;
    }
    gw_store_db_end(s->db, steps);
    GW_TRY(st);
    if (ran > e->migration_count) {
        gw_buf_printf(ret_error,
                      "adapter %s: its tables are of migration %zu, this one knows up to %zu; load "
                      "the newer adapter, or restore the copy from before the upgrade",
                      e->name, ran, e->migration_count);
        return GW_UNSUPPORTED;
    }
    *ret_ran = ran;
    return GW_OK;
}

static enum gw_status run_step(struct gw_store *s, const struct gw_store_extension *e,
                               const struct gw_store_migration *m, struct gw_buf *ret_error)
{
    struct gw_buf why;
    gw_buf_init(&why, 4096);
    enum gw_status st = gw_store_db_lent_migrate(s->db, e->name, m->sql, &why);
    if (st != GW_OK)
        gw_buf_printf(ret_error, "adapter %s: migration %u \"%s\": %.*s", e->name, m->number,
                      m->title, GW_BYTES_FMT(gw_buf_view(&why)));
    gw_buf_fini(&why);
    if (st == GW_DENIED || st == GW_INTERNAL || st == GW_EXISTS)
        return GW_INVALID;
    GW_TRY(st);
    struct gw_hash digest;
    gw_crypto_sha256(gw_bytes_str(m->sql), GW_BYTES_NONE, GW_BYTES_NONE, &digest);
    const struct gw_store_value v[] = {GW_V_TEXT(e->name), GW_V_INT(m->number), GW_V_TEXT(m->title),
                                       GW_V_BLOB(gw_bytes_make(digest.byte, sizeof(digest.byte))),
                                       GW_V_INT(gw_clock_wall_us())};
    return gw_store_db_exec(s->db, GW_ST_EXTENSION_PUT, v, GW_ARRAY_LEN(v), NULL);
}

static enum gw_status migrate(struct gw_store *s, const struct gw_store_extension *e,
                              struct gw_buf *ret_error)
{
    size_t ran;
    GW_TRY(check_known(s, e, ret_error));
    GW_TRY(check_ran(s, e, &ran, ret_error));
    if (ran == 0) {
        int64_t there;
        GW_TRY(gw_store_db_lent_objects(s->db, e->name, &there));
        if (there != 0) {
            gw_buf_printf(ret_error,
                          "adapter %s: the data set has tables \"%s_...\" of another; rename it",
                          e->name, e->name);
            return GW_INVALID;
        }
    }
    for (size_t i = ran; i < e->migration_count; i++)
        GW_TRY(run_step(s, e, &e->migrations[i], ret_error));
    return GW_OK;
}

static enum gw_status open_all(struct gw_store *s, struct gw_buf *ret_error)
{
    const struct gw_store_extension *e = s->set.extensions;
    GW_TRY(gw_store_db_tx(s->db, GW_STEP_BEGIN_WRITE));
    for (size_t i = 0; i < s->set.extension_count; i++) {
        if (!empty(&e[i]))
            GW_TRY(migrate(s, &e[i], ret_error));
    }
    GW_TRY(gw_store_db_lent_prepare(s->db, e, s->set.extension_count, ret_error));
    return gw_store_db_tx(s->db, GW_STEP_COMMIT);
}

enum gw_status gw_store_extensions_open(struct gw_store *s, struct gw_buf *ret_error)
{
    struct gw_buf none;
    gw_buf_init(&none, 4096);
    struct gw_buf *error = ret_error != NULL ? ret_error : &none;
    size_t said = error->len;
    enum gw_status st = check_all(s->set.extensions, s->set.extension_count, error);
    if (st == GW_OK && s->set.extension_count != 0) {
        st = open_all(s, error);
        if (st != GW_OK && error->len == said)
            gw_buf_printf(error, "%s: schema of adapters: %s", s->path, gw_store_db_message(s->db));
        /* Else the connection is closed next: that rolls back as well. */
        if (st != GW_OK && gw_store_db_in_tx(s->db))
            (void)!gw_store_db_tx(s->db, GW_STEP_ROLLBACK);
    }
    gw_buf_fini(&none);
    return st;
}

enum gw_status gw_store_extensions_check(const struct gw_store_extension *e, size_t count,
                                         struct gw_buf *ret_error)
{
    static const char where[] = "in memory";
    struct gw_store *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return GW_NOMEM;
    s->set.extensions = e;
    s->set.extension_count = count;
    snprintf(s->path, sizeof(s->path), "%s", where);
    enum gw_status st = gw_store_db_open_trial(&s->db);
    if (st == GW_OK)
        st = gw_store_schema_migrate(s->db, where, 0, ret_error);
    if (st == GW_OK)
        st = gw_store_db_prepare(s->db);
    if (st == GW_OK)
        st = gw_store_extensions_open(s, ret_error);
    gw_store_db_close(s->db);
    free(s);
    return st;
}
