/* Recovery: what an unclean end leaves, told in RECOVERY and ALARM entries; what may not be is
 * refused with nothing written. And the log that dies: EIO and ENOSPC, by system calls that are
 * replaced here. */
#include "audit/logdir.h"

#include <errno.h>
#include <sys/syscall.h>

static atomic_int sync_errno, write_errno, allocate_errno;
static atomic_llong clock_offset_s;

int clock_gettime(clockid_t id, struct timespec *ret)
{
    int rc = (int)syscall(SYS_clock_gettime, id, ret);
    if (id == CLOCK_REALTIME)
        ret->tv_sec += atomic_load(&clock_offset_s);
    return rc;
}

int fdatasync(int fd)
{
    int e = atomic_load(&sync_errno);
    if (e == 0)
        return (int)syscall(SYS_fdatasync, fd);
    errno = e;
    return -1;
}

ssize_t pwrite(int fd, const void *p, size_t len, off_t offset)
{
    int e = atomic_load(&write_errno);
    if (e == 0)
        return syscall(SYS_pwrite64, fd, p, len, offset);
    errno = e;
    return -1;
}

int posix_fallocate(int fd, off_t offset, off_t len)
{
    int e = atomic_load(&allocate_errno);
    if (e != 0)
        return e;
    return syscall(SYS_fallocate, fd, 0, offset, len) == 0 ? 0 : errno;
}

/* What a crash at one instant would leave. The log of `d` is open and its publisher may still
 * remove a segment that is in tiles: a copy during which the folder changed is thrown away. */
static void copy_log(struct logdir *d, struct logdir *to)
{
    static const char script[] =
        "for i in $(seq 100); do rm -rf %s/log %s/keys; a=$(find %s -printf '%%P %%s %%T@\\n' | "
        "sort); "
        "cp -r %s/log %s/keys %s/ 2>%s/cp; b=$(find %s -printf '%%P %%s %%T@\\n' | sort); "
        "[ \"$a\" = \"$b\" ] && [ ! -s %s/cp ] && exit 0; done; cat %s/cp; exit 1";
    char cmd[1024];
    logdir_init(to);
    snprintf(cmd, sizeof(cmd), script, to->root, to->root, d->root, d->root, d->root, to->root,
             to->root, d->root, to->root, to->root);
    assert_int_equal(system(cmd), 0);
    snprintf(to->shard, sizeof(to->shard), "%s/%s", to->log, strrchr(d->shard, '/') + 1);
    to->set.segment_bytes = d->set.segment_bytes;
}

/* The last entries of the log, by event, oldest first. */
static void tail_is(struct logdir *d, size_t n, const char *const *events,
                    struct gw_audit_entry *ret_last, uint8_t *room)
{
    struct gw_audit_reader *r;
    struct gw_buf error;
    gw_buf_init(&error, 1024);
    assert_int_equal(gw_audit_reader_open(d->shard, &r, &error), GW_OK);
    uint64_t size = gw_audit_reader_size(r);
    for (size_t i = 0; i < n; i++) {
        struct gw_bytes b;
        assert_int_equal(gw_audit_reader_get(r, size - n + i, &b), GW_OK);
        memcpy(room, b.ptr, b.len);
        assert_int_equal(gw_audit_entry_decode(gw_bytes_make(room, b.len), ret_last), GW_OK);
        if (!gw_bytes_eq_str(ret_last->str[GW_AF_EVENT], events[i]))
            fail_msg("entry %zu of the tail: %.*s", i, GW_BYTES_FMT(ret_last->str[GW_AF_EVENT]));
    }
    gw_audit_reader_close(r);
    gw_buf_fini(&error);
}

static void append_out(struct gw_audit *a, uint8_t id, int phase, uint64_t intent)
{
    uint8_t bytes[32] = {id};
    struct gw_audit_entry e;
    struct gw_buf b;
    bool redacted;
    gw_audit_entry_init(&e, GW_AUDIT_EXCHANGE);
    gw_audit_set_bytes(&e, GW_AF_EXCHANGE_ID, gw_bytes_make(bytes, 16));
    gw_audit_set_num(&e, GW_AF_DIRECTION, GW_AUDIT_OUT);
    gw_audit_set_num(&e, GW_AF_PHASE, (uint64_t)phase);
    if (phase == GW_AUDIT_RESULT)
        gw_audit_set_num(&e, GW_AF_INTENT_SEQ, intent);
    gw_audit_set_bytes(&e, GW_AF_PEER_ID, GW_BYTES_LIT("city-b"));
    gw_audit_set_bytes(&e, GW_AF_PEER_SPKI, gw_bytes_make(bytes, 32));
    gw_audit_set_bytes(&e, GW_AF_METHOD, GW_BYTES_LIT("m"));
    gw_audit_set_bytes(&e, GW_AF_PURPOSE, GW_BYTES_LIT("p"));
    gw_audit_set_bytes(&e, GW_AF_LEGAL_BASIS, GW_BYTES_LIT("l"));
    gw_audit_set_num(&e, GW_AF_HASH_SUITE, 1);
    gw_audit_set_num(&e, GW_AF_DECISION, GW_AUDIT_ALLOW);
    gw_audit_set_bytes(&e, GW_AF_REASON, GW_BYTES_LIT("ok"));
    gw_audit_set_bytes(&e, GW_AF_POLICY, GW_BYTES_LIT("law@1"));
    gw_audit_set_num(&e, GW_AF_STATUS, 0);
    gw_buf_init(&b, 4096);
    assert_int_equal(gw_audit_body_encode(&e, &b, &redacted), GW_OK);
    assert_int_equal(gw_audit_append_wait(a, gw_buf_view(&b), NULL), GW_OK);
    gw_buf_fini(&b);
}

/* The newest segment, to change bytes in. */
static int open_journal(struct logdir *d, off_t *ret_end)
{
    char dir[192], path[256];
    char **names;
    snprintf(dir, sizeof(dir), "%s/journal", d->shard);
    assert_int_equal(gw_file_list(dir, &names), GW_OK);
    for (char **n = names; *n != NULL; n++) {
        uint64_t first;
        if (gw_audit_segment_parse(*n, &first) == GW_OK)
            snprintf(path, sizeof(path), "%s/%s", dir, *n);
    }
    gw_file_names_free(names);
    int fd = open(path, O_RDWR);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    uint8_t *p = malloc((size_t)st.st_size);
    assert_int_equal(pread(fd, p, (size_t)st.st_size, 0), st.st_size);
    off_t end = st.st_size;
    while (end > 0 && p[end - 1] == 0)
        end--;
    free(p);
    *ret_end = end;
    return fd;
}

static struct gw_audit *filled(struct logdir *d)
{
    logdir_init(d);
    struct gw_audit *a = logdir_open(d);
    for (uint64_t i = 0; i < 20; i++) {
        assert_int_equal(logdir_append(a, i, NULL), GW_OK);
        if (i == 10)
            assert_int_equal(gw_audit_publish(a), GW_OK);
    }
    append_out(a, 1, GW_AUDIT_INTENT, 0);
    append_out(a, 2, GW_AUDIT_INTENT, 0);
    append_out(a, 1, GW_AUDIT_RESULT, 23);
    return a;
}

static void unclean_and_torn(void **state)
{
    (void)state;
    struct logdir d, copy;
    struct gw_audit_entry e;
    uint8_t room[GW_AUDIT_ENTRY_MAX];
    off_t end;
    struct gw_audit *a = filled(&d);
    copy_log(&d, &copy);
    struct gw_audit *b = logdir_open(&copy);
    gw_audit_close(b);
    static const char *const clean[] = {"journal.clean", "intent.open"};
    tail_is(&copy, 2, clean, &e, room);
    assert_int_equal(e.num[GW_AF_REF_SEQ], 24);
    assert_true(logdir_verify(&copy, GW_BYTES_NONE).good);
    /* A second start finds a clean end. */
    b = logdir_open(&copy);
    gw_audit_close(b);
    tail_is(&copy, 2, clean, &e, room);
    logdir_fini(&copy);

    copy_log(&d, &copy);
    int fd = open_journal(&copy, &end);
    assert_int_equal(pwrite(fd, "EXB1 torn", 9, end), 9);
    close(fd);
    b = logdir_open(&copy);
    gw_audit_close(b);
    static const char *const torn[] = {"journal.torn", "intent.open"};
    tail_is(&copy, 2, torn, &e, room);
    tail_is(&copy, 1, torn + 1, &e, room);
    assert_true(logdir_verify(&copy, GW_BYTES_NONE).good);
    logdir_fini(&copy);

    gw_audit_close(a);
    logdir_fini(&d);
}

static void must_land(struct gw_audit_append *ap, enum gw_status st)
{
    (void)ap;
    if (st != GW_OK)
        abort();
}

/* After many entries recovery begins at the oldest open INTENT, not at the start of the run. */
static void mark_moves_up(void **state)
{
    (void)state;
    enum { MANY = 70000 };
    struct logdir d, copy;
    uint8_t room[1024], entry[GW_AUDIT_ENTRY_MAX];
    struct gw_audit_entry e;
    logdir_init(&d);
    d.set.queue_max = MANY + 16;
    d.set.segment_bytes = 8 << 20;
    struct gw_audit *a = logdir_open(&d);
    append_out(a, 1, GW_AUDIT_INTENT, 0);
    append_out(a, 1, GW_AUDIT_RESULT, 3);
    struct gw_audit_append *ap = calloc(MANY, sizeof(*ap));
    struct gw_bytes body = logdir_body(1, room);
    for (int i = 0; i < MANY; i++) {
        ap[i] = (struct gw_audit_append){.body = body, .done = must_land};
        assert_int_equal(gw_audit_submit(a, &ap[i], false), GW_OK);
    }
    append_out(a, 2, GW_AUDIT_INTENT, 0);
    assert_int_equal(gw_audit_publish(a), GW_OK);
    append_out(a, 3, GW_AUDIT_INTENT, 0);
    copy_log(&d, &copy);
    char path[192], mark[32] = "";
    snprintf(path, sizeof(path), "%s/run", copy.shard);
    int fd = open(path, O_RDONLY);
    assert_true(read(fd, mark, sizeof(mark) - 1) > 0);
    close(fd);
    assert_int_equal(strtoul(mark, NULL, 10), MANY + 5);
    struct gw_audit *b = logdir_open(&copy);
    gw_audit_close(b);
    static const char *const tail[] = {"journal.clean", "intent.open", "intent.open"};
    tail_is(&copy, 2, tail + 1, &e, entry);
    assert_int_equal(e.num[GW_AF_REF_SEQ], MANY + 6);
    tail_is(&copy, 3, tail, &e, entry);
    assert_true(logdir_verify(&copy, GW_BYTES_NONE).good);
    gw_audit_close(a);
    free(ap);
    logdir_fini(&copy);
    logdir_fini(&d);
}

static void refused(struct logdir *copy)
{
    struct gw_audit *b;
    assert_int_equal(logdir_try(copy, &b), GW_CORRUPT);
    /* Nothing was changed by the refusal: the same again. */
    assert_int_equal(logdir_try(copy, &b), GW_CORRUPT);
    logdir_fini(copy);
}

static void remove_in(struct logdir *d, const char *what)
{
    char cmd[512];
    snprintf(cmd, sizeof(cmd), "rm -r %s/%s", d->shard, what);
    assert_int_equal(system(cmd), 0);
}

static void what_is_refused(void **state)
{
    (void)state;
    struct logdir d, copy;
    struct gw_audit *a = filled(&d);
    off_t end;
    uint8_t byte = 0xee;

    /* A changed byte in a batch that was durable. */
    copy_log(&d, &copy);
    int fd = open_journal(&copy, &end);
    assert_int_equal(pwrite(fd, &byte, 1, 300), 1);
    close(fd);
    refused(&copy);
    /* The header of another log. */
    copy_log(&d, &copy);
    fd = open_journal(&copy, &end);
    assert_int_equal(pwrite(fd, &byte, 1, 12), 1);
    close(fd);
    refused(&copy);
    copy_log(&d, &copy);
    remove_in(&copy, "journal");
    refused(&copy);
    copy_log(&d, &copy);
    remove_in(&copy, "tile/0");
    refused(&copy);
    copy_log(&d, &copy);
    remove_in(&copy, "tile/entries");
    refused(&copy);
    /* A checkpoint that was changed. */
    copy_log(&d, &copy);
    char path[256];
    snprintf(path, sizeof(path), "%s/checkpoint", copy.shard);
    fd = open(path, O_RDWR);
    assert_int_equal(pwrite(fd, "x", 1, 0), 1);
    close(fd);
    refused(&copy);
    /* A changed tile, a changed bundle. */
    static const char *const file[] = {"tile/0/000.p/14", "tile/entries/000.p/14"};
    for (size_t i = 0; i < GW_ARRAY_LEN(file); i++) {
        copy_log(&d, &copy);
        snprintf(path, sizeof(path), "%s/%s", copy.shard, file[i]);
        fd = open(path, O_RDWR);
        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, &byte, 1, 70), 1);
        close(fd);
        refused(&copy);
    }
    /* Journal rolled back below the checkpoint: as an old copy would be. */
    gw_audit_close(a);
    copy_log(&d, &copy);
    fd = open_journal(&copy, &end);
    static const uint8_t zeros[4096];
    off_t from = 2000;
    for (; from < end; from += (off_t)sizeof(zeros))
        assert_int_equal(pwrite(fd, zeros, sizeof(zeros), from), sizeof(zeros));
    close(fd);
    refused(&copy);
    logdir_fini(&d);
}

/* A clock that steps back: ALARM first, and time in the log stands still until the clock has caught
 * up. */
static void clock_steps_back(void **state)
{
    (void)state;
    struct logdir d;
    struct gw_audit_entry e;
    uint8_t room[GW_AUDIT_ENTRY_MAX];
    uint64_t seq;
    logdir_init(&d);
    struct gw_audit *a = logdir_open(&d);
    assert_int_equal(logdir_append(a, 1, NULL), GW_OK);
    atomic_store(&clock_offset_s, -100);
    assert_int_equal(logdir_append(a, 2, &seq), GW_OK);
    assert_int_equal(seq, 5);
    assert_int_equal(logdir_append(a, 3, &seq), GW_OK);
    assert_int_equal(seq, 6);
    gw_audit_close(a);
    static const char *const tail[] = {"clock.step", "", ""};
    tail_is(&d, 3, tail, &e, room);
    assert_true(logdir_verify(&d, GW_BYTES_NONE).good);
    /* A process that starts with the clock still behind says so too. */
    a = logdir_open(&d);
    assert_int_equal(logdir_append(a, 4, NULL), GW_OK);
    gw_audit_close(a);
    atomic_store(&clock_offset_s, 0);
    static const char *const again[] = {"clock.step", ""};
    tail_is(&d, 2, again, &e, room);
    assert_true(logdir_verify(&d, GW_BYTES_NONE).good);
    logdir_fini(&d);
}

/* ---- a log that dies ---- */

static atomic_int deaths;

static void on_dead(void *arg)
{
    assert_ptr_equal(arg, &deaths);
    atomic_fetch_add(&deaths, 1);
}

static void dies(atomic_int *which, int error)
{
    struct logdir d;
    struct gw_audit_stats s;
    logdir_init(&d);
    struct gw_audit *a = logdir_open(&d);
    atomic_store(&deaths, 0);
    gw_audit_on_dead(a, on_dead, &deaths);
    assert_int_equal(logdir_append(a, 1, NULL), GW_OK);
    atomic_store(which, error);
    assert_int_equal(logdir_append(a, 2, NULL), GW_IO);
    atomic_store(which, 0);
    assert_int_equal(logdir_append(a, 3, NULL), GW_UNAVAILABLE);
    assert_int_equal(gw_audit_reserve(a, 1), GW_UNAVAILABLE);
    assert_int_not_equal(gw_audit_publish(a), GW_OK);
    gw_audit_stats_get(a, &s);
    assert_true(s.dead);
    assert_int_equal(s.entries, 4);
    gw_audit_close(a);
    assert_int_equal(atomic_load(&deaths), 1);
    a = logdir_open(&d);
    assert_int_equal(logdir_append(a, 4, NULL), GW_OK);
    gw_audit_close(a);
    assert_true(logdir_verify(&d, GW_BYTES_NONE).good);
    logdir_fini(&d);
}

static void dead_log(void **state)
{
    (void)state;
    dies(&sync_errno, EIO);
    dies(&write_errno, EIO);
    /* In a preallocated segment there is room: ENOSPC there means that the disk lies. */
    dies(&write_errno, ENOSPC);
    dies(&sync_errno, ENOSPC);
}

/* No room for a new segment is the low-disk state: refused, nothing numbered, and it goes on when
 * there is room again. */
static void no_room_for_a_segment(void **state)
{
    (void)state;
    struct logdir d;
    struct gw_audit_stats s;
    logdir_init(&d);
    d.set.segment_bytes = 16 * 1024;
    struct gw_audit *a = logdir_open(&d);
    atomic_store(&allocate_errno, ENOSPC);
    enum gw_status st = GW_OK;
    uint64_t n = 0;
    while (st == GW_OK)
        st = logdir_append(a, n++, NULL);
    assert_int_equal(st, GW_NOSPACE);
    gw_audit_stats_get(a, &s);
    assert_true(s.disk_low);
    assert_false(s.dead);
    uint64_t size = gw_audit_size(a);
    assert_int_equal(gw_audit_reserve(a, 1), GW_NOSPACE);
    atomic_store(&allocate_errno, 0);
    uint64_t seq;
    assert_int_equal(logdir_append(a, n, &seq), GW_OK);
    assert_int_equal(seq, size);
    for (int i = 0; i < 40 && gw_audit_reserve(a, 1) != GW_OK; i++)
        usleep(100000);
    gw_audit_stats_get(a, &s);
    assert_false(s.disk_low);
    gw_audit_close(a);
    assert_true(logdir_verify(&d, GW_BYTES_NONE).good);
    logdir_fini(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unclean_and_torn), cmocka_unit_test(mark_moves_up),
        cmocka_unit_test(what_is_refused),  cmocka_unit_test(clock_steps_back),
        cmocka_unit_test(dead_log),         cmocka_unit_test(no_room_for_a_segment),
    };
    return cmocka_run_group_tests(tests, vectors_setup, NULL);
}
