/* The journal (SPEC 8.2): segments of batches, each durable with one fdatasync. Writing, and the
 * judgement of a segment that recovery reads. Reading beside the writer is journal_read.c. */
#include "audit/audit_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/text.h"

static const char segment_magic[8] = "EXLOGJ1\n";
static const char batch_magic[4] = "EXB1";
enum { NAME_DIGITS = 20 };

static enum gw_status io_status(int err)
{
    return err == ENOSPC || err == EDQUOT ? GW_NOSPACE : GW_IO;
}

/* ---- form ---- */

void gw_audit_segment_name(uint64_t first_seq, char ret[32])
{
    snprintf(ret, 32, "%020llu.exj", (unsigned long long)first_seq);
}

enum gw_status gw_audit_segment_parse(const char *name, uint64_t *ret)
{
    if (strlen(name) != NAME_DIGITS + 4 || strcmp(name + NAME_DIGITS, ".exj") != 0)
        return GW_INVALID;
    uint64_t v = 0;
    for (int i = 0; i < NAME_DIGITS; i++) {
        if (name[i] < '0' || name[i] > '9' || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(name[i] - '0'), &v))
            return GW_INVALID;
    }
    if (v > INT64_MAX)
        return GW_INVALID;
    *ret = v;
    return GW_OK;
}

void gw_audit_segment_header(const char *origin, uint64_t first_seq,
                             uint8_t ret[GW_AUDIT_SEGMENT_HEADER])
{
    struct gw_hash h;
    struct gw_buf b;
    gw_crypto_sha256(gw_bytes_str(origin), GW_BYTES_NONE, GW_BYTES_NONE, &h);
    gw_buf_init_fixed(&b, ret, GW_AUDIT_SEGMENT_HEADER);
    gw_buf_append(&b, segment_magic, sizeof(segment_magic));
    gw_buf_append(&b, &h, sizeof(h));
    gw_buf_u64be(&b, first_seq);
}

enum gw_status gw_audit_payload_next(struct gw_bytes *rest, struct gw_bytes *ret_entry)
{
    if (rest->len == 0)
        return GW_NOT_FOUND;
    struct gw_cursor c = gw_cursor_make(*rest);
    uint16_t len;
    GW_TRY(gw_cursor_u16be(&c, &len));
    GW_TRY(gw_cursor_take(&c, len, ret_entry));
    *rest = gw_bytes_make(c.ptr, gw_cursor_left(&c));
    return GW_OK;
}

static enum gw_status parse_batch_header(struct gw_cursor *c, struct gw_audit_batch *b,
                                         uint32_t *ret_len)
{
    struct gw_bytes magic, prev;
    GW_TRY(gw_cursor_take(c, sizeof(batch_magic), &magic));
    GW_TRY(gw_cursor_u32be(c, &b->count));
    GW_TRY(gw_cursor_u64be(c, &b->first_seq));
    GW_TRY(gw_cursor_u32be(c, ret_len));
    GW_TRY(gw_cursor_take(c, sizeof(b->prev), &prev));
    memcpy(&b->prev, prev.ptr, prev.len);
    if (memcmp(magic.ptr, batch_magic, sizeof(batch_magic)) != 0 || b->count == 0 ||
        b->count > GW_AUDIT_BATCH_COUNT_MAX || *ret_len > GW_AUDIT_PAYLOAD_MAX ||
        b->first_seq > INT64_MAX)
        return GW_INVALID;
    return GW_OK;
}

enum gw_status gw_audit_batch_parse(struct gw_bytes bytes, struct gw_audit_batch *ret,
                                    size_t *ret_size)
{
    struct gw_cursor c = gw_cursor_make(bytes);
    struct gw_audit_batch b;
    struct gw_bytes sum;
    uint32_t len;
    GW_TRY(parse_batch_header(&c, &b, &len));
    GW_TRY(gw_cursor_take(&c, len, &b.payload));
    GW_TRY(gw_cursor_take(&c, GW_SHA256_LEN, &sum));
    struct gw_bytes rest = b.payload, entry;
    uint32_t n = 0;
    while (rest.len != 0) {
        GW_TRY(gw_audit_payload_next(&rest, &entry));
        if (++n > b.count || entry.len == 0 || entry.len > GW_AUDIT_ENTRY_MAX)
            return GW_INVALID;
    }
    if (n != b.count)
        return GW_INVALID;
    struct gw_hash h;
    size_t covered = GW_AUDIT_BATCH_HEADER + (size_t)len;
    gw_crypto_sha256(gw_bytes_make(bytes.ptr, covered), GW_BYTES_NONE, GW_BYTES_NONE, &h);
    if (memcmp(&h, sum.ptr, sizeof(h)) != 0)
        return GW_CORRUPT;
    *ret = b;
    *ret_size = covered + GW_SHA256_LEN;
    return GW_OK;
}

/* ---- recovery's judgement (SPEC 8.5.3) ---- */

static bool all_zero(struct gw_bytes b)
{
    /* Equal to itself shifted by one, and the first is zero. */
    return b.len == 0 ||
           (b.ptr[0] == 0 && (b.len == 1 || memcmp(b.ptr, b.ptr + 1, b.len - 1) == 0));
}

/* A whole batch anywhere in `b`? Then what stands before it was durable, and damage there is no
 * torn write. */
static bool batch_behind(struct gw_bytes b)
{
    const uint8_t *at = b.ptr;
    const uint8_t *end = b.ptr + b.len;
    while ((at = memmem(at, (size_t)(end - at), batch_magic, sizeof(batch_magic))) != NULL) {
        struct gw_audit_batch batch;
        size_t size;
        if (gw_audit_batch_parse(gw_bytes_make(at, (size_t)(end - at)), &batch, &size) == GW_OK)
            return true;
        at++;
    }
    return false;
}

static enum gw_audit_scan_result refuse(struct gw_audit_scan *s, const char *reason)
{
    s->reason = reason;
    return GW_AUDIT_SCAN_REFUSE;
}

static const char *take_batch(struct gw_audit_scan *s, const struct gw_audit_batch *b)
{
    if (b->first_seq != s->next_seq)
        return "sequence gap";
    if (!gw_audit_hash_eq(&b->prev, &s->prev))
        return "prev mismatch";
    struct gw_bytes rest = b->payload, entry;
    while (gw_audit_payload_next(&rest, &entry) == GW_OK) {
        struct gw_hash leaf;
        gw_audit_leaf_hash(entry, &leaf);
        if (s->entry != NULL && s->entry(s->arg, s->next_seq, entry, &leaf) != GW_OK)
            return "entry contradicts the tree";
        s->prev = leaf;
        s->next_seq++;
    }
    return NULL;
}

enum gw_audit_scan_result gw_audit_segment_scan(struct gw_bytes file, struct gw_audit_scan *s)
{
    uint8_t header[GW_AUDIT_SEGMENT_HEADER];
    gw_audit_segment_header(s->origin, s->first_seq, header);
    s->reason = NULL;
    s->offset = 0;
    s->next_seq = s->first_seq;
    if (file.len < sizeof(header) || memcmp(file.ptr, header, sizeof(header)) != 0)
        return refuse(s, "header");
    s->offset = sizeof(header);
    for (;;) {
        struct gw_bytes rest = gw_bytes_make(file.ptr + s->offset, file.len - s->offset);
        struct gw_audit_batch b;
        size_t size;
        if (gw_audit_batch_parse(rest, &b, &size) != GW_OK) {
            if (all_zero(rest))
                return GW_AUDIT_SCAN_OK;
            if (!s->last_segment)
                return refuse(s, "damage in a segment that is not the last");
            if (batch_behind(rest))
                return refuse(s, "valid batch after a damaged one");
            return GW_AUDIT_SCAN_TORN;
        }
        const char *why = take_batch(s, &b);
        if (why != NULL)
            return refuse(s, why);
        s->offset += size;
    }
}

/* ---- writing ---- */

static enum gw_status write_at(int fd, struct gw_bytes b, uint64_t offset)
{
    while (b.len != 0) {
        ssize_t n = pwrite(fd, b.ptr, b.len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 ? GW_IO : io_status(errno);
        b.ptr += n;
        b.len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return GW_OK;
}

static enum gw_status put_header(int fd, const struct gw_audit_journal *j, uint64_t first_seq)
{
    uint8_t header[GW_AUDIT_SEGMENT_HEADER];
    gw_audit_segment_header(j->origin, first_seq, header);
    GW_TRY(write_at(fd, gw_bytes_make(header, sizeof(header)), 0));
    return fsync(fd) == 0 ? GW_OK : io_status(errno);
}

/* A spare of the right size: its blocks are written already, so a batch in it changes no metadata.
 */
static int take_spare(const struct gw_audit_journal *j, char path[PATH_MAX])
{
    struct stat st;
    if (gw_file_join(path, PATH_MAX, j->dir, GW_AUDIT_SPARE) != GW_OK)
        return -1;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, &st) != 0 || (uint64_t)st.st_size != j->segment_bytes)) {
        close(fd);
        return -1;
    }
    return fd;
}

static enum gw_status allocate_next(const struct gw_audit_journal *j, char path[PATH_MAX],
                                    int *ret_fd)
{
    GW_TRY(gw_file_join(path, PATH_MAX, j->dir, "next.tmp"));
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return io_status(errno);
    int err = posix_fallocate(fd, 0, (off_t)j->segment_bytes);
    if (err != 0) {
        close(fd);
        unlink(path);
        return io_status(err);
    }
    *ret_fd = fd;
    return GW_OK;
}

enum gw_status gw_audit_journal_create(struct gw_audit_journal *j, uint64_t first_seq)
{
    char name[32], path[PATH_MAX], temp[PATH_MAX];
    gw_audit_segment_name(first_seq, name);
    GW_TRY(gw_file_join(path, sizeof(path), j->dir, name));
    int fd = take_spare(j, temp);
    if (fd < 0)
        GW_TRY(allocate_next(j, temp, &fd));
    enum gw_status st = put_header(fd, j, first_seq);
    if (st == GW_OK && rename(temp, path) != 0)
        st = io_status(errno);
    if (st == GW_OK)
        st = gw_file_sync_dir(j->dir);
    if (st != GW_OK) {
        unlink(temp);
        close(fd);
        return st;
    }
    gw_audit_journal_close(j);
    j->fd = fd;
    j->first_seq = first_seq;
    j->offset = GW_AUDIT_SEGMENT_HEADER;
    return GW_OK;
}

static enum gw_status zero_from(int fd, uint64_t from, uint64_t to)
{
    static const uint8_t zeros[65536];
    while (from < to) {
        size_t n = to - from < sizeof(zeros) ? (size_t)(to - from) : sizeof(zeros);
        GW_TRY(write_at(fd, gw_bytes_make(zeros, n), from));
        from += n;
    }
    return GW_OK;
}

enum gw_status gw_audit_journal_resume(struct gw_audit_journal *j, uint64_t first_seq,
                                       uint64_t offset, bool torn)
{
    char name[32], path[PATH_MAX];
    gw_audit_segment_name(first_seq, name);
    GW_TRY(gw_file_join(path, sizeof(path), j->dir, name));
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return io_status(errno);
    struct stat st;
    enum gw_status status = fstat(fd, &st) == 0 ? GW_OK : io_status(errno);
    if (status == GW_OK && torn)
        status = zero_from(fd, offset, (uint64_t)st.st_size);
    /* A shorter file than the setting asks for is closed with the batches it has: never grown
     * behind fdatasync. */
    if (status == GW_OK && fdatasync(fd) != 0)
        status = io_status(errno);
    if (status != GW_OK) {
        close(fd);
        return status;
    }
    gw_audit_journal_close(j);
    j->fd = fd;
    j->first_seq = first_seq;
    j->offset = offset;
    if ((uint64_t)st.st_size < j->segment_bytes)
        j->offset = j->segment_bytes;
    return GW_OK;
}

enum gw_status gw_audit_journal_append(struct gw_audit_journal *j, struct gw_bytes batch)
{
    GW_TRY(write_at(j->fd, batch, j->offset));
    if (fdatasync(j->fd) != 0)
        return io_status(errno);
    j->offset += batch.len;
    return GW_OK;
}

void gw_audit_journal_close(struct gw_audit_journal *j)
{
    if (j->fd >= 0)
        close(j->fd);
    j->fd = -1;
}
