/* The disk fails: every write and every sync in turn, with no space or with an error. Whatever was
 * told as committed is there after a restart, nothing is there by half, and the data set either
 * goes on or says that it failed. */
#include <errno.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "store/extension_support.h"

/* A VFS in front of the system's, which counts writes and syncs down to a failure. */
struct fault_file {
    sqlite3_file base;
    sqlite3_file *real;
};

static sqlite3_vfs fault_vfs;
static sqlite3_vfs *real_vfs;
static sqlite3_io_methods methods;
static atomic_int countdown; /* 0: none fails */
static atomic_int failing;   /* result code; SQLITE_FULL passes after one failure, others stay */
static atomic_bool broken;

static int may_fail(int io_error)
{
    if (broken)
        return io_error;
    if (countdown == 0 || --countdown != 0)
        return SQLITE_OK;
    if (failing == SQLITE_FULL)
        return SQLITE_FULL;
    broken = true;
    return io_error;
}

#define REAL(f) (((struct fault_file *)(f))->real)

static int f_close(sqlite3_file *f)
{
    int rc = REAL(f)->pMethods->xClose(REAL(f));
    sqlite3_free(REAL(f));
    return rc;
}
static int f_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    return REAL(f)->pMethods->xRead(REAL(f), p, n, at);
}
static int f_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    int rc = may_fail(SQLITE_IOERR_WRITE);
    return rc != SQLITE_OK ? rc : REAL(f)->pMethods->xWrite(REAL(f), p, n, at);
}
static int f_truncate(sqlite3_file *f, sqlite3_int64 n)
{
    int rc = may_fail(SQLITE_IOERR_TRUNCATE);
    return rc != SQLITE_OK ? rc : REAL(f)->pMethods->xTruncate(REAL(f), n);
}
static int f_sync(sqlite3_file *f, int flags)
{
    int rc = may_fail(SQLITE_IOERR_FSYNC);
    return rc != SQLITE_OK ? rc : REAL(f)->pMethods->xSync(REAL(f), flags);
}
static int f_size(sqlite3_file *f, sqlite3_int64 *ret)
{
    return REAL(f)->pMethods->xFileSize(REAL(f), ret);
}
static int f_lock(sqlite3_file *f, int how)
{
    return REAL(f)->pMethods->xLock(REAL(f), how);
}
static int f_unlock(sqlite3_file *f, int how)
{
    return REAL(f)->pMethods->xUnlock(REAL(f), how);
}
static int f_reserved(sqlite3_file *f, int *ret)
{
    return REAL(f)->pMethods->xCheckReservedLock(REAL(f), ret);
}
static int f_control(sqlite3_file *f, int op, void *arg)
{
    return REAL(f)->pMethods->xFileControl(REAL(f), op, arg);
}
static int f_sector(sqlite3_file *f)
{
    return REAL(f)->pMethods->xSectorSize(REAL(f));
}
static int f_device(sqlite3_file *f)
{
    return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f));
}
static int f_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **ret)
{
    return REAL(f)->pMethods->xShmMap(REAL(f), page, size, extend, ret);
}
static int f_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    return REAL(f)->pMethods->xShmLock(REAL(f), at, n, flags);
}
static void f_shm_barrier(sqlite3_file *f)
{
    REAL(f)->pMethods->xShmBarrier(REAL(f));
}
static int f_shm_unmap(sqlite3_file *f, int gone)
{
    return REAL(f)->pMethods->xShmUnmap(REAL(f), gone);
}
static int f_fetch(sqlite3_file *f, sqlite3_int64 at, int n, void **ret)
{
    return REAL(f)->pMethods->xFetch(REAL(f), at, n, ret);
}
static int f_unfetch(sqlite3_file *f, sqlite3_int64 at, void *p)
{
    return REAL(f)->pMethods->xUnfetch(REAL(f), at, p);
}

static int f_open(sqlite3_vfs *v, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
    (void)v;
    struct fault_file *f = (struct fault_file *)file;
    f->base.pMethods = NULL;
    f->real = sqlite3_malloc(real_vfs->szOsFile);
    if (f->real == NULL)
        return SQLITE_NOMEM;
    int rc = real_vfs->xOpen(real_vfs, name, f->real, flags, ret_flags);
    if (rc != SQLITE_OK) {
        sqlite3_free(f->real);
        return rc;
    }
    f->base.pMethods = &methods;
    return SQLITE_OK;
}

static int no_faults_left(void **state)
{
    countdown = 0;
    broken = false;
    return world_teardown(state);
}

static void fault_at(int n, int code)
{
    failing = code;
    countdown = n;
}

enum { FIRST = 3, SECOND = 40 };

static enum gw_status put_range(struct world *w, int from, int to, int64_t *ret_receipt)
{
    struct gw_store_put p[SECOND];
    char key[SECOND][16];
    static char text[3000];
    memset(text, 't', sizeof(text) - 1);
    for (int i = from; i < to; i++) {
        snprintf(key[i], sizeof(key[i]), "k%d", i);
        p[i] = put_of(key[i], text);
    }
    return put_many(w, p + from, (size_t)(to - from), ret_receipt);
}

/* One round: a first job, then a second at whose n-th operation the disk fails, then a third.
 * Returns whether the n-th operation was reached at all. */
static bool round_of(int n, int code)
{
    struct world w;
    int64_t receipt;
    world_make(&w);
    world_open(&w);
    assert_int_equal(put_range(&w, 0, FIRST, &receipt), GW_OK);
    gw_store_pending_done(w.s, receipt, 9);
    fault_at(n, code);
    enum gw_status second = put_range(&w, FIRST, SECOND, NULL);
    bool reached = countdown == 0;
    countdown = 0;
    size_t expect = second == GW_OK ? SECOND : FIRST;
    struct gw_store_stats st;
    gw_store_stats_get(w.s, &st);
    assert_int_equal(st.records, expect);
    if (code == SQLITE_FULL) {
        assert_false(st.failed);
        assert_int_equal(second, reached ? GW_NOSPACE : GW_OK);
        assert_int_equal(put_range(&w, FIRST, SECOND, NULL), GW_OK);
        expect = SECOND;
    } else if (reached) {
        assert_int_equal(second, GW_IO);
        assert_true(st.failed);
        assert_int_equal(put_range(&w, FIRST, SECOND, NULL), GW_UNAVAILABLE);
    }
    world_close(&w);
    broken = false;
    world_open(&w);
    gw_store_stats_get(w.s, &st);
    /* A commit whose sync failed was told as failed, and may be there all the same: whole, with its
     * pending entry, which the start brings into the log. */
    if (code != SQLITE_FULL && reached && st.records == SECOND) {
        assert_int_equal(st.pending, 1);
        expect = SECOND;
    }
    assert_int_equal(st.records, expect);
    assert_int_equal(count_changes(&w, "penalty"), expect);
    assert_int_equal(put_range(&w, 0, SECOND, NULL), GW_OK);
    assert_int_equal(count_changes(&w, "penalty"), SECOND);
    world_close(&w);
    remove_tree(w.root);
    return reached;
}

static void every_operation_fails(int code)
{
    int n = 1;
    while (round_of(n, code))
        n++;
    assert_true(n > 20); /* the faults were there */
}

static void no_space_at_every_operation(void **state)
{
    (void)state;
    every_operation_fails(SQLITE_FULL);
}

static void an_error_at_every_operation(void **state)
{
    (void)state;
    every_operation_fails(SQLITE_IOERR);
}

/* Opening a new data set, with tables of adapters, too, fails with a text and can be repeated. */
static void opening_fails_at_every_operation(void **state)
{
    (void)state;
    const struct gw_store_extension e[] = {list_extension(), score_extension()};
    for (int code = 0; code < 2; code++) {
        for (int n = 1;; n++) {
            struct world w;
            world_make(&w);
            w.set.extensions = e;
            w.set.extension_count = GW_ARRAY_LEN(e);
            fault_at(n, code ? SQLITE_FULL : SQLITE_IOERR);
            enum gw_status st = world_try_open(&w, NULL, 0);
            bool reached = countdown == 0;
            countdown = 0;
            broken = false;
            if (st == GW_OK)
                gw_store_close(w.s);
            w.s = NULL;
            world_open(&w);
            struct told told = {0};
            assert_int_equal(gw_store_reader_sql(w.r, 0, LIST_ALL, NULL, 0, tell, &told), GW_OK);
            assert_int_equal(put_range(&w, 0, FIRST, NULL), GW_OK);
            gw_store_reader_turn_end(w.r);
            assert_int_equal(count_changes(&w, "penalty"), FIRST);
            world_close(&w);
            remove_tree(w.root);
            if (!reached) {
                assert_int_equal(st, GW_OK);
                assert_true(n > 20);
                break;
            }
        }
    }
}

/* A checkpoint that meets a full disk leaves the log as it is; work goes on. */
static void a_full_disk_at_closing_loses_nothing(void **state)
{
    struct world *w = *state;
    assert_int_equal(put_range(w, 0, SECOND, NULL), GW_OK);
    fault_at(1, SQLITE_FULL);
    world_close(w);
    world_open(w);
    assert_int_equal(count_changes(w, "penalty"), SECOND);
    fault_at(1, SQLITE_IOERR);
    world_close(w);
    countdown = 0;
    broken = false;
    world_open(w);
    assert_int_equal(count_changes(w, "penalty"), SECOND);
}

static int install(void **state)
{
    (void)state;
    methods = (sqlite3_io_methods){
        3,          f_close,       f_read,      f_write,   f_truncate, f_sync,   f_size,
        f_lock,     f_unlock,      f_reserved,  f_control, f_sector,   f_device, f_shm_map,
        f_shm_lock, f_shm_barrier, f_shm_unmap, f_fetch,   f_unfetch};
    real_vfs = sqlite3_vfs_find(NULL);
    fault_vfs = *real_vfs;
    fault_vfs.zName = "fault";
    fault_vfs.pNext = NULL;
    fault_vfs.szOsFile = (int)sizeof(struct fault_file);
    fault_vfs.xOpen = f_open;
    return sqlite3_vfs_register(&fault_vfs, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_space_at_every_operation),
        cmocka_unit_test(an_error_at_every_operation),
        cmocka_unit_test(opening_fails_at_every_operation),
        cmocka_unit_test_setup_teardown(a_full_disk_at_closing_loses_nothing, world_setup,
                                        no_faults_left),
    };
    return cmocka_run_group_tests(tests, install, NULL);
}
