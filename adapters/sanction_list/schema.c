/* Tables and statements of the adapter. What names a person is keyed or sealed: `mac` is the HMAC
 * of (source, list, entry), `subject` that of the identifier, `digest` that of the contents;
 * `record` is sealed and goes when the entry ends. */
#include "sanction_list.h"

const struct gw_adapter_migration sl_migrations[] = {
    {.number = 1,
     .title = "entries, their changes, sources, versions",
     /* no: the change number that made the entry. live 1: on the list. ended: LIST_END_*, absent: a
      * snapshot did not name it. Dates are yyyymmdd. */
     .sql =
         "CREATE TABLE sanction_list_entry(no INTEGER PRIMARY KEY, id BLOB NOT NULL, source TEXT "
         "NOT NULL, list TEXT NOT NULL, mac BLOB NOT NULL, revision INTEGER NOT NULL, change_no "
         "INTEGER NOT NULL, live INTEGER NOT NULL, ended INTEGER NOT NULL, absent INTEGER NOT "
         "NULL, ended_on INTEGER NOT NULL, ends_on INTEGER NOT NULL, class INTEGER NOT NULL, area "
         "TEXT NOT NULL, scope INTEGER NOT NULL, subject BLOB NOT NULL, receipt INTEGER NOT NULL, "
         "record BLOB);"
         "CREATE UNIQUE INDEX sanction_list_entry_mac ON sanction_list_entry(mac);"
         "CREATE UNIQUE INDEX sanction_list_entry_change ON sanction_list_entry(list, change_no);"
         "CREATE INDEX sanction_list_entry_subject ON sanction_list_entry(subject, live);"
         "CREATE INDEX sanction_list_entry_end ON sanction_list_entry(live, ends_on);"
         "CREATE INDEX sanction_list_entry_source ON sanction_list_entry(source, list, live, no);"

         "CREATE TABLE sanction_list_change(change_no INTEGER PRIMARY KEY, entry INTEGER NOT NULL, "
         "revision INTEGER NOT NULL, live INTEGER NOT NULL, scope INTEGER NOT NULL, digest BLOB, "
         "receipt INTEGER NOT NULL);"
         "CREATE INDEX sanction_list_change_entry ON sanction_list_change(entry, change_no);"

         /* Classes and areas that a list has had, numbered: cursors say which of them their holder
          * was sent. */
         "CREATE TABLE sanction_list_scope(list TEXT NOT NULL, class INTEGER NOT NULL, area TEXT "
         "NOT NULL, no INTEGER NOT NULL, PRIMARY KEY(list, class, area));"

         "CREATE TABLE sanction_list_source(source TEXT NOT NULL, list TEXT NOT NULL, live INTEGER "
         "NOT NULL, unmatched INTEGER NOT NULL, versions INTEGER NOT NULL, version TEXT NOT NULL, "
         "as_of INTEGER NOT NULL, "
         "empty INTEGER NOT NULL, published_us INTEGER NOT NULL, PRIMARY KEY(list, source));"

         /* state: 1 open, 2 held, 3 applied, 4 discarded. operator: who has consented to it.
          * closed_change: the last change of the list when it was closed.
          * touched_us: when a row was last added to it. */
         "CREATE TABLE sanction_list_version(no INTEGER PRIMARY KEY, source TEXT NOT NULL, list "
         "TEXT NOT NULL, version TEXT NOT NULL, state INTEGER NOT NULL, snapshot INTEGER NOT NULL, "
         "declared INTEGER NOT NULL, empty INTEGER NOT NULL, as_of INTEGER NOT NULL, staged "
         "INTEGER NOT NULL, refused INTEGER NOT NULL, added INTEGER NOT NULL, updated INTEGER NOT "
         "NULL, removed INTEGER NOT NULL, repaired INTEGER NOT NULL, before_live INTEGER NOT NULL, "
         "opened_us INTEGER NOT NULL, closed_us INTEGER NOT NULL, reason TEXT NOT NULL, receipt "
         "INTEGER NOT NULL, operator TEXT NOT NULL, closed_change INTEGER NOT NULL DEFAULT 0, "
         "touched_us INTEGER NOT NULL DEFAULT 0);"
         "CREATE UNIQUE INDEX sanction_list_version_name ON sanction_list_version(source, list, "
         "version);"
         "CREATE INDEX sanction_list_version_state ON sanction_list_version(state, list);"

         /* kind: 0 entry, 1 removal, 2 a row that was refused. */
         "CREATE TABLE sanction_list_staged(version INTEGER NOT NULL, mac BLOB NOT NULL, kind "
         "INTEGER NOT NULL, revision INTEGER NOT NULL, digest BLOB NOT NULL, id BLOB NOT NULL, "
         "ended INTEGER NOT NULL, ended_on INTEGER NOT NULL, ends_on INTEGER NOT NULL, class "
         "INTEGER NOT NULL, area TEXT NOT NULL, subject BLOB NOT NULL, receipt INTEGER NOT NULL, "
         "record BLOB, PRIMARY KEY(version, mac));"},
};
const size_t sl_migration_count = sizeof(sl_migrations) / sizeof(sl_migrations[0]);

#define SL_ENTRY_COLUMNS                                                                           \
    "no, id, source, list, revision, change_no, live, ended, absent, ended_on, ends_on, class, "   \
    "area, scope, subject, receipt, mac"
#define SL_VERSION_COLUMNS                                                                         \
    "no, source, list, version, state, snapshot, declared, empty, as_of, staged, refused, added, " \
    "updated, removed, repaired, before_live, closed_us, reason, receipt, operator, "              \
    "closed_change"
#define SL_STAGED_COLUMNS                                                                          \
    "mac, kind, revision, digest, id, ended, ended_on, ends_on, class, area, subject, receipt"

const struct gw_adapter_statement sl_statements[] = {
#define SL_STATEMENT(name_, writes_, sql_) {.name = #name_, .writes = writes_, .sql = sql_},
#include "statements.def"
#undef SL_STATEMENT
};
_Static_assert(sizeof(sl_statements) / sizeof(sl_statements[0]) == SL_STATEMENT_COUNT, "rows");

/* ---- rows into structs ---- */

static void take_text(char *to, size_t size, const struct gw_adapter_value *v)
{
    sl_copy(to, size, v->bytes, v->len);
}

static void take_bytes(uint8_t *to, size_t size, const struct gw_adapter_value *v)
{
    memset(to, 0, size);
    if (v->len == size)
        memcpy(to, v->bytes, size);
}

void sl_entry_take(struct sl_entry *e, const struct gw_adapter_value *v)
{
    e->no = v[0].number;
    take_bytes(e->id, sizeof(e->id), &v[1]);
    take_text(e->source, sizeof(e->source), &v[2]);
    take_text(e->list, sizeof(e->list), &v[3]);
    e->revision = v[4].number;
    e->change_no = v[5].number;
    e->live = v[6].number != 0;
    e->ended = (int32_t)v[7].number;
    e->absent = v[8].number != 0;
    e->ended_on = (int32_t)v[9].number;
    e->ends_on = (int32_t)v[10].number;
    e->class_bit = (uint32_t)v[11].number;
    take_text(e->area, sizeof(e->area), &v[12]);
    e->scope = v[13].number;
    take_bytes(e->subject, sizeof(e->subject), &v[14]);
    e->receipt = v[15].number;
    take_bytes(e->mac, sizeof(e->mac), &v[16]);
}

void sl_version_take(struct sl_version *r, const struct gw_adapter_value *v)
{
    r->no = v[0].number;
    take_text(r->source, sizeof(r->source), &v[1]);
    take_text(r->list, sizeof(r->list), &v[2]);
    take_text(r->version, sizeof(r->version), &v[3]);
    r->state = (int32_t)v[4].number;
    r->snapshot = v[5].number != 0;
    r->declared = v[6].number;
    r->empty = v[7].number != 0;
    r->as_of = v[8].number;
    r->staged = v[9].number;
    r->refused = v[10].number;
    r->added = v[11].number;
    r->updated = v[12].number;
    r->removed = v[13].number;
    r->repaired = v[14].number;
    r->before = v[15].number;
    r->closed_us = v[16].number;
    take_text(r->reason, sizeof(r->reason), &v[17]);
    r->receipt = v[18].number;
    take_text(r->operator_, sizeof(r->operator_), &v[19]);
    r->closed_change = v[20].number;
}

void sl_put_take(struct sl_put *p, const struct gw_adapter_value *v)
{
    take_bytes(p->mac, sizeof(p->mac), &v[0]);
    p->kind = (int32_t)v[1].number;
    p->revision = v[2].number;
    take_bytes(p->digest, sizeof(p->digest), &v[3]);
    take_bytes(p->id, sizeof(p->id), &v[4]);
    p->ended = (int32_t)v[5].number;
    p->ended_on = (int32_t)v[6].number;
    p->ends_on = (int32_t)v[7].number;
    p->class_bit = (uint32_t)v[8].number;
    take_text(p->area, sizeof(p->area), &v[9]);
    take_bytes(p->subject, sizeof(p->subject), &v[10]);
    p->receipt = v[11].number;
}
