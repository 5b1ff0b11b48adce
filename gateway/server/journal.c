/* CONFIG entries: start, stop and every activation of a generation, with the digests of all files
 * (SPEC.md 21.4). */
#include <string.h>

#include "server/server_internal.h"

enum {
    EVENT_TEXT_MAX = 1024,
    DIGEST_HEX = 64,
    GROUP = 8,
    GROUPS = DIGEST_HEX / GROUP - 1,
    NUMBER = 11
};

enum gw_status gw_server_log_config(struct gw_server *s, const char *event,
                                    const struct gw_hash *hash, const char *text)
{
    struct gw_audit_entry e;
    struct gw_buf body;
    bool redacted = false;
    gw_audit_entry_init(&e, GW_AUDIT_CONFIG);
    gw_audit_set_bytes(&e, GW_AF_EVENT, gw_bytes_str(event));
    gw_audit_set_bytes(&e, GW_AF_EVENT_HASH, gw_bytes_make(hash->byte, sizeof(hash->byte)));
    gw_audit_set_bytes(&e, GW_AF_EVENT_TEXT, gw_bytes_str(text));
    gw_buf_init(&body, 4096);
    enum gw_status st = gw_audit_body_encode(&e, &body, &redacted);
    if (st == GW_OK)
        st = gw_audit_append_wait(s->audit, gw_buf_view(&body), NULL);
    gw_buf_fini(&body);
    return st;
}

/* A digest may hold what reads as a mobile number, 11 digits, and the log would redact the whole
 * text: such a one is written in groups of eight, with '-' between. */
static size_t put_line(char *to, const char *line, size_t len)
{
    size_t run = 0;
    for (size_t i = 0; i < DIGEST_HEX && i < len && run < NUMBER; i++)
        run = line[i] >= '0' && line[i] <= '9' ? run + 1 : 0;
    if (len <= DIGEST_HEX || run < NUMBER) {
        memcpy(to, line, len);
        return len;
    }
    size_t used = 0;
    for (size_t i = 0; i < DIGEST_HEX; i++) {
        if (i > 0 && i % GROUP == 0)
            to[used++] = '-';
        to[used++] = line[i];
    }
    memcpy(to + used, line + DIGEST_HEX, len - DIGEST_HEX);
    return used + len - DIGEST_HEX;
}

/* The list "digest name\n" goes in as many entries as it takes, whole lines each; event_hash is
 * over the whole list. */
enum gw_status gw_server_log_generation(struct gw_server *s, const char *event)
{
    struct gw_generation *g = s->generation;
    struct gw_hash all;
    gw_crypto_sha256(gw_buf_view(&g->digests), GW_BYTES_NONE, GW_BYTES_NONE, &all);
    GW_TRY(gw_server_log_config(s, event, &g->conf_digest, g->mapping));
    const char *at = (const char *)g->digests.ptr;
    size_t left = g->digests.len;
    while (left > 0) {
        char text[EVENT_TEXT_MAX + 1];
        size_t used = 0;
        while (left > 0) {
            const char *nl = memchr(at, '\n', left);
            size_t line = nl != NULL ? (size_t)(nl - at) : left;
            if (used + line + 1 + GROUPS > EVENT_TEXT_MAX)
                break;
            if (used > 0)
                text[used++] = ';';
            used += put_line(text + used, at, line);
            size_t step = nl != NULL ? line + 1 : line;
            at += step;
            left -= step;
        }
        if (GW_BUG_ON(used == 0))
            return GW_INTERNAL;
        text[used] = 0;
        GW_TRY(gw_server_log_config(s, "config.files", &all, text));
    }
    return GW_OK;
}
