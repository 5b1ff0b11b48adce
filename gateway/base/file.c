/* Files: whole reads with a limit, atomic writes. Blocking: on a loop thread only at load. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { READ_CHUNK = 16 * 1024 };

static enum gw_status status_of(int err)
{
    switch (err) {
    case ENOENT:
    case ENOTDIR:
        return GW_NOT_FOUND;
    case EACCES:
    case EPERM:
        return GW_DENIED;
    case ENOSPC:
    case EDQUOT:
        return GW_NOSPACE;
    case ENOMEM:
        return GW_NOMEM;
    case ENAMETOOLONG:
        return GW_TOO_LARGE;
    default:
        return GW_IO;
    }
}

static enum gw_status open_read(const char *path, int extra_flags, int *ret)
{
    int fd = -1;
    do
        fd = open(path, O_RDONLY | O_CLOEXEC | extra_flags);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return status_of(errno);
    *ret = fd;
    return GW_OK;
}

static enum gw_status read_all(int fd, struct gw_buf *ret)
{
    uint8_t chunk[READ_CHUNK];
    enum gw_status st = GW_OK;
    ssize_t n = 1;
    while (st == GW_OK && n != 0) {
        n = read(fd, chunk, sizeof(chunk));
        if (n > 0) {
            gw_buf_append(ret, chunk, (size_t)n);
            st = gw_buf_failed(ret);
        } else if (n < 0 && errno != EINTR) {
            st = status_of(errno);
        }
    }
    /* It may have been a key. */
    explicit_bzero(chunk, sizeof(chunk));
    return st;
}

static enum gw_status check_private(const struct stat *st)
{
    if (!S_ISREG(st->st_mode) || (st->st_mode & (S_IRWXG | S_IRWXO)) != 0 ||
        st->st_uid != geteuid())
        return GW_DENIED;
    return GW_OK;
}

static enum gw_status read_path(const char *path, bool private, struct gw_buf *ret)
{
    GW_TRY(gw_buf_failed(ret));
    int fd = -1;
    /* A FIFO in the place of a file must not hold the program up. */
    GW_TRY(open_read(path, O_NONBLOCK, &fd));
    size_t before = ret->len;
    struct stat st;
    enum gw_status status = GW_OK;
    if (private)
        status = fstat(fd, &st) == 0 ? check_private(&st) : status_of(errno);
    if (status == GW_OK)
        status = read_all(fd, ret);
    close(fd);
    if (status != GW_OK) {
        ret->len = before;
        ret->failed = GW_OK;
    }
    return status;
}

enum gw_status gw_file_read(const char *path, struct gw_buf *ret)
{
    return read_path(path, false, ret);
}

enum gw_status gw_file_read_private(const char *path, struct gw_buf *ret)
{
    return read_path(path, true, ret);
}

enum gw_status gw_file_write_all(int fd, struct gw_bytes data)
{
    while (data.len != 0) {
        ssize_t n = write(fd, data.ptr, data.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return status_of(errno);
        data.ptr += n;
        data.len -= (size_t)n;
    }
    return GW_OK;
}

static enum gw_status write_synced(int fd, struct gw_bytes data, mode_t mode)
{
    GW_TRY(gw_file_write_all(fd, data));
    if (fchmod(fd, mode) != 0 || fsync(fd) != 0)
        return status_of(errno);
    return GW_OK;
}

/* Directory part of `path`, "." when there is none. */
static enum gw_status dir_of(const char *path, char ret[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        memcpy(ret, ".", 2);
        return GW_OK;
    }
    size_t len = slash == path ? 1 : (size_t)(slash - path);
    if (len >= PATH_MAX)
        return GW_TOO_LARGE;
    memcpy(ret, path, len);
    ret[len] = '\0';
    return GW_OK;
}

enum gw_status gw_file_write_atomic(const char *path, struct gw_bytes data, mode_t mode)
{
    char dir[PATH_MAX];
    char temp[PATH_MAX];
    GW_TRY(dir_of(path, dir));
    int n = snprintf(temp, sizeof(temp), "%s.tmp.XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof(temp))
        return GW_TOO_LARGE;
    /* mkostemp makes it 0600; `mode` comes when the contents are there. */
    int fd = mkostemp(temp, O_CLOEXEC);
    if (fd < 0)
        return status_of(errno);
    enum gw_status st = write_synced(fd, data, mode);
    if (close(fd) != 0 && st == GW_OK)
        st = status_of(errno);
    if (st == GW_OK && rename(temp, path) != 0)
        st = status_of(errno);
    if (st != GW_OK) {
        unlink(temp);
        return st;
    }
    return gw_file_sync_dir(dir);
}

static enum gw_status make_dir(const char *path, mode_t mode)
{
    if (mkdir(path, mode) == 0)
        return GW_OK;
    int err = errno;
    struct stat st;
    /* Asked only afterwards: two processes may make the same directory at once. */
    if (stat(path, &st) == 0)
        return S_ISDIR(st.st_mode) ? GW_OK : GW_IO;
    return status_of(err);
}

enum gw_status gw_file_mkdirs(const char *path, mode_t mode)
{
    char part[PATH_MAX];
    size_t len = strlen(path);
    if (len == 0)
        return GW_INVALID;
    if (len >= sizeof(part))
        return GW_TOO_LARGE;
    memcpy(part, path, len + 1);
    for (size_t i = 1; i < len; i++) {
        if (part[i] != '/')
            continue;
        part[i] = '\0';
        GW_TRY(make_dir(part, mode));
        part[i] = '/';
    }
    return make_dir(part, mode);
}

enum gw_status gw_file_sync_dir(const char *path)
{
    int fd = -1;
    GW_TRY(open_read(path, O_DIRECTORY, &fd));
    enum gw_status st = fsync(fd) == 0 ? GW_OK : status_of(errno);
    close(fd);
    return st;
}

enum gw_status gw_file_free_bytes(const char *path, uint64_t *ret)
{
    struct statvfs v;
    int rc;
    do
        rc = statvfs(path, &v);
    while (rc != 0 && errno == EINTR);
    if (rc != 0)
        return status_of(errno);
    if (__builtin_mul_overflow((uint64_t)v.f_bavail, (uint64_t)v.f_frsize, ret))
        *ret = UINT64_MAX;
    return GW_OK;
}

enum gw_status gw_file_check_private(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return status_of(errno);
    return check_private(&st);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum gw_status add_name(char ***names, size_t *count, size_t *cap, const char *name)
{
    /* One place stays free for the NULL at the end. */
    if (*count + 1 >= *cap) {
        size_t grown_cap = *cap * 2;
        char **grown = reallocarray(*names, grown_cap, sizeof(**names));
        if (grown == NULL)
            return GW_NOMEM;
        *names = grown;
        *cap = grown_cap;
    }
    char *copy = strdup(name);
    if (copy == NULL)
        return GW_NOMEM;
    (*names)[(*count)++] = copy;
    (*names)[*count] = NULL;
    return GW_OK;
}

enum gw_status gw_file_list(const char *dir, char ***ret_names)
{
    DIR *d = opendir(dir);
    if (d == NULL)
        return status_of(errno);
    size_t count = 0;
    size_t cap = 16;
    char **names = calloc(cap, sizeof(*names));
    enum gw_status st = names != NULL ? GW_OK : GW_NOMEM;
    while (st == GW_OK) {
        errno = 0;
        const struct dirent *e = readdir(d);
        if (e == NULL) {
            if (errno != 0)
                st = status_of(errno);
            break;
        }
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            st = add_name(&names, &count, &cap, e->d_name);
    }
    closedir(d);
    if (st != GW_OK) {
        gw_file_names_free(names);
        return st;
    }
    qsort(names, count, sizeof(*names), by_name);
    *ret_names = names;
    return GW_OK;
}

void gw_file_names_free(char **names)
{
    if (names == NULL)
        return;
    for (char **n = names; *n != NULL; n++)
        free(*n);
    free(names);
}

enum gw_status gw_file_join(char *ret, size_t ret_size, const char *dir, const char *name)
{
    size_t dir_len = strlen(dir);
    size_t name_len = strlen(name);
    size_t slash = dir_len != 0 && dir[dir_len - 1] != '/';
    size_t need;
    if (__builtin_add_overflow(dir_len, name_len, &need) ||
        __builtin_add_overflow(need, slash + 1, &need) || need > ret_size)
        return GW_TOO_LARGE;
    memcpy(ret, dir, dir_len);
    if (slash != 0)
        ret[dir_len] = '/';
    memcpy(ret + dir_len + slash, name, name_len + 1);
    return GW_OK;
}
