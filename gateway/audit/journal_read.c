/* Reads durable entries out of the journal in order, on its own descriptors, while the sequencer
 * writes behind. Serves the integrator and reconciliation; the checksum of every batch is checked
 * again. */
#include "audit/audit_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cursor.h"

enum gw_status gw_audit_journal_reader_init(struct gw_audit_journal_reader *r, const char *dir)
{
    *r = (struct gw_audit_journal_reader){.fd = -1};
    r->room = malloc(GW_AUDIT_BATCH_MAX);
    if (r->room == NULL)
        return GW_NOMEM;
    return gw_file_join(r->dir, sizeof(r->dir), dir, "journal");
}

void gw_audit_journal_reader_fini(struct gw_audit_journal_reader *r)
{
    if (r->room == NULL)
        return;
    if (r->fd >= 0)
        close(r->fd);
    free(r->room);
    r->fd = -1;
    r->room = NULL;
}

static enum gw_status read_at(int fd, uint8_t *to, size_t len, uint64_t offset)
{
    while (len != 0) {
        ssize_t n = pread(fd, to, len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return GW_IO;
        if (n == 0)
            return GW_NOT_FOUND;
        to += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return GW_OK;
}

static enum gw_status open_segment(struct gw_audit_journal_reader *r, uint64_t first_seq)
{
    char name[32], path[PATH_MAX];
    gw_audit_segment_name(first_seq, name);
    GW_TRY(gw_file_join(path, sizeof(path), r->dir, name));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? GW_NOT_FOUND : GW_IO;
    if (r->fd >= 0)
        close(r->fd);
    r->fd = fd;
    r->offset = GW_AUDIT_SEGMENT_HEADER;
    r->batch_seq = first_seq;
    r->rest = GW_BYTES_NONE;
    return GW_OK;
}

/* Header of the next batch of this segment: GW_NOT_FOUND at its end. */
static enum gw_status peek_batch(struct gw_audit_journal_reader *r, uint32_t *ret_count,
                                 uint32_t *ret_len)
{
    if (r->fd < 0)
        return GW_NOT_FOUND;
    GW_TRY(read_at(r->fd, r->room, GW_AUDIT_BATCH_HEADER, r->offset));
    struct gw_cursor c = gw_cursor_make(gw_bytes_make(r->room, GW_AUDIT_BATCH_HEADER));
    uint32_t magic;
    uint64_t first;
    GW_TRY(gw_cursor_u32be(&c, &magic));
    GW_TRY(gw_cursor_u32be(&c, ret_count));
    GW_TRY(gw_cursor_u64be(&c, &first));
    GW_TRY(gw_cursor_u32be(&c, ret_len));
    if (magic == 0)
        return GW_NOT_FOUND;
    if (first != r->batch_seq || *ret_len > GW_AUDIT_PAYLOAD_MAX)
        return GW_CORRUPT;
    return GW_OK;
}

static enum gw_status load_batch(struct gw_audit_journal_reader *r)
{
    uint32_t count, len;
    enum gw_status st = peek_batch(r, &count, &len);
    if (st == GW_NOT_FOUND) {
        /* The end of a segment: the next one bears the number of its first entry. */
        GW_TRY(open_segment(r, r->batch_seq));
        st = peek_batch(r, &count, &len);
    }
    GW_TRY(st);
    size_t size = GW_AUDIT_BATCH_HEADER + (size_t)len + GW_SHA256_LEN;
    GW_TRY(read_at(r->fd, r->room, size, r->offset));
    struct gw_audit_batch b;
    size_t parsed;
    if (gw_audit_batch_parse(gw_bytes_make(r->room, size), &b, &parsed) != GW_OK ||
        b.first_seq != r->batch_seq)
        return GW_CORRUPT;
    r->rest = b.payload;
    r->offset += parsed;
    r->batch_seq += b.count;
    return GW_OK;
}

enum gw_status gw_audit_journal_next(struct gw_audit_journal_reader *r, struct gw_bytes *ret_entry)
{
    if (r->rest.len == 0)
        GW_TRY(load_batch(r));
    GW_TRY(gw_audit_payload_next(&r->rest, ret_entry));
    r->next_seq++;
    return GW_OK;
}

static enum gw_status segment_of(struct gw_audit_journal_reader *r, uint64_t seq,
                                 uint64_t *ret_first)
{
    char **names;
    GW_TRY(gw_file_list(r->dir, &names));
    enum gw_status st = GW_NOT_FOUND;
    for (char **n = names; *n != NULL; n++) {
        uint64_t first;
        if (gw_audit_segment_parse(*n, &first) != GW_OK || first > seq)
            continue;
        *ret_first = first;
        st = GW_OK;
    }
    gw_file_names_free(names);
    return st;
}

enum gw_status gw_audit_journal_seek(struct gw_audit_journal_reader *r, uint64_t seq)
{
    uint64_t first = 0;
    GW_TRY(segment_of(r, seq, &first));
    GW_TRY(open_segment(r, first));
    uint32_t count, len;
    for (;;) {
        enum gw_status st = peek_batch(r, &count, &len);
        if (st == GW_NOT_FOUND && r->batch_seq == seq)
            break;
        GW_TRY(st);
        if (r->batch_seq + count > seq)
            break;
        r->offset += GW_AUDIT_BATCH_HEADER + (uint64_t)len + GW_SHA256_LEN;
        r->batch_seq += count;
    }
    r->next_seq = r->batch_seq;
    while (r->next_seq < seq) {
        struct gw_bytes skipped;
        GW_TRY(gw_audit_journal_next(r, &skipped));
    }
    return GW_OK;
}
