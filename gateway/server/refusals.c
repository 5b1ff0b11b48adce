/* See refusals.h. A flood from many addresses reuses the slot of the one told longest ago, after
 * its rest was told. */
#include "server/refusals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum { PERIOD_US = 60 * 1000000, LINES_A_PERIOD = 20 };

/* An entry that nobody waits for. */
struct note {
    struct gw_audit_append append;
    struct gw_buf body;
};

static void written(struct gw_audit_append *ap, enum gw_status st)
{
    (void)st;
    struct note *n = GW_CONTAINER_OF(ap, struct note, append);
    gw_buf_fini(&n->body);
    free(n);
}

static void tell(struct gw_audit *a, const char *host, uint32_t count)
{
    char text[32];
    struct gw_audit_entry e;
    bool redacted = false;
    struct note *n = calloc(1, sizeof(*n));
    if (n == NULL)
        return;
    snprintf(text, sizeof(text), "count=%u", count);
    gw_audit_entry_init(&e, GW_AUDIT_ALARM);
    gw_audit_set_bytes(&e, GW_AF_PEER_ADDR, gw_bytes_str(host));
    gw_audit_set_bytes(&e, GW_AF_EVENT, GW_BYTES_LIT("tls.refused"));
    gw_audit_set_bytes(&e, GW_AF_EVENT_TEXT, gw_bytes_str(text));
    gw_buf_init(&n->body, 4096);
    n->append.done = written;
    if (gw_audit_body_encode(&e, &n->body, &redacted) == GW_OK) {
        n->append.body = gw_buf_view(&n->body);
        if (gw_audit_submit(a, &n->append, false) == GW_OK)
            return;
    }
    written(&n->append, GW_BUSY);
}

static struct gw_refusal *slot_of(struct gw_refusals *r, const char *host)
{
    struct gw_refusal *oldest = &r->seen[0];
    for (size_t i = 0; i < GW_REFUSAL_ADDRESSES; i++) {
        struct gw_refusal *s = &r->seen[i];
        if (s->told_us != 0 && strcmp(s->host, host) == 0)
            return s;
        if (s->told_us < oldest->told_us)
            oldest = s;
    }
    return oldest;
}

void gw_refusals_sweep(struct gw_refusals *r, struct gw_audit *a, int64_t now_us)
{
    for (size_t i = 0; i < GW_REFUSAL_ADDRESSES; i++) {
        struct gw_refusal *s = &r->seen[i];
        if (s->untold == 0 || now_us - s->told_us < PERIOD_US)
            continue;
        tell(a, s->host, s->untold);
        s->untold = 0;
        s->told_us = now_us;
    }
}

void gw_refusals_note(struct gw_refusals *r, struct gw_audit *a, const char *address,
                      const char *why, int64_t now_us)
{
    char host[48];
    const char *colon = strrchr(address, ':');
    snprintf(host, sizeof(host), "%.*s",
             (int)(colon != NULL ? colon - address : (long)strlen(address)), address);
    struct gw_refusal *s = slot_of(r, host);
    if (s->told_us != 0 && strcmp(s->host, host) == 0 && now_us - s->told_us < PERIOD_US) {
        s->untold++;
        if (s->untold < LINES_A_PERIOD)
            GW_LOG(GW_LOG_WARN, "conn", "connection from %s refused: %s", address, why);
        return;
    }
    if (s->untold > 0)
        tell(a, s->host, s->untold);
    snprintf(s->host, sizeof(s->host), "%s", host);
    s->untold = 0;
    s->told_us = now_us;
    GW_LOG(GW_LOG_WARN, "conn", "connection from %s refused: %s", address, why);
    tell(a, host, 1);
}
