/* fuzz: grpc */
/* Message framing: however the bytes are cut, the same messages come out, within the limit, and
 * each byte goes back to the window once. First byte: gzip allowed (bit 0), size of the pieces (the
 * rest). */
#include <stdlib.h>

#include "grpc/grpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_MESSAGE = 5000 };

static void must(bool ok)
{
    if (!ok)
        __builtin_trap();
}

/* Returns how it ended; appends all messages with their lengths. */
static enum gw_status read_all(struct gw_bytes in, size_t piece, bool gzip, struct gw_buf *ret)
{
    struct gw_grpc_reader r;
    gw_grpc_reader_init(&r, MAX_MESSAGE, gzip);
    enum gw_status st = GW_OK;
    size_t given = 0;
    for (size_t at = 0; at < in.len && (st == GW_OK || st == GW_AGAIN);) {
        size_t n = in.len - at < piece ? in.len - at : piece;
        st = gw_grpc_reader_feed(&r, gw_bytes_make(in.ptr + at, n));
        at += n;
        struct gw_bytes m;
        size_t wire;
        while (st == GW_OK && (st = gw_grpc_reader_next(&r, &m, &wire)) == GW_OK) {
            must(m.len <= MAX_MESSAGE);
            gw_buf_u32be(ret, (uint32_t)m.len);
            gw_buf_bytes(ret, m);
            given += wire;
        }
        if (st == GW_AGAIN) {
            given += gw_grpc_reader_partial(&r);
            must(given == at);
        }
    }
    if (st == GW_AGAIN)
        st = gw_grpc_reader_clean(&r) ? GW_OK : GW_TRUNCATED;
    gw_grpc_reader_fini(&r);
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    bool gzip = (data[0] & 1) != 0;
    struct gw_bytes in = gw_bytes_make(data + 1, size - 1);
    struct gw_buf whole, pieces;
    gw_buf_init(&whole, 1 << 24);
    gw_buf_init(&pieces, 1 << 24);
    enum gw_status a = read_all(in, SIZE_MAX, gzip, &whole);
    enum gw_status b = read_all(in, 1 + (data[0] >> 1), gzip, &pieces);
    if (gw_buf_failed(&whole) == GW_OK && gw_buf_failed(&pieces) == GW_OK) {
        /* An error may be seen before an earlier whole message is taken out, never after a later
         * one. */
        must(a == b);
        must(gw_bytes_eq(gw_buf_view(&whole), gw_buf_view(&pieces)));
    }
    gw_buf_fini(&whole);
    gw_buf_fini(&pieces);
    return 0;
}
