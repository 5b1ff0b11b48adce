/* Tables of adapters: each step runs once or not at all, an edited or newer schema is refused, and
 * no statement reaches what is not the adapter's. */
#include <signal.h>
#include <sys/wait.h>

#include "store/extension_support.h"

static int bare_setup(void **state)
{
    struct world *w = malloc(sizeof(*w));
    assert_non_null(w);
    world_make(w);
    *state = w;
    return 0;
}

static void give(struct world *w, const struct gw_store_extension *e, size_t count)
{
    w->set.extensions = e;
    w->set.extension_count = count;
}

static void opens(struct world *w)
{
    world_open(w);
    world_close(w);
}

static void refused_with(struct world *w, enum gw_status st, const char *text)
{
    char said[512];
    assert_int_equal(world_try_open(w, said, sizeof(said)), st);
    if (strstr(said, text) == NULL)
        fail_msg("\"%s\" is not in: %s", text, said);
}

static int64_t ask(struct world *w, const char *sql)
{
    struct gw_store_db *db;
    int64_t n = -1;
    assert_int_equal(
        gw_store_db_open(path_in(w->dir, "xinqiao.db"), GW_STORE_DB_WRITER, &w->set, &db, NULL),
        GW_OK);
    assert_int_equal(gw_store_db_int(db, sql, &n), GW_OK);
    gw_store_db_close(db);
    return n;
}

static int64_t steps_of(struct world *w, const char *name)
{
    char sql[128];
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM extension_step WHERE extension = '%s'", name);
    return ask(w, sql);
}

static void steps_run_once_and_later_ones_follow(void **state)
{
    struct world *w = *state;
    struct gw_store_extension e[] = {list_extension(), score_extension()};
    e[0].migration_count = 1;
    e[0].statement_count = 0;
    give(w, e, 2);
    opens(w);
    assert_int_equal(steps_of(w, "list"), 1);
    assert_int_equal(steps_of(w, "score"), 1);
    tamper(w, "INSERT INTO list_entry(id, n) VALUES(1, 5)");
    e[0] = list_extension();
    opens(w);
    opens(w);
    assert_int_equal(steps_of(w, "list"), 2);
    assert_int_equal(ask(w, "SELECT n FROM list_entry WHERE owner = ''"), 5);
}

static void one_that_is_not_loaded_today_stays(void **state)
{
    struct world *w = *state;
    struct gw_store_extension e[] = {list_extension(), score_extension()};
    give(w, e, 2);
    opens(w);
    tamper(w, "INSERT INTO list_entry(id) VALUES(1)");
    give(w, &e[1], 1);
    opens(w);
    give(w, NULL, 0);
    opens(w);
    assert_int_equal(steps_of(w, "list"), 2);
    give(w, e, 2);
    opens(w);
    assert_int_equal(ask(w, "SELECT count(*) FROM list_entry"), 1);
}

/* INVARIANTS S2 */
static void an_edited_step_is_refused(void **state)
{
    struct world *w = *state;
    struct gw_store_extension e = list_extension();
    give(w, &e, 1);
    opens(w);
    const struct gw_store_migration edited[] = {
        list_steps[0],
        {2, "owner", "ALTER TABLE list_entry ADD COLUMN owner TEXT NOT NULL DEFAULT 'x';"}};
    e.migrations = edited;
    refused_with(w, GW_CONFLICT, "adapter list: migration 2 \"owner\" was edited after it ran");
    /* A title is no part of what ran. */
    const struct gw_store_migration renamed[] = {list_steps[0],
                                                 {2, "another title", list_steps[1].sql}};
    e.migrations = renamed;
    opens(w);
}

/* INVARIANTS S2 */
static void a_newer_schema_is_refused(void **state)
{
    struct world *w = *state;
    struct gw_store_extension e = list_extension();
    give(w, &e, 1);
    opens(w);
    e.migration_count = 1;
    e.statement_count = 0;
    refused_with(w, GW_UNSUPPORTED,
                 "adapter list: its tables are of migration 2, this one knows up to 1");
    assert_int_equal(steps_of(w, "list"), 2);
}

static void numbers_have_no_gaps(void **state)
{
    struct world *w = *state;
    const struct gw_store_migration gap[] = {list_steps[0], {3, "owner", list_steps[1].sql}};
    struct gw_store_extension e = list_extension();
    e.migrations = gap;
    give(w, &e, 1);
    refused_with(w, GW_INVALID, "adapter list: its migration at place 2 is numbered 3");
}

static void a_failed_start_leaves_nothing_behind(void **state)
{
    struct world *w = *state;
    const struct gw_store_migration bad[] = {list_steps[0], {2, "broken", "CREATE TABLE list_b(;"}};
    struct gw_store_extension e[] = {score_extension(), list_extension()};
    e[1].migrations = bad;
    give(w, e, 2);
    refused_with(w, GW_INVALID, "adapter list: migration 2 \"broken\": near \";\": syntax error");
    static const char left[] = "SELECT count(*) FROM sqlite_master WHERE name LIKE 'list%'"
                               " OR name LIKE 'score%'";
    assert_int_equal(ask(w, left), 0);
    assert_int_equal(steps_of(w, "score"), 0);
    /* A bad statement likewise. */
    const struct gw_store_statement wrong = {"wrong", false, "SELECT absent FROM list_entry"};
    e[1] = list_extension();
    e[1].statements = &wrong;
    e[1].statement_count = 1;
    refused_with(w, GW_INVALID, "adapter list: statement wrong: no such column: absent");
    assert_int_equal(ask(w, left), 0);
    e[1] = list_extension();
    opens(w);
    assert_int_equal(steps_of(w, "list"), 2);
}

/* INVARIANTS S1, S4 */
static void a_step_touches_nothing_but_its_own(void **state)
{
    struct world *w = *state;
    struct gw_store_extension e[] = {score_extension(), list_extension()};
    give(w, e, 1);
    opens(w);
    static const struct {
        const char *sql, *said;
    } wrong[] = {
        {"CREATE TABLE entry(a);", "makes the table entry"},
        {"CREATE TABLE lists_entry(a);", "makes the table lists_entry"},
        {"CREATE TABLE score_mine(a);", "makes the table score_mine"},
        {"CREATE TABLE temp.list_t(a);", "makes the table list_t"},
        {"CREATE TEMP TABLE list_t(a);", "makes the temporary table list_t"},
        {"CREATE TABLE list_t(a INTEGER PRIMARY KEY AUTOINCREMENT);",
         "makes the table sqlite_sequence"},
        {"CREATE INDEX list_i ON record(kind);", "on the table"},
        {"CREATE INDEX list_i ON score_of(v);", "on the table"},
        {"CREATE INDEX mine ON list_entry(t);", "on the table"},
        {"DROP TABLE record;", "drops the table record"},
        {"DROP TABLE score_of;", "drops the table score_of"},
        {"DROP INDEX record_id;", "drops the index record_id"},
        {"ALTER TABLE score_of ADD COLUMN w;", "alters the table score_of"},
        {"ALTER TABLE score_of RENAME TO list_score;", "alters the table score_of"},
        {"ALTER TABLE list_entry RENAME TO entry;", "does not begin with \"list_\""},
        {"INSERT INTO counter VALUES(2, 0, 0, 0, 0, 0);", "inserts into counter"},
        {"UPDATE counter SET change_no = 0;", "updates counter"},
        {"DELETE FROM score_of;", "deletes from score_of"},
        {"INSERT INTO list_entry(t) SELECT kind FROM record;", "reads the table record"},
        {"UPDATE list_entry SET n = (SELECT count(*) FROM meta);", "reads the table meta"},
        {"UPDATE sqlite_master SET sql = '' WHERE name = 'record';", "may not be modified"},
        {"CREATE TRIGGER list_t AFTER INSERT ON list_entry BEGIN SELECT 1; END;",
         "makes the trigger list_t"},
        {"CREATE VIEW list_v AS SELECT * FROM record;", "makes the view list_v"},
        {"CREATE VIRTUAL TABLE list_f USING fts5(a);", "makes the virtual table list_f"},
        {"PRAGMA journal_mode = DELETE;", "uses PRAGMA journal_mode"},
        {"PRAGMA writable_schema = ON;", "uses PRAGMA writable_schema"},
        {"ATTACH 'other.db' AS other;", "attaches other.db"},
        {"DETACH main;", "no adapter may"},
        {"COMMIT;", "begins or ends a transaction: COMMIT"},
        {"ROLLBACK;", "begins or ends a transaction: ROLLBACK"},
        {"INSERT OR rollback INTO list_entry(id) VALUES(1);", "ROLLBACK"},
        {"SAVEPOINT a;", "uses a savepoint"},
        {"VACUUM;", "VACUUM"},
        {"ANALYZE;", "not authorized"},
        {"SELECT load_extension('x.so');", "load_extension"},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(wrong); i++) {
        const struct gw_store_migration steps[] = {
            list_steps[0], list_steps[1], {3, "wrong", wrong[i].sql}};
        e[1] = list_extension();
        e[1].migrations = steps;
        e[1].migration_count = 3;
        give(w, e, 2);
        refused_with(w, GW_INVALID, "adapter list: migration 3 \"wrong\": ");
        refused_with(w, GW_INVALID, wrong[i].said);
        assert_int_equal(steps_of(w, "list"), 0);
        assert_int_equal(steps_of(w, "score"), 1);
    }
}

static void a_step_may_do_all_to_its_own(void **state)
{
    struct world *w = *state;
    const struct gw_store_migration steps[] = {
        list_steps[0],
        list_steps[1],
        {3, "all there is",
         "CREATE TABLE list_b(a INTEGER CHECK(a > 0), b TEXT UNIQUE, PRIMARY KEY(a, b));"
         "INSERT INTO list_b SELECT 7, 'x;--rollback' WHERE (SELECT count(*) FROM list_entry) = 0;"
         "ALTER TABLE list_b ADD COLUMN c TEXT NOT NULL DEFAULT 'c' CHECK(c <> '');"
         "ALTER TABLE list_b RENAME COLUMN c TO d;"
         "ALTER TABLE list_b RENAME TO list_c;"
         "CREATE INDEX list_c_d ON list_c(d) WHERE a > 1;"
         "DROP INDEX list_entry_n; CREATE TABLE list_d AS SELECT * FROM list_c;"
         "DROP TABLE list_entry; UPDATE list_c SET d = 'e'; DELETE FROM list_d;"}};
    struct gw_store_extension e = list_extension();
    e.migrations = steps;
    e.migration_count = 3;
    e.statement_count = 0;
    give(w, &e, 1);
    opens(w);
    assert_int_equal(ask(w, "SELECT a FROM list_c WHERE d = 'e' AND b = 'x;--rollback'"), 7);
}

/* INVARIANTS S1, S4 */
static void a_statement_touches_nothing_but_its_own(void **state)
{
    struct world *w = *state;
    static const struct {
        bool writes;
        const char *sql, *said;
    } wrong[] = {
        {false, "SELECT id FROM record", "reads the table record"},
        {false, "SELECT count(*) FROM record", "reads the table record"},
        {false, "SELECT l.id FROM list_entry l JOIN score_of s ON s.v = l.n", "score_of"},
        {false, "SELECT name FROM sqlite_master", "reads the table sqlite_master"},
        {false, "SELECT * FROM pragma_table_info('record')", "not authorized"},
        {false, "SELECT load_extension('x')", "load_extension"},
        {false, "DELETE FROM list_entry", "deletes from list_entry"},
        {true, "DELETE FROM record", "deletes from record"},
        {true, "INSERT INTO list_entry(n) SELECT v FROM score_of", "reads the table score_of"},
        {true, "INSERT OR ROLLBACK INTO list_entry(n) VALUES($1)", "ROLLBACK"},
        {true, "CREATE TABLE list_x(a)", "is no SELECT"},
        {true, "DROP TABLE list_entry", "is no SELECT"},
        {true, "VACUUM INTO '/tmp/copy'", "is no SELECT"},
        {true, "PRAGMA query_only = OFF", "is no SELECT"},
        {true, "BEGIN", "is no SELECT"},
        {true, "ATTACH 'x' AS y", "is no SELECT"},
        {false, "EXPLAIN SELECT 1", "is no SELECT"},
        {false, "", "is no SELECT"},
        {false, "SELECT 1; SELECT 2", "is not one statement"},
        {false, "SELECT ?1", "not written $1"},
        {false, "SELECT :a", "not written $1"},
        {false, "SELECT $a", "not written $1"},
        {false, "SELECT $1, $3", "leaves out one"},
        {false, "SELECT $0", "not written $1"},
        {false, "SELECT kind FROM list_entry", "no such column: kind"},
    };
    struct gw_store_extension e[] = {list_extension(), score_extension()};
    give(w, e, 2);
    opens(w);
    for (size_t i = 0; i < GW_ARRAY_LEN(wrong); i++) {
        const struct gw_store_statement s = {"odd", wrong[i].writes, wrong[i].sql};
        e[0].statements = &s;
        e[0].statement_count = 1;
        refused_with(w, GW_INVALID, "adapter list: statement odd: ");
        refused_with(w, GW_INVALID, wrong[i].said);
    }
    assert_int_equal(access("/tmp/copy", F_OK), -1);
}

/* INVARIANTS S1 */
static void names_keep_tables_apart(void **state)
{
    struct world *w = *state;
    static const char *const wrong[] = {"",      "List",     "1list", "list-x", "list.x",
                                        "Liste", "li'; --x", NULL,    "_list"};
    for (size_t i = 0; i < GW_ARRAY_LEN(wrong); i++) {
        struct gw_store_extension e = list_extension();
        e.name = wrong[i];
        give(w, &e, 1);
        refused_with(w, GW_INVALID, "one with tables has a name of at most 48 letters");
    }
    /* Ours: record_past, schema_version, batch_row, extension_step. */
    static const char *const ours[] = {"record", "schema", "batch", "extension", "pending"};
    for (size_t i = 0; i < GW_ARRAY_LEN(ours); i++) {
        struct gw_store_extension e = score_extension();
        e.name = ours[i];
        give(w, &e, 1);
        refused_with(w, GW_INVALID, "of another; rename it");
    }
    struct gw_store_extension e[] = {list_extension(), score_extension()};
    e[1].name = "list_red";
    give(w, e, 2);
    refused_with(w, GW_INVALID, "tables of the adapter list_red would be taken for its own");
    e[1].name = "list";
    refused_with(w, GW_INVALID, "there are two of this name");
    /* One without tables may be called what it likes. */
    e[1] = (struct gw_store_extension){.name = "list.none"};
    opens(w);
    e[1] = score_extension();
    /* Also when the other one is not loaded today. */
    give(w, e, 1);
    opens(w);
    e[1].name = "list_red";
    give(w, &e[1], 1);
    refused_with(w, GW_INVALID, "adapter list: tables of the adapter list_red");
}

static void a_check_needs_no_data_set(void **state)
{
    struct world *w = *state;
    struct gw_store_extension e[] = {score_extension(), list_extension()};
    struct gw_buf said;
    gw_buf_init(&said, 4096);
    assert_int_equal(gw_store_extensions_check(e, 2, &said), GW_OK);
    assert_int_equal(gw_store_extensions_check(NULL, 0, &said), GW_OK);
    assert_int_equal(said.len, 0);
    const struct gw_store_statement wrong = {"wrong", false, "SELECT id FROM record"};
    e[1].statements = &wrong;
    e[1].statement_count = 1;
    assert_int_equal(gw_store_extensions_check(e, 2, &said), GW_INVALID);
    gw_buf_u8(&said, 0);
    assert_non_null(strstr((char *)said.ptr, "adapter list: statement wrong: reads the table"));
    gw_buf_fini(&said);
    assert_int_equal(access(w->dir, F_OK), -1);
}

/* Killed at any moment of its first start: the next one finds all steps or none, and completes. */
static void killed_between_steps(void **state)
{
    struct world *w = *state;
    enum { STEPS = 60, ROUNDS = 15 };
    static char sql[STEPS][160];
    static struct gw_store_migration steps[STEPS];
    for (uint32_t i = 0; i < STEPS; i++) {
        snprintf(sql[i], sizeof(sql[i]),
                 "CREATE TABLE many_%u(a); INSERT INTO many_%u VALUES(zeroblob(100000));", i, i);
        steps[i] = (struct gw_store_migration){i + 1, "one more", sql[i]};
    }
    struct gw_store_extension e = {.name = "many", .migrations = steps, .migration_count = STEPS};
    opens(w);
    give(w, &e, 1);
    for (int round = 0; round < ROUNDS; round++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            world_open(w);
            _exit(0);
        }
        usleep((useconds_t)round * 1000);
        (void)kill(child, SIGKILL);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        int64_t ran = steps_of(w, "many");
        assert_true(ran == 0 || ran == STEPS);
        assert_int_equal(ask(w, "SELECT count(*) FROM sqlite_master WHERE name LIKE 'many%'"), ran);
    }
    opens(w);
    assert_int_equal(steps_of(w, "many"), STEPS);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, bare_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(steps_run_once_and_later_ones_follow),
        TEST(one_that_is_not_loaded_today_stays),
        TEST(an_edited_step_is_refused),
        TEST(a_newer_schema_is_refused),
        TEST(numbers_have_no_gaps),
        TEST(a_failed_start_leaves_nothing_behind),
        TEST(a_step_touches_nothing_but_its_own),
        TEST(a_step_may_do_all_to_its_own),
        TEST(a_statement_touches_nothing_but_its_own),
        TEST(names_keep_tables_apart),
        TEST(a_check_needs_no_data_set),
        TEST(killed_between_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
