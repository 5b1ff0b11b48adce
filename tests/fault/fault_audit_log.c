/* fault: audit */
/* Every system call of the log, failed one at a time: the process dies at the n-th one (before it,
 * in the middle of a write, or with everything lost that was not synced), or the call returns EIO
 * or ENOSPC. After each, recovery must find every acknowledged entry at its number, contradict no
 * checkpoint that was handed out, and verify from end to end.
 *
 * The calls are interposed by defining them here: the archive of audit/ binds to these, SQLite (a
 * shared library; the index is derived) does not. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/audit_internal.h"

enum mode { KILL, TORN, LOSE, FAIL_EIO, FAIL_ENOSPC, MODES };
static const char *const mode_name[MODES] = {"kill", "torn write", "lost pages", "EIO", "ENOSPC"};
enum { DIED = 99, ACK_MAX = 512, LOST_MAX = 512 };

/* What the child tells the parent, in shared memory: no system call is needed for it. */
struct told {
    _Atomic uint64_t acked;
    struct {
        uint64_t number, seq;
    } ack[ACK_MAX];
    _Atomic uint64_t notes;
    char note[4096];
    _Atomic uint64_t calls;
};
static struct told *told;

static atomic_bool armed;
static enum mode mode;
static uint64_t at_call;
static char root[64];
static pthread_mutex_t lost_lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- what is not durable yet ---- */

static struct lost {
    enum loss { WRITE, RENAME, MKDIR } what;
    int fd;
    off_t offset;
    size_t len;
    uint8_t *old;
    char from[256], to[256], saved[256];
} lost[LOST_MAX];
static unsigned losts;
static unsigned saved_count;

static struct lost *lost_add(enum loss what)
{
    if (losts == LOST_MAX)
        abort();
    struct lost *l = &lost[losts++];
    memset(l, 0, sizeof(*l));
    l->what = what;
    l->fd = -1;
    return l;
}

static void lost_write(int fd, off_t offset, size_t len)
{
    struct lost *l = lost_add(WRITE);
    /* A descriptor of our own: the writer may close its before it synced. */
    l->fd = fcntl(fd, F_DUPFD_CLOEXEC, 100);
    l->offset = offset;
    l->len = len;
    l->old = calloc(1, len);
    (void)!syscall(SYS_pread64, fd, l->old, len, offset);
}

static bool same_dir(const char *path, const struct stat *dir)
{
    char up[256];
    struct stat st;
    snprintf(up, sizeof(up), "%s", path);
    char *slash = strrchr(up, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    return stat(up, &st) == 0 && st.st_ino == dir->st_ino && st.st_dev == dir->st_dev;
}

static bool same_file(int fd, const struct stat *file)
{
    struct stat st;
    return fstat(fd, &st) == 0 && st.st_ino == file->st_ino && st.st_dev == file->st_dev;
}

static void lost_synced(int fd)
{
    struct stat st;
    unsigned kept = 0;
    if (fstat(fd, &st) != 0)
        return;
    for (unsigned i = 0; i < losts; i++) {
        struct lost *l = &lost[i];
        bool durable = S_ISDIR(st.st_mode) ? l->what != WRITE && same_dir(l->to, &st)
                                           : l->what == WRITE && same_file(l->fd, &st);
        if (durable && l->fd >= 0)
            close(l->fd);
        if (durable)
            free(l->old);
        else
            lost[kept++] = *l;
    }
    losts = kept;
}

/* A power cut: of what was not synced, some sectors and names are as they were. Newest first. */
static void lose(void)
{
    unsigned seed = (unsigned)at_call * 2654435761u;
    while (losts != 0) {
        struct lost *l = &lost[--losts];
        if (l->what == RENAME && rand_r(&seed) % 2 == 0) {
            syscall(SYS_rename, l->to, l->from);
            if (l->saved[0] != '\0')
                syscall(SYS_rename, l->saved, l->to);
        } else if (l->what == MKDIR && rand_r(&seed) % 2 == 0) {
            char away[256];
            snprintf(away, sizeof(away), "%s/lost-%u", root, losts);
            syscall(SYS_rename, l->to, away);
        } else if (l->what == WRITE) {
            for (size_t at = 0; at < l->len;) {
                size_t n = 512 - (size_t)(l->offset + (off_t)at) % 512;
                n = n < l->len - at ? n : l->len - at;
                if (rand_r(&seed) % 2 == 0)
                    syscall(SYS_pwrite64, l->fd, l->old + at, n, l->offset + (off_t)at);
                at += n;
            }
        }
    }
}

/* ---- the interposed calls ---- */

/* True: fail with errno. Does not come back when the process dies here. */
static bool strike(int fd, const void *p, size_t len, off_t offset)
{
    if (!atomic_load(&armed))
        return false;
    uint64_t n = atomic_fetch_add(&told->calls, 1) + 1;
    if (n != at_call)
        return false;
    if (mode == FAIL_EIO || mode == FAIL_ENOSPC) {
        errno = mode == FAIL_EIO ? EIO : ENOSPC;
        return true;
    }
    if (mode == TORN && p != NULL)
        syscall(SYS_pwrite64, fd, p, len / 2, offset);
    if (mode == LOSE) {
        pthread_mutex_lock(&lost_lock);
        if (p != NULL) {
            lost_write(fd, offset, len);
            syscall(SYS_pwrite64, fd, p, len, offset);
        }
        lose();
    }
    /* Not _exit(): sanitizers linger there. */
    syscall(SYS_exit_group, DIED);
    abort();
}

static bool tracking(void)
{
    return atomic_load(&armed) && mode == LOSE;
}

ssize_t pwrite(int fd, const void *p, size_t len, off_t offset)
{
    if (strike(fd, p, len, offset))
        return -1;
    if (tracking()) {
        pthread_mutex_lock(&lost_lock);
        lost_write(fd, offset, len);
        pthread_mutex_unlock(&lost_lock);
    }
    return syscall(SYS_pwrite64, fd, p, len, offset);
}

ssize_t write(int fd, const void *p, size_t len)
{
    if (fd <= 2)
        return syscall(SYS_write, fd, p, len);
    off_t offset = syscall(SYS_lseek, fd, 0, SEEK_CUR);
    if (strike(fd, p, len, offset))
        return -1;
    if (tracking()) {
        pthread_mutex_lock(&lost_lock);
        lost_write(fd, offset, len);
        pthread_mutex_unlock(&lost_lock);
    }
    return syscall(SYS_write, fd, p, len);
}

static int synced(int fd, long number)
{
    if (strike(fd, NULL, 0, 0))
        return -1;
    int rc = (int)syscall(number, fd);
    if (rc == 0 && tracking()) {
        pthread_mutex_lock(&lost_lock);
        lost_synced(fd);
        pthread_mutex_unlock(&lost_lock);
    }
    return rc;
}

int fsync(int fd)
{
    return synced(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return synced(fd, SYS_fdatasync);
}

int rename(const char *from, const char *to)
{
    if (strike(-1, NULL, 0, 0))
        return -1;
    if (!tracking())
        return (int)syscall(SYS_rename, from, to);
    pthread_mutex_lock(&lost_lock);
    struct lost *l = lost_add(RENAME);
    snprintf(l->from, sizeof(l->from), "%s", from);
    snprintf(l->to, sizeof(l->to), "%s", to);
    snprintf(l->saved, sizeof(l->saved), "%s/saved-%u", root, saved_count++);
    if (syscall(SYS_link, to, l->saved) != 0)
        l->saved[0] = '\0';
    int rc = (int)syscall(SYS_rename, from, to);
    pthread_mutex_unlock(&lost_lock);
    return rc;
}

int mkdir(const char *path, mode_t bits)
{
    if (strike(-1, NULL, 0, 0))
        return -1;
    int rc = (int)syscall(SYS_mkdir, path, bits);
    if (rc == 0 && tracking()) {
        pthread_mutex_lock(&lost_lock);
        snprintf(lost_add(MKDIR)->to, sizeof(lost[0].to), "%s", path);
        pthread_mutex_unlock(&lost_lock);
    }
    return rc;
}

int unlink(const char *path)
{
    return strike(-1, NULL, 0, 0) ? -1 : (int)syscall(SYS_unlink, path);
}

int posix_fallocate(int fd, off_t offset, off_t len)
{
    if (strike(-1, NULL, 0, 0))
        return errno;
    return syscall(SYS_fallocate, fd, 0, offset, len) == 0 ? 0 : errno;
}

/* ---- the log under test ---- */

static struct gw_audit_settings settings(const char *dir)
{
    static char log[128], keys[128];
    snprintf(log, sizeof(log), "%s/log", dir);
    snprintf(keys, sizeof(keys), "%s/keys", dir);
    struct gw_audit_settings s = gw_audit_defaults;
    s.dir = log;
    s.keys_dir = keys;
    s.host = "log.city-a.example";
    s.min_free = 0;
    s.segment_bytes = 16 * 1024;
    s.checkpoint_interval_ms = 3600000;
    return s;
}

/* About 1 KB, so that a few fill a segment. */
static struct gw_bytes body_of(uint64_t number, uint8_t *room)
{
    char text[1000];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    char head[32];
    int n = snprintf(head, sizeof(head), "number=%llu ", (unsigned long long)number);
    memcpy(text, head, (size_t)n);
    struct gw_hash h = {{(uint8_t)number}};
    return gw_audit_body_event(room, GW_AUDIT_BODY_MAX, GW_AUDIT_CONFIG, "test", text, &h,
                               UINT64_MAX);
}

static bool append(struct gw_audit *a, uint64_t number)
{
    uint8_t room[GW_AUDIT_BODY_MAX];
    uint64_t seq;
    if (gw_audit_append_wait(a, body_of(number, room), &seq) != GW_OK)
        return false;
    uint64_t i = atomic_load(&told->acked);
    told->ack[i].number = number;
    told->ack[i].seq = seq;
    atomic_store(&told->acked, i + 1);
    return true;
}

static void keep_note(struct gw_audit *a)
{
    char path[256];
    struct gw_buf b;
    struct gw_audit_settings s = settings(root);
    snprintf(path, sizeof(path), "%s/%s/checkpoint", s.dir, strrchr(gw_audit_origin(a), '/') + 1);
    gw_buf_init_fixed(&b, told->note, sizeof(told->note));
    if (gw_file_read(path, &b) == GW_OK)
        atomic_store(&told->notes, b.len);
}

static enum gw_status open_log(struct gw_audit **ret, struct gw_buf *error)
{
    struct gw_audit_settings s = settings(root);
    gw_buf_init(error, 4096);
    return gw_audit_open(&s, ret, error);
}

static void workload(void)
{
    struct gw_audit *a;
    struct gw_buf error;
    if (open_log(&a, &error) != GW_OK)
        return;
    keep_note(a);
    for (uint64_t i = 0; i < 20; i++) {
        (void)append(a, 1000 + i);
        if (i % 8 == 4 && gw_audit_publish(a) == GW_OK)
            keep_note(a);
    }
    gw_audit_close(a);
}

/* ---- scenarios ---- */

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static void copy_tree(const char *from, const char *to)
{
    DIR *d = opendir(from);
    struct dirent *e;
    mkdir(to, 0700);
    while (d != NULL && (e = readdir(d)) != NULL) {
        char f[512], t[512];
        struct stat st;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        snprintf(f, sizeof(f), "%s/%s", from, e->d_name);
        snprintf(t, sizeof(t), "%s/%s", to, e->d_name);
        if (stat(f, &st) != 0)
            abort();
        if (S_ISDIR(st.st_mode)) {
            copy_tree(f, t);
            continue;
        }
        int in = open(f, O_RDONLY), out = open(t, O_WRONLY | O_CREAT | O_EXCL, st.st_mode & 07777);
        static char buf[65536];
        ssize_t n;
        while ((n = read(in, buf, sizeof(buf))) > 0) {
            if (write(out, buf, (size_t)n) != n)
                abort();
        }
        close(in);
        close(out);
    }
    if (d != NULL)
        closedir(d);
}

static void fail(const char *what, const char *scenario, const char *more)
{
    fprintf(stderr, "%s, %s at call %llu: %s %s\n", scenario, mode_name[mode],
            (unsigned long long)at_call, what, more);
    exit(1);
}

/* Every acknowledged entry stands at its number. */
static void check_acked(struct gw_audit *a, const char *scenario)
{
    uint8_t room[GW_AUDIT_BODY_MAX];
    for (uint64_t i = 0; i < atomic_load(&told->acked); i++) {
        bool found = false;
        uint64_t seq;
        if (gw_audit_find_body(a, told->ack[i].seq, body_of(told->ack[i].number, room), &found,
                               &seq) != GW_OK ||
            !found || seq != told->ack[i].seq)
            fail("an acknowledged entry is gone", scenario, "");
    }
}

static void check(const char *scenario)
{
    struct gw_audit *a;
    struct gw_buf error, keys;
    struct gw_audit_settings s = settings(root);
    char shard[256], path[256];
    if (open_log(&a, &error) != GW_OK) {
        gw_buf_u8(&error, 0);
        fail("recovery refused:", scenario, (const char *)error.ptr);
    }
    check_acked(a, scenario);
    if (!append(a, 5000) || gw_audit_publish(a) != GW_OK)
        fail("the log does not go on", scenario, "");
    check_acked(a, scenario);
    snprintf(shard, sizeof(shard), "%s/%s", s.dir, strrchr(gw_audit_origin(a), '/') + 1);
    gw_audit_close(a);
    snprintf(path, sizeof(path), "%s/log.vkey", s.keys_dir);
    gw_buf_init(&keys, 4096);
    if (gw_file_read(path, &keys) != GW_OK)
        fail("no vkey", scenario, "");
    struct gw_audit_verdict v;
    struct gw_audit_verify in = {.dir = shard,
                                 .vkeys = gw_buf_view(&keys),
                                 .old_checkpoint =
                                     gw_bytes_make(told->note, atomic_load(&told->notes))};
    if (gw_audit_verify_dir(&in, &v) != GW_OK || !v.good)
        fail("verification:", scenario, v.problem_en);
    gw_buf_fini(&keys);
    gw_buf_fini(&error);
}

/* The child's exit: DIED, or 0 when the call never came. */
static int run_child(enum mode m, uint64_t n, const char *from)
{
    nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (from != NULL)
        copy_tree(from, root);
    else
        mkdir(root, 0700);
    memset(told, 0, sizeof(*told));
    mode = m;
    at_call = n;
    pid_t pid = fork();
    if (pid == 0) {
        atomic_store(&armed, true);
        workload();
        atomic_store(&armed, false);
        syscall(SYS_exit_group, 0);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        fail("the child crashed", from != NULL ? from : "fresh", "");
    return WEXITSTATUS(status);
}

static uint64_t scenario(const char *name, const char *from, uint64_t step)
{
    uint64_t runs = 0;
    for (int m = KILL; m < MODES; m++) {
        for (uint64_t n = 1;; n += step) {
            int code = run_child((enum mode)m, n, from);
            uint64_t calls = atomic_load(&told->calls);
            if (code != DIED && code != 0)
                fail("the child failed", name, "");
            check(name);
            runs++;
            if (calls < n)
                break;
        }
    }
    printf("%s: %llu runs\n", name, (unsigned long long)runs);
    fflush(stdout);
    return runs;
}

/* A log of 250 entries, so that the workload crosses a full tile and several segments. */
static void make_template(const char *to)
{
    char keep[64];
    struct gw_audit *a;
    struct gw_buf error;
    snprintf(keep, sizeof(keep), "%s", root);
    snprintf(root, sizeof(root), "%s", to);
    if (mkdir(root, 0700) != 0 || open_log(&a, &error) != GW_OK)
        exit(1);
    for (uint64_t i = 0; i < 245; i++) {
        if (!append(a, i))
            exit(1);
    }
    gw_audit_close(a);
    snprintf(root, sizeof(root), "%s", keep);
    memset(told, 0, sizeof(*told));
}

int main(int argc, char **argv)
{
    char base[40], clean[60], crashed[60];
    uint64_t step = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    /* Syncs cost nothing in memory; what they mean is tracked here. */
    snprintf(base, sizeof(base), "%s/xinqiao-fault-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (gw_crypto_init() != GW_OK || mkdtemp(base) == NULL)
        return 1;
    snprintf(root, sizeof(root), "%s/run", base);
    snprintf(clean, sizeof(clean), "%s/clean", base);
    snprintf(crashed, sizeof(crashed), "%s/crashed", base);
    told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (told == MAP_FAILED)
        return 1;
    make_template(clean);
    scenario("fresh log", NULL, step);
    scenario("log of 250 entries", clean, step);
    /* A crash during recovery: begin with what a torn batch left behind. */
    uint64_t n = 1;
    while (run_child(TORN, n, clean) == DIED && atomic_load(&told->acked) < 9)
        n++;
    copy_tree(root, crashed);
    scenario("torn log", crashed, step);
    nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
