/* Package files in and out. Reading is streaming; writing keeps the records in an unnamed file
 * until count and digest of the header are known. */
#include "cmd/package.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

enum { CHUNK = 256 * 1024, JOIN_MAX = 8 * 1024 * 1024, WHOLE_MAX = 64 * 1024 * 1024 };

int gw_cmd_reader_open(const struct gw_cmd_ctx *c, const struct gw_format *f, const char *path,
                       struct gw_cmd_reader *ret)
{
    struct gw_cmd_reader r = {.c = c, .path = path, .fd = -1};
    gw_buf_init(&r.whole, WHOLE_MAX);
    struct stat sb;
    bool stat_ok = strcmp(path, "-") == 0 ? fstat(0, &sb) == 0 : stat(path, &sb) == 0;
    if (stat_ok && S_ISDIR(sb.st_mode)) {
        gw_cmd_err(c, "%s 是目录，请给出其中的数据包文件",
                   "%s is a folder; name a package file in it", path);
        *ret = r;
        return GW_EXIT_USAGE;
    }
    if (f == NULL) {
        enum gw_status st = gw_file_read(path, &r.whole);
        r.size = r.whole.len;
        *ret = r;
        return st == GW_OK ? GW_EXIT_OK : gw_cmd_file_failed(c, path, st);
    }
    r.fd = strcmp(path, "-") == 0 ? dup(0) : open(path, O_RDONLY | O_CLOEXEC);
    if (r.fd < 0)
        return gw_cmd_file_failed(c, path,
                                  errno == ENOENT   ? GW_NOT_FOUND
                                  : errno == EACCES ? GW_DENIED
                                                    : GW_IO);
    if (stat_ok && S_ISREG(sb.st_mode))
        r.size = (uint64_t)sb.st_size;
    r.chunk = malloc(CHUNK);
    if (r.chunk == NULL || gw_format_splitter_new(f, &r.splitter) != GW_OK) {
        gw_cmd_reader_close(&r);
        gw_cmd_err(c, "内存不足", "out of memory");
        return GW_EXIT_FAILED;
    }
    *ret = r;
    return GW_EXIT_OK;
}

void gw_cmd_reader_close(struct gw_cmd_reader *r)
{
    gw_format_splitter_free(gw_steal(&r->splitter));
    free(gw_steal(&r->chunk));
    gw_buf_fini(&r->whole);
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
}

static void complain(const struct gw_cmd_reader *r, const char *code)
{
    const struct gw_reason *reason = gw_reason_find(gw_bytes_str(code != NULL ? code : ""));
    struct gw_problem problem = {.kind = GW_PROBLEM_ERROR, .reason = reason, .field = ""};
    struct gw_buf text;
    gw_buf_init(&text, 4096);
    if (reason != NULL) {
        char count[24];
        snprintf(count, sizeof(count), "%" PRIu64, gw_format_splitter_package(r->splitter)->count);
        problem.params[0] = (struct gw_param){"expected", count};
        gw_problem_text(&problem, TR(r->c, "zh", "en"), &text);
    } else {
        gw_buf_str(&text, TR(r->c, "内容不正确", "malformed"));
    }
    gw_cmd_err(r->c, "%s 第 %" PRIu64 " 条之后：%.*s（%s）",
               "%s, after record %" PRIu64 ": %.*s (%s)", r->path, r->row,
               GW_BYTES_FMT(gw_buf_view(&text)), code != NULL ? code : "-");
    gw_buf_fini(&text);
}

static enum gw_status more(struct gw_cmd_reader *r)
{
    ssize_t n;
    do
        n = read(r->fd, r->chunk, CHUNK);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        gw_cmd_file_failed(r->c, r->path, GW_IO);
        return GW_IO;
    }
    r->last = n == 0;
    r->offset += (uint64_t)n;
    enum gw_status st =
        gw_format_splitter_feed(r->splitter, gw_bytes_make(r->chunk, (size_t)n), r->last);
    if (st != GW_OK)
        complain(r, NULL);
    return st;
}

enum gw_status gw_cmd_reader_next(struct gw_cmd_reader *r, struct gw_bytes *ret)
{
    if (r->splitter == NULL) {
        *ret = gw_buf_view(&r->whole);
        r->offset = r->size;
        return r->row++ == 0 ? GW_OK : GW_NOT_FOUND;
    }
    for (;;) {
        const char *reason = NULL;
        enum gw_status st = gw_format_splitter_next(r->splitter, ret, &reason);
        if (st == GW_OK) {
            r->row++;
            return GW_OK;
        }
        if (st == GW_AGAIN && !r->last) {
            GW_TRY(more(r));
            continue;
        }
        if (st == GW_AGAIN) {
            complain(r, "input-truncated");
            return GW_TRUNCATED;
        }
        if (st == GW_NOT_FOUND) {
            if (gw_format_splitter_check(r->splitter, &reason) == GW_OK ||
                (r->other_digest && reason != NULL && strcmp(reason, "batch-digest") == 0))
                return GW_NOT_FOUND;
            st = GW_INVALID;
        }
        complain(r, reason);
        return st;
    }
}

/* ---- writing -----------------------------------------------------------------------------------
 */

int gw_cmd_writer_open(const struct gw_cmd_ctx *c, const struct gw_format *f,
                       struct gw_cmd_writer *ret)
{
    struct gw_cmd_writer w = {.c = c, .f = f};
    w.body = tmpfile();
    w.digest = gw_crypto_sha256_new();
    gw_buf_init(&w.scratch, JOIN_MAX);
    if (w.body == NULL || w.digest == NULL) {
        gw_cmd_err(c, "无法建立临时文件，请检查临时目录（TMPDIR）的空间",
                   "no temporary file can be made; check the space of the temporary folder");
        gw_cmd_writer_close(&w);
        return GW_EXIT_FAILED;
    }
    setvbuf(w.body, NULL, _IOFBF, CHUNK);
    *ret = w;
    return GW_EXIT_OK;
}

void gw_cmd_writer_close(struct gw_cmd_writer *w)
{
    if (w->body != NULL)
        fclose(w->body);
    w->body = NULL;
    gw_crypto_sha256_free(gw_steal(&w->digest));
    gw_buf_fini(&w->scratch);
}

int gw_cmd_writer_add(struct gw_cmd_writer *w, struct gw_bytes record)
{
    gw_crypto_sha256_update(w->digest,
                            record); /* of a header: over the records, one after the other */
    gw_buf_reset(&w->scratch);
    enum gw_status st = gw_format_join_record(w->f, w->count, record, &w->scratch);
    if (st != GW_OK || gw_buf_failed(&w->scratch) != GW_OK ||
        fwrite(w->scratch.ptr, 1, w->scratch.len, w->body) != w->scratch.len)
        return gw_cmd_file_failed(w->c, "(tmp)", st != GW_OK ? st : GW_NOSPACE);
    w->count++;
    return GW_EXIT_OK;
}

static void header(const struct gw_cmd_writer *w, const struct gw_format_package *like,
                   const struct gw_hash *digest, struct gw_format_package *ret)
{
    struct gw_format_package p = {.has_header = true};
    if (like != NULL && like->has_header)
        p = *like;
    uint8_t id[16];
    int64_t now = gw_clock_wall_us();
    gw_crypto_uuid7(now, id);
    snprintf(p.guid, sizeof(p.guid),
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", id[0], id[1],
             id[2], id[3], id[4], id[5], id[6], id[7], id[8], id[9], id[10], id[11], id[12], id[13],
             id[14], id[15]);
    if (p.version[0] == '\0')
        snprintf(p.version, sizeof(p.version), "1.0");
    if (p.mode[0] == '\0')
        snprintf(p.mode, sizeof(p.mode), "增量");
    if (p.resource[0] == '\0')
        snprintf(p.resource, sizeof(p.resource), "%s", gw_canon_kind_name(gw_format_kind(w->f)));
    char t[20];
    gw_cmd_time(now, t);
    snprintf(p.timestamp, sizeof(p.timestamp), "%.10sT%.8s+08:00", t, t + 11);
    p.count = w->count;
    struct gw_buf hex;
    gw_buf_init_fixed(&hex, p.digest, sizeof(p.digest) - 1);
    gw_hex_put(&hex, gw_bytes_make(digest->byte, sizeof(digest->byte)));
    p.digest[64] = '\0';
    *ret = p;
}

static bool copy_body(struct gw_cmd_writer *w, FILE *out)
{
    char chunk[32 * 1024];
    size_t n;
    if (fflush(w->body) != 0)
        return false;
    rewind(w->body);
    while ((n = fread(chunk, 1, sizeof(chunk), w->body)) != 0)
        if (fwrite(chunk, 1, n, out) != n)
            return false;
    return ferror(w->body) == 0;
}

int gw_cmd_writer_save(struct gw_cmd_writer *w, const char *path,
                       const struct gw_format_package *like)
{
    bool to_stdout = strcmp(path, "-") == 0;
    struct gw_hash digest;
    struct gw_format_package p;
    gw_crypto_sha256_final(w->digest, &digest);
    header(w, like, &digest, &p);
    FILE *out = to_stdout ? stdout : fopen(path, "we");
    if (out == NULL)
        return gw_cmd_file_failed(w->c, path, errno == EACCES ? GW_DENIED : GW_IO);
    gw_buf_reset(&w->scratch);
    enum gw_status st = gw_format_join_begin(w->f, &p, &w->scratch);
    bool ok = st == GW_OK && fwrite(w->scratch.ptr, 1, w->scratch.len, out) == w->scratch.len &&
              copy_body(w, out);
    gw_buf_reset(&w->scratch);
    if (ok)
        st = gw_format_join_end(w->f, &p, &w->scratch);
    ok = ok && st == GW_OK && fwrite(w->scratch.ptr, 1, w->scratch.len, out) == w->scratch.len &&
         fflush(out) == 0;
    if (!to_stdout) {
        ok = ok && fsync(fileno(out)) == 0;
        ok = fclose(out) == 0 && ok;
    }
    if (!ok)
        return gw_cmd_file_failed(w->c, path, st != GW_OK ? st : GW_NOSPACE);
    return GW_EXIT_OK;
}
