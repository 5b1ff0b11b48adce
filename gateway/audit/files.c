/* One publication: nothing is renamed before all is synced; the files of one run share the cost of
 * the file system's journal. What a file that exists already means is SPEC 8.4.2. */
#include "audit/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static enum gw_status io_status(int err)
{
    return err == ENOSPC || err == EDQUOT ? GW_NOSPACE : GW_IO;
}

static enum gw_status temp_path(const struct gw_audit_files *f, const char *name,
                                char ret[PATH_MAX])
{
    int n = snprintf(ret, PATH_MAX, "%s/%s.tmp", f->shard, name);
    return n < 0 || n >= PATH_MAX ? GW_TOO_LARGE : GW_OK;
}

static enum gw_status sync_dirs(struct gw_audit_files *f)
{
    char path[PATH_MAX];
    while (f->dirs != 0) {
        GW_TRY(gw_file_join(path, sizeof(path), f->shard, f->dir[f->dirs - 1]));
        GW_TRY(gw_file_sync_dir(path));
        f->dirs--;
    }
    return GW_OK;
}

/* The directory is synced once, when the renames are done. */
static enum gw_status touch_dir(struct gw_audit_files *f, const char *dir)
{
    for (unsigned i = 0; i < f->dirs; i++) {
        if (strcmp(f->dir[i], dir) == 0)
            return GW_OK;
    }
    if (f->dirs == GW_AUDIT_DIRS_MAX)
        GW_TRY(sync_dirs(f));
    snprintf(f->dir[f->dirs++], GW_AUDIT_PATH_MAX, "%s", dir);
    return GW_OK;
}

/* Makes the directories above `name`; a new one makes its parent touched. Relative to the shard. */
static enum gw_status make_dirs(struct gw_audit_files *f, const char *name)
{
    char part[GW_AUDIT_PATH_MAX], parent[GW_AUDIT_PATH_MAX] = ".", path[PATH_MAX];
    snprintf(part, sizeof(part), "%s", name);
    char *last = strrchr(part, '/');
    if (last == NULL)
        return GW_OK;
    *last = '\0';
    GW_TRY(touch_dir(f, part));
    GW_TRY(gw_file_join(path, sizeof(path), f->shard, part));
    if (mkdir(path, 0755) == 0 || errno == EEXIST) {
        char *up = strrchr(part, '/');
        if (up == NULL)
            return touch_dir(f, parent);
        *up = '\0';
        return touch_dir(f, part);
    }
    if (errno != ENOENT)
        return io_status(errno);
    GW_TRY(make_dirs(f, part));
    return mkdir(path, 0755) == 0 || errno == EEXIST ? GW_OK : io_status(errno);
}

/* GW_OK: there with the same bytes; GW_NOT_FOUND; GW_CORRUPT. */
static enum gw_status same_as_there(const struct gw_audit_files *f, const char *name,
                                    struct gw_bytes data)
{
    char path[PATH_MAX];
    struct gw_buf b;
    GW_TRY(gw_file_join(path, sizeof(path), f->shard, name));
    gw_buf_init(&b, GW_AUDIT_BUNDLE_MAX + 1);
    enum gw_status st = gw_file_read(path, &b);
    if (st == GW_OK && !gw_bytes_eq(gw_buf_view(&b), data))
        st = GW_CORRUPT;
    gw_buf_fini(&b);
    return st == GW_TOO_LARGE ? GW_CORRUPT : st;
}

enum gw_status gw_audit_files_put(struct gw_audit_files *f, const char *name, struct gw_bytes data)
{
    char temp[PATH_MAX];
    if (f->count == GW_AUDIT_FILES_MAX)
        GW_TRY(gw_audit_files_commit(f));
    enum gw_status st = same_as_there(f, name, data);
    if (st != GW_NOT_FOUND) {
        /* From before a crash: its name may not be durable yet. */
        return st == GW_OK ? make_dirs(f, name) : st;
    }
    GW_TRY(make_dirs(f, name));
    GW_TRY(temp_path(f, name, temp));
    int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return io_status(errno);
    f->file[f->count].fd = fd;
    snprintf(f->file[f->count].name, GW_AUDIT_PATH_MAX, "%s", name);
    f->count++;
    GW_TRY(gw_file_write_all(fd, data));
    (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    return GW_OK;
}

enum gw_status gw_audit_files_commit(struct gw_audit_files *f)
{
    for (unsigned i = 0; i < f->count; i++) {
        if (fsync(f->file[i].fd) != 0)
            return io_status(errno);
    }
    while (f->count != 0) {
        char temp[PATH_MAX], path[PATH_MAX];
        unsigned i = f->count - 1;
        GW_TRY(temp_path(f, f->file[i].name, temp));
        GW_TRY(gw_file_join(path, sizeof(path), f->shard, f->file[i].name));
        if (rename(temp, path) != 0)
            return io_status(errno);
        close(f->file[i].fd);
        f->count--;
    }
    return sync_dirs(f);
}

void gw_audit_files_abort(struct gw_audit_files *f)
{
    while (f->count != 0) {
        char temp[PATH_MAX];
        f->count--;
        close(f->file[f->count].fd);
        if (temp_path(f, f->file[f->count].name, temp) == GW_OK)
            unlink(temp);
    }
    f->dirs = 0;
}

struct gw_audit_files *gw_audit_files_new(const char *shard)
{
    struct gw_audit_files *f = calloc(1, sizeof(*f));
    if (f != NULL)
        f->shard = shard;
    return f;
}

void gw_audit_files_free(struct gw_audit_files *f)
{
    if (f == NULL)
        return;
    gw_audit_files_abort(f);
    free(f);
}
