/* A step is written to `pending` as a whole, then applied, then the cursor moves, then `pending`
 * goes. A kill at any moment leaves either the state before the step, or a `pending` that the next
 * start applies again: never entries that the cursor does not know of. */
#include "cmd/lists_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/file.h"
#include "base/text.h"

enum { STEP_MAX = 256 * 1024 * 1024, ID_LEN = 16 };
static const char magic[] = "xinqiao-list-step 1\n";

static void path_of(const struct gw_lists_copy *k, const char *name, char ret[GW_LISTS_PATH])
{
    snprintf(ret, GW_LISTS_PATH, "%s/%s", k->dir, name);
}

static bool line(struct gw_cursor *at, const char *name, char *ret, size_t size)
{
    struct gw_bytes l;
    size_t n = strlen(name);
    if (gw_cursor_until(at, '\n', &l) != GW_OK || l.len < n || memcmp(l.ptr, name, n) != 0 ||
        l.len - n >= size)
        return false;
    snprintf(ret, size, "%.*s", (int)(l.len - n), (const char *)l.ptr + n);
    return true;
}

static int write_cursor(struct gw_lists_copy *k, const char *cursor)
{
    char path[GW_LISTS_PATH];
    struct gw_buf b;
    gw_buf_init(&b, 16 * 1024);
    gw_buf_printf(&b, "xinqiao-list-cursor 1\nlist %s\nformat %s\ncursor %s\n", k->list, k->format,
                  cursor);
    path_of(k, "cursor", path);
    int rc = gw_cmd_write_file(k->c, path, gw_buf_view(&b));
    gw_buf_fini(&b);
    if (rc == GW_EXIT_OK)
        snprintf(k->cursor, sizeof(k->cursor), "%s", cursor);
    return rc;
}

static int damaged(const struct gw_lists_copy *k, const char *path)
{
    gw_cmd_err(k->c, "%s 无法读取；用 --again 可从头重建副本",
               "%s can not be read; --again builds the copy anew", path);
    return GW_EXIT_FAILED;
}

static int read_cursor(struct gw_lists_copy *k)
{
    char path[GW_LISTS_PATH], version[8], list[160], format[160];
    path_of(k, "cursor", path);
    struct gw_buf b;
    gw_buf_init(&b, 16 * 1024);
    enum gw_status st = gw_file_read(path, &b);
    k->fresh = st == GW_NOT_FOUND;
    int rc = GW_EXIT_OK;
    if (!k->fresh) {
        struct gw_cursor at = gw_cursor_make(gw_buf_view(&b));
        bool ok = st == GW_OK && line(&at, "xinqiao-list-cursor ", version, sizeof(version)) &&
                  line(&at, "list ", list, sizeof(list)) &&
                  line(&at, "format ", format, sizeof(format)) &&
                  line(&at, "cursor ", k->cursor, sizeof(k->cursor));
        if (!ok) {
            rc = damaged(k, path);
        } else if (strcmp(list, k->list) != 0 || strcmp(format, k->format) != 0) {
            gw_cmd_err(k->c, "目录 %s 是名单 %s、格式 %s 的副本，请另用目录",
                       "%s is the copy of the list %s in the format %s; use another folder", k->dir,
                       list, format);
            rc = GW_EXIT_USAGE;
        }
    }
    gw_buf_fini(&b);
    return rc;
}

/* ---- applying ----------------------------------------------------------------------------------
 */

static enum gw_status entry_path(const struct gw_lists_copy *k, struct gw_bytes id,
                                 char ret[GW_LISTS_PATH])
{
    char hex[2 * ID_LEN + 1];
    struct gw_buf b;
    gw_buf_init_fixed(&b, hex, 2 * ID_LEN);
    gw_hex_put(&b, id);
    hex[2 * ID_LEN] = '\0';
    int n = snprintf(ret, GW_LISTS_PATH, "%s/entries/%s.%s", k->dir, hex, k->ending);
    return n > 0 && n < GW_LISTS_PATH ? GW_OK : GW_TOO_LARGE;
}

static int write_entry(const struct gw_lists_copy *k, const char *path, struct gw_bytes record)
{
    char part[GW_LISTS_PATH + 8];
    snprintf(part, sizeof(part), "%s.part", path);
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    enum gw_status st = fd >= 0 ? gw_file_write_all(fd, record) : GW_IO;
    if (fd >= 0 && close(fd) != 0)
        st = GW_IO;
    if (st == GW_OK && rename(part, path) != 0)
        st = GW_IO;
    return st == GW_OK ? GW_EXIT_OK : gw_cmd_file_failed(k->c, path, st);
}

static int clear_entries(const struct gw_lists_copy *k)
{
    char dir[GW_LISTS_PATH], path[GW_LISTS_PATH];
    path_of(k, "entries", dir);
    char **names = NULL;
    enum gw_status st = gw_file_list(dir, &names);
    for (size_t i = 0; st == GW_OK && names[i] != NULL; i++) {
        st = gw_file_join(path, sizeof(path), dir, names[i]);
        if (st == GW_OK && unlink(path) != 0 && errno != ENOENT)
            st = GW_IO;
    }
    if (names != NULL)
        gw_file_names_free(names);
    return st == GW_OK ? GW_EXIT_OK : gw_cmd_file_failed(k->c, dir, st);
}

/* One item of a step: id, u32 length, bytes; no bytes is a removal. */
static int apply_item(const struct gw_lists_copy *k, struct gw_cursor *at)
{
    struct gw_bytes id, record;
    uint32_t len;
    char path[GW_LISTS_PATH];
    if (gw_cursor_take(at, ID_LEN, &id) != GW_OK || gw_cursor_u32be(at, &len) != GW_OK ||
        gw_cursor_take(at, len, &record) != GW_OK || entry_path(k, id, path) != GW_OK)
        return damaged(k, "pending");
    if (len != 0)
        return write_entry(k, path, record);
    if (unlink(path) != 0 && errno != ENOENT)
        return gw_cmd_file_failed(k->c, path, GW_IO);
    return GW_EXIT_OK;
}

static int sync_all(const struct gw_lists_copy *k)
{
    int fd = open(k->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && syncfs(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok ? GW_EXIT_OK : gw_cmd_file_failed(k->c, k->dir, GW_IO);
}

/* The step in `text`; then the cursor, then `pending` goes. */
static int apply(struct gw_lists_copy *k, struct gw_bytes text)
{
    char pending[GW_LISTS_PATH], cursor[4096], fresh[4];
    path_of(k, "pending", pending);
    struct gw_cursor at = gw_cursor_make(text);
    struct gw_bytes head;
    if (gw_cursor_take(&at, sizeof(magic) - 1, &head) != GW_OK || !gw_bytes_eq_str(head, magic) ||
        !line(&at, "fresh ", fresh, sizeof(fresh)) || !line(&at, "cursor ", cursor, sizeof(cursor)))
        return damaged(k, pending);
    int rc = fresh[0] == '1' ? clear_entries(k) : GW_EXIT_OK;
    while (rc == GW_EXIT_OK && gw_cursor_left(&at) != 0)
        rc = apply_item(k, &at);
    if (rc == GW_EXIT_OK)
        rc = sync_all(k);
    if (rc == GW_EXIT_OK)
        rc = write_cursor(k, cursor);
    if (rc == GW_EXIT_OK && unlink(pending) != 0)
        rc = gw_cmd_file_failed(k->c, pending, GW_IO);
    return rc;
}

/* ---- steps -------------------------------------------------------------------------------------
 */

int gw_lists_copy_open(struct gw_lists_copy *k, bool again)
{
    char path[GW_LISTS_PATH];
    gw_buf_init(&k->step, STEP_MAX);
    path_of(k, "entries", path);
    enum gw_status st = gw_file_mkdirs(path, 0700); /* may name persons */
    if (st != GW_OK)
        return gw_cmd_file_failed(k->c, path, st);
    path_of(k, "pending", path);
    int rc = again ? GW_EXIT_OK : read_cursor(k);
    if (rc != GW_EXIT_OK)
        return rc;
    if (again) {
        k->fresh = true;
        if (unlink(path) != 0 && errno != ENOENT)
            rc = gw_cmd_file_failed(k->c, path, GW_IO);
        return rc;
    }
    struct gw_buf b;
    gw_buf_init(&b, STEP_MAX + 8192);
    st = gw_file_read(path, &b);
    if (st == GW_OK) {
        rc = apply(k, gw_buf_view(&b));
        k->fresh = false;
    } else if (st != GW_NOT_FOUND) {
        rc = gw_cmd_file_failed(k->c, path, st);
    }
    gw_buf_fini(&b);
    return rc;
}

void gw_lists_copy_close(struct gw_lists_copy *k)
{
    gw_buf_fini(&k->step);
}

void gw_lists_copy_add(struct gw_lists_copy *k, struct gw_bytes id, struct gw_bytes record)
{
    gw_buf_bytes(&k->step, id);
    gw_buf_u32be(&k->step, (uint32_t)record.len);
    gw_buf_bytes(&k->step, record);
    k->items++;
}

int gw_lists_copy_commit(struct gw_lists_copy *k, const char *cursor)
{
    if (k->items == 0 && !k->fresh) {
        if (strcmp(cursor, k->cursor) == 0)
            return GW_EXIT_OK;
        return write_cursor(k, cursor);
    }
    char path[GW_LISTS_PATH];
    struct gw_buf b;
    gw_buf_init(&b, STEP_MAX + 8192);
    gw_buf_printf(&b, "%sfresh %d\ncursor %s\n", magic, k->fresh ? 1 : 0, cursor);
    gw_buf_bytes(&b, gw_buf_view(&k->step));
    path_of(k, "pending", path);
    enum gw_status st = gw_buf_failed(&b) != GW_OK ? GW_NOMEM : gw_buf_failed(&k->step);
    if (st == GW_OK)
        st = gw_file_write_atomic(path, gw_buf_view(&b), 0600);
    int rc = st == GW_OK ? apply(k, gw_buf_view(&b)) : gw_cmd_file_failed(k->c, path, st);
    gw_buf_fini(&b);
    if (rc != GW_EXIT_OK)
        return rc;
    k->fresh = false;
    k->items = 0;
    gw_buf_reset(&k->step);
    return GW_EXIT_OK;
}

int gw_lists_copy_count(const struct gw_lists_copy *k, uint64_t *ret)
{
    char dir[GW_LISTS_PATH];
    path_of(k, "entries", dir);
    char **names = NULL;
    enum gw_status st = gw_file_list(dir, &names);
    if (st != GW_OK)
        return gw_cmd_file_failed(k->c, dir, st);
    uint64_t n = 0;
    while (names[n] != NULL)
        n++;
    gw_file_names_free(names);
    *ret = n;
    return GW_EXIT_OK;
}
