/* Rate limits against floods of frames that are cheap to send and dear to handle: rapid reset
 * (CVE-2023-44487), resets that the peer makes us send (CVE-2025-8671), PING, SETTINGS, PRIORITY
 * and empty DATA (CVE-2019-9512 to -9518), header blocks that unfold to far more than their bytes
 * (HPACK references: the decoder has to read each to its end). nghttp2 bounds CONTINUATION and
 * queued acknowledgements.
 */
#include "base/clock.h"
#include "http2/http2_internal.h"

static bool count(struct gw_http2 *h, struct gw_http2_flood *f, uint32_t max)
{
    int64_t now = h->now_us(h->now_arg);
    if (f->count == 0 || now - f->since_us >= 60 * GW_USEC_PER_SEC) {
        f->since_us = now;
        f->count = 0;
    }
    f->count++;
    return f->count <= max;
}

bool gw_http2_flood_reset(struct gw_http2 *h)
{
    return count(h, &h->resets, h->settings.max_resets_per_minute);
}

bool gw_http2_flood_ping(struct gw_http2 *h)
{
    return count(h, &h->pings, h->settings.max_pings_per_minute);
}

bool gw_http2_flood_head(struct gw_http2 *h)
{
    return count(h, &h->heads, GW_HTTP2_MAX_HEADS_OVER_LIMIT);
}

void gw_http2_flood_forgive(struct gw_http2 *h)
{
    if (h->pings.count > 0)
        h->pings.count--;
}
