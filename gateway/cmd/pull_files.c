/* Package files of a pull. Order of a commit: data under a temporary name, synced; the cursor file
 * with the new cursor and the name that is to come; the rename. A start finds either no note (the
 * temporary file is rubbish) or the note (the rename is done again). */
#include "cmd/pull.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/file.h"
#include "base/text.h"

static bool is_dir(const char *path)
{
    struct stat sb;
    return stat(path, &sb) == 0 && S_ISDIR(sb.st_mode);
}

/* One file when the name looks like one of this format's; else a folder. */
static bool looks_like_file(const struct gw_pull_files *p)
{
    size_t n = strlen(p->out);
    const char *const endings[] = {".xml", ".json", ".pb"};
    for (size_t i = 0; i < GW_ARRAY_LEN(endings); i++) {
        size_t m = strlen(endings[i]);
        if (n > m && strcmp(p->out + n - m, endings[i]) == 0)
            return true;
    }
    return false;
}

static void part_path(const struct gw_pull_files *p, char ret[4096])
{
    snprintf(ret, 4096, p->single ? "%s.part" : "%s/.part", p->out);
}

static void final_path(const struct gw_pull_files *p, char ret[4096])
{
    const char *media = gw_format_media(p->f);
    if (p->single)
        snprintf(ret, 4096, "%s", p->out);
    else
        snprintf(ret, 4096, "%s/%s-%06" PRIu64 ".%s", p->out, gw_format_id(p->f), p->next,
                 strcmp(media, "protobuf") == 0 ? "pb" : media);
}

static int write_cursor(const struct gw_pull_files *p, const char *cursor, uint64_t next,
                        bool pending)
{
    if (p->no_cursor)
        return GW_EXIT_OK;
    struct gw_buf b;
    gw_buf_init(&b, 16 * 1024);
    gw_buf_printf(&b, "xinqiao-cursor 1\nformat %s\nnext %" PRIu64 "\npending %d\ncursor %s\n",
                  gw_format_id(p->f), next, pending ? 1 : 0, cursor);
    int rc = gw_cmd_write_file(p->c, p->cursor_path, gw_buf_view(&b));
    gw_buf_fini(&b);
    return rc;
}

static bool line(struct gw_cursor *c, const char *name, char *ret, size_t size)
{
    struct gw_bytes l;
    size_t n = strlen(name);
    if (gw_cursor_until(c, '\n', &l) != GW_OK || l.len < n || memcmp(l.ptr, name, n) != 0 ||
        l.len - n >= size)
        return false;
    snprintf(ret, size, "%.*s", (int)(l.len - n), (const char *)l.ptr + n);
    return true;
}

static int finish_rename(struct gw_pull_files *p)
{
    char part[4096], final[4096];
    part_path(p, part);
    p->next--; /* of the file that was pending */
    final_path(p, final);
    p->next++;
    if (access(part, F_OK) == 0 && rename(part, final) != 0)
        return gw_cmd_file_failed(p->c, final, GW_IO);
    return write_cursor(p, p->cursor, p->next, false);
}

static int read_cursor(struct gw_pull_files *p)
{
    struct gw_buf b;
    gw_buf_init(&b, 16 * 1024);
    enum gw_status st = gw_file_read(p->cursor_path, &b);
    if (st == GW_NOT_FOUND) {
        gw_buf_fini(&b);
        return GW_EXIT_OK;
    }
    struct gw_cursor c = gw_cursor_make(gw_buf_view(&b));
    char version[8], format[128], next[24], pending[4];
    bool ok = st == GW_OK && line(&c, "xinqiao-cursor ", version, sizeof(version)) &&
              line(&c, "format ", format, sizeof(format)) &&
              line(&c, "next ", next, sizeof(next)) &&
              line(&c, "pending ", pending, sizeof(pending)) &&
              line(&c, "cursor ", p->cursor, sizeof(p->cursor)) &&
              gw_text_u64(gw_bytes_str(next), &p->next) == GW_OK;
    gw_buf_fini(&b);
    if (!ok) {
        gw_cmd_err(p->c, "游标文件 %s 无法读取；删除它将从头拉取",
                   "the cursor file %s can not be read; without it the pull starts again from the "
                   "beginning",
                   p->cursor_path);
        return GW_EXIT_FAILED;
    }
    if (strcmp(format, gw_format_id(p->f)) != 0) {
        gw_cmd_err(p->c, "游标文件 %s 属于格式 %s，请为每种格式使用各自的目录或游标文件",
                   "the cursor file %s belongs to %s; use a folder or cursor file for each format",
                   p->cursor_path, format);
        return GW_EXIT_USAGE;
    }
    return pending[0] == '1' ? finish_rename(p) : GW_EXIT_OK;
}

int gw_pull_files_open(struct gw_pull_files *p, const struct gw_format *f)
{
    p->f = f;
    p->next = 1;
    p->single = !is_dir(p->out) && looks_like_file(p);
    p->no_cursor = p->single && p->cursor_given == NULL;
    if (p->single) {
        p->per_file = UINT64_MAX;
    } else {
        enum gw_status st = gw_file_mkdirs(p->out, 0755);
        if (st != GW_OK)
            return gw_cmd_file_failed(p->c, p->out, st);
    }
    if (p->cursor_given != NULL)
        snprintf(p->cursor_path, sizeof(p->cursor_path), "%s", p->cursor_given);
    else if (!p->single)
        snprintf(p->cursor_path, sizeof(p->cursor_path), "%s/cursor", p->out);
    int rc = p->no_cursor ? GW_EXIT_OK : read_cursor(p);
    if (rc == GW_EXIT_OK && p->single && access(p->out, F_OK) == 0) {
        gw_cmd_err(p->c, "文件 %s 已存在，不覆盖；请换一个文件名或给出目录",
                   "the file %s exists and is not overwritten; give another name or a folder",
                   p->out);
        rc = GW_EXIT_USAGE;
    }
    return rc;
}

int gw_pull_files_add(struct gw_pull_files *p, struct gw_bytes record)
{
    if (!p->writing) {
        int rc = gw_cmd_writer_open(p->c, p->f, &p->writer);
        if (rc != GW_EXIT_OK)
            return rc;
        p->writing = true;
    }
    return gw_cmd_writer_add(&p->writer, record);
}

bool gw_pull_files_full(const struct gw_pull_files *p)
{
    return p->writing && p->writer.count >= p->per_file;
}

int gw_pull_files_commit(struct gw_pull_files *p, const char *cursor)
{
    char part[4096], final[4096];
    part_path(p, part);
    final_path(p, final);
    int rc = gw_cmd_writer_save(&p->writer, part, NULL);
    gw_cmd_writer_close(&p->writer);
    p->writing = false;
    if (rc == GW_EXIT_OK)
        rc = write_cursor(p, cursor, p->next + 1, true);
    if (rc != GW_EXIT_OK)
        return rc;
    if (rename(part, final) != 0)
        return gw_cmd_file_failed(p->c, final, GW_IO);
    p->next++;
    p->written++;
    snprintf(p->last, sizeof(p->last), "%s", final);
    return write_cursor(p, cursor, p->next, false);
}

int gw_pull_files_finish(struct gw_pull_files *p, const char *cursor, bool whole)
{
    /* One file without a cursor file is all or nothing. */
    if (!whole && p->no_cursor)
        return GW_EXIT_OK;
    if (p->single && whole && !p->writing) { /* an empty package is an answer too */
        int rc = gw_cmd_writer_open(p->c, p->f, &p->writer);
        if (rc != GW_EXIT_OK)
            return rc;
        p->writing = true;
    }
    if (p->writing)
        return gw_pull_files_commit(p, cursor);
    if (strcmp(cursor, p->cursor) == 0)
        return GW_EXIT_OK;
    return write_cursor(p, cursor, p->next, false);
}

void gw_pull_files_close(struct gw_pull_files *p)
{
    if (p->writing)
        gw_cmd_writer_close(&p->writer);
    p->writing = false;
}
