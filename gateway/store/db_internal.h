/* Inside the back end: what db.c, db_guard.c and db_lent.c share. They alone see sqlite3.h. */
#ifndef GW_STORE_DB_INTERNAL_H
#define GW_STORE_DB_INTERNAL_H

#include <sqlite3.h>

#include "store/db.h"

struct gw_store_db_lent; /* db_lent.c: the statements of one extension */

struct gw_store_db {
    sqlite3 *conn;
    enum gw_store_db_mode mode;
    sqlite3_stmt *stmt[GW_ST_COUNT];
    sqlite3_stmt *step[GW_STEP_COUNT];
    enum gw_status failure;
    bool fatal;
    int wal_pages;
    struct gw_store_db_lent *lent;
    size_t lent_count;
    uint64_t grains_left; /* of the statement that runs; 0: no limit */
};

enum gw_status gw_store_db_status(struct gw_store_db *db, int rc);
/* A result of running a statement: remembers what the world did to it. */
enum gw_status gw_store_db_note(struct gw_store_db *db, int rc);
void gw_store_db_lent_free(struct gw_store_db *db);

/* db_guard.c. While it is set, what is prepared touches objects that begin with "<name>_" only. */
struct gw_store_db_guard {
    const char *name;
    bool schema;   /* may make, alter and drop them */
    bool writes;   /* may change rows of them */
    char why[160]; /* the first thing that was refused; "" */
};
/* NULL: none any more. */
void gw_store_db_guard(struct gw_store_db *db, struct gw_store_db_guard *g);

/* Words outside of quotes and comments. The next one of *at; false: there is none. */
bool gw_store_db_sql_word(const char **at, struct gw_bytes *ret);
bool gw_store_db_sql_is(struct gw_bytes word, const char *keyword);
bool gw_store_db_sql_has(const char *sql, const char *keyword);
/* Nothing but space, comments and semicolons. */
bool gw_store_db_sql_blank(const char *p);

#endif
