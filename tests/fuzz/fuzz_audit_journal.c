/* fuzz: audit */
/* The judgement of a journal segment: the offset stays inside, and what a torn verdict keeps is
 * judged clean when the rest is cleared. The first byte says whether it is the last segment; the
 * header is put right so that the batches are reached. */
#include <stdlib.h>

#include "audit/audit_internal.h"

static const char origin[] = "log.city-a.example/exchange/2026";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (gw_crypto_init() != GW_OK || size < 1)
        return 0;
    size_t len = GW_AUDIT_SEGMENT_HEADER + size - 1;
    uint8_t *file = malloc(len);
    gw_audit_segment_header(origin, 0, file);
    memcpy(file + GW_AUDIT_SEGMENT_HEADER, data + 1, size - 1);
    struct gw_audit_scan s = {.origin = origin, .last_segment = (data[0] & 1u) != 0};
    enum gw_audit_scan_result r = gw_audit_segment_scan(gw_bytes_make(file, len), &s);
    if (s.offset > len || s.offset < GW_AUDIT_SEGMENT_HEADER)
        abort();
    if (r == GW_AUDIT_SCAN_TORN) {
        uint64_t next = s.next_seq;
        memset(file + s.offset, 0, len - s.offset);
        struct gw_audit_scan again = {.origin = origin, .last_segment = true};
        if (gw_audit_segment_scan(gw_bytes_make(file, len), &again) != GW_AUDIT_SCAN_OK ||
            again.next_seq != next)
            abort();
    }
    free(file);
    return 0;
}
