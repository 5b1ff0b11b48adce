/* The next journal segment, made ahead. posix_fallocate alone leaves extents that are marked
 * unwritten: the first write into each changes metadata, and fdatasync then waits for the file
 * system's journal and so for the integrator's tiles. Written zeros cost 64 MiB a segment, off the
 * answer's path, and fdatasync is the data alone (measured on ext4: median 160 in place of 230 us a
 * batch, and fewer outliers). Without a spare the sequencer allocates one itself. */
#include "audit/audit_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024, NICE = 10 };

static enum gw_status fill(struct gw_audit *a, int fd)
{
    static const uint8_t zeros[CHUNK];
    uint64_t left = a->set.segment_bytes, at = 0;
    if (posix_fallocate(fd, 0, (off_t)left) != 0)
        return GW_NOSPACE;
    while (left != 0) {
        size_t n = left < CHUNK ? (size_t)left : CHUNK;
        if (atomic_load_explicit(&a->spare_stop, memory_order_relaxed))
            return GW_CANCELLED;
        GW_TRY(gw_file_write_all(fd, gw_bytes_make(zeros, n)));
        /* Chunk by chunk to the disk: one large writeback would stand before the batches. */
        (void)sync_file_range(fd, (off_t)at, (off_t)n,
                              SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                                  SYNC_FILE_RANGE_WAIT_AFTER);
        at += n;
        left -= n;
    }
    return fsync(fd) == 0 ? GW_OK : GW_IO;
}

static void make_spare(struct gw_audit *a)
{
    char path[PATH_MAX], ready[PATH_MAX];
    if (gw_file_join(path, sizeof(path), a->journal.dir, "fill.tmp") != GW_OK ||
        gw_file_join(ready, sizeof(ready), a->journal.dir, GW_AUDIT_SPARE) != GW_OK)
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    enum gw_status st = fill(a, fd);
    close(fd);
    /* A spare is a convenience: whatever goes wrong, there is none. */
    if (st != GW_OK || rename(path, ready) != 0)
        (void)unlink(path);
}

static void *run(void *arg)
{
    struct gw_audit *a = arg;
    (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
    for (;;) {
        pthread_mutex_lock(&a->lock);
        while (!a->spare_wanted && !atomic_load(&a->spare_stop))
            pthread_cond_wait(&a->cond, &a->lock);
        a->spare_wanted = false;
        pthread_mutex_unlock(&a->lock);
        if (atomic_load(&a->spare_stop))
            return NULL;
        if (!atomic_load(&a->disk_low))
            make_spare(a);
    }
}

enum gw_status gw_audit_spare_start(struct gw_audit *a)
{
    gw_audit_spare_want(a);
    if (pthread_create(&a->spare, NULL, run, a) != 0)
        return GW_NOMEM;
    a->spare_runs = true;
    pthread_setname_np(a->spare, "log-spare");
    return GW_OK;
}

void gw_audit_spare_stop(struct gw_audit *a)
{
    if (!a->spare_runs)
        return;
    pthread_mutex_lock(&a->lock);
    atomic_store(&a->spare_stop, true);
    pthread_cond_broadcast(&a->cond);
    pthread_mutex_unlock(&a->lock);
    pthread_join(a->spare, NULL);
    a->spare_runs = false;
    /* A stopped log holds no room that it does not need. */
    char path[PATH_MAX];
    if (gw_file_join(path, sizeof(path), a->journal.dir, GW_AUDIT_SPARE) == GW_OK)
        (void)unlink(path);
}

void gw_audit_spare_want(struct gw_audit *a)
{
    pthread_mutex_lock(&a->lock);
    a->spare_wanted = true;
    pthread_cond_broadcast(&a->cond);
    pthread_mutex_unlock(&a->lock);
}
