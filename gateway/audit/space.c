/* Room on the disk (SPEC 8.6, 21.6): below min_free new exchanges are refused, at 1.25 times it
 * clears itself. A held file leaves room for what must still be written then. */
#include "audit/audit_internal.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"

enum { LOOK_EVERY_US = 1000000, RESERVE_BYTES = 16 * 1024 * 1024 };

void gw_audit_reserve_make(struct gw_audit *a)
{
    char path[PATH_MAX];
    if (a->reserve_held || gw_file_join(path, sizeof(path), a->dir, "reserve") != GW_OK)
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    if (posix_fallocate(fd, 0, RESERVE_BYTES) == 0)
        a->reserve_held = true;
    else
        (void)unlink(path);
    close(fd);
}

void gw_audit_reserve_drop(struct gw_audit *a)
{
    char path[PATH_MAX];
    if (gw_file_join(path, sizeof(path), a->dir, "reserve") == GW_OK)
        (void)unlink(path);
    a->reserve_held = false;
}

void gw_audit_space_look(struct gw_audit *a)
{
    int64_t now = gw_clock_mono_us();
    uint64_t free_bytes;
    if (a->disk_checked_us != 0 && now - a->disk_checked_us < LOOK_EVERY_US)
        return;
    a->disk_checked_us = now;
    if (gw_file_free_bytes(a->dir, &free_bytes) != GW_OK)
        return;
    atomic_store_explicit(&a->stat_free, free_bytes, memory_order_relaxed);
    bool low = atomic_load(&a->disk_low);
    if (!low && free_bytes < a->set.min_free) {
        atomic_store(&a->disk_low, true);
        gw_audit_reserve_drop(a);
        gw_audit_alarm(a, "disk.low", "min-free");
    } else if (low && atomic_exchange(&a->segment_enospc, false)) {
        /* The file system was full for a new segment: what free space says is tried at the next
         * look. */
        gw_audit_reserve_drop(a);
        gw_audit_alarm(a, "disk.low", "segment");
    } else if (low && free_bytes / 5 >= a->set.min_free / 4) {
        atomic_store(&a->disk_low, false);
        gw_audit_reserve_make(a);
    }
}
