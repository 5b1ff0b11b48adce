/* Packages into records: what is the same for all media. The digest of a package is over the bytes
 * of its records, in order, without what stands between them. */
#include <stdlib.h>

#include "base/text.h"
#include "format/format_internal.h"

struct gw_format_splitter {
    const struct gw_format *format;
    const struct gw_split_ops *ops;
    void *impl;
    struct gw_format_package package;
    struct gw_sha256 *sha;
    uint64_t count;
    struct gw_hash digest;
    bool ended;
    const char *reason;
};

enum gw_status gw_format_splitter_new(const struct gw_format *f, struct gw_format_splitter **ret)
{
    GW_CLEANUP(gw_format_splitter_freep) struct gw_format_splitter *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return GW_NOMEM;
    s->format = f;
    s->sha = gw_crypto_sha256_new();
    if (s->sha == NULL)
        return GW_NOMEM;
    switch (f->media) {
    case GW_MEDIA_XML:
        s->ops = &gw_xml_split_ops;
        GW_TRY(gw_xml_split_new(f, &s->package, &s->impl));
        break;
    case GW_MEDIA_JSON:
        s->ops = &gw_json_split_ops;
        GW_TRY(gw_json_split_new(f, &s->package, &s->impl));
        break;
    case GW_MEDIA_PROTOBUF:
        s->ops = &gw_protobuf_split_ops;
        GW_TRY(gw_protobuf_split_new(f, &s->package, &s->impl));
        break;
    }
    *ret = gw_steal(&s);
    return GW_OK;
}

void gw_format_splitter_free(struct gw_format_splitter *s)
{
    if (s == NULL)
        return;
    if (s->impl != NULL)
        s->ops->free(s->impl);
    gw_crypto_sha256_free(s->sha);
    free(s);
}

enum gw_status gw_format_splitter_feed(struct gw_format_splitter *s, struct gw_bytes bytes,
                                       bool last)
{
    if (s->ended)
        return GW_PRECONDITION;
    const char *reason = NULL;
    enum gw_status st = s->ops->feed(s->impl, bytes, last, &reason);
    /* What was found before the fault is still handed out; next() tells of the fault then. */
    if (st == GW_INVALID && s->reason == NULL)
        s->reason = reason;
    return st == GW_INVALID ? GW_OK : st;
}

enum gw_status gw_format_splitter_next(struct gw_format_splitter *s, struct gw_bytes *ret,
                                       const char **ret_reason)
{
    enum gw_status st = s->ops->next(s->impl, ret, ret_reason);
    if (st == GW_OK) {
        s->count++;
        gw_crypto_sha256_update(s->sha, *ret);
        return GW_OK;
    }
    if (s->reason != NULL && (st == GW_AGAIN || st == GW_NOT_FOUND)) {
        *ret_reason = s->reason;
        return GW_INVALID;
    }
    if (st == GW_NOT_FOUND && !s->ended) {
        s->ended = true;
        gw_crypto_sha256_final(s->sha, &s->digest);
    }
    return st;
}

const struct gw_format_package *gw_format_splitter_package(const struct gw_format_splitter *s)
{
    return &s->package;
}

enum gw_status gw_format_splitter_check(const struct gw_format_splitter *s, const char **ret_reason)
{
    if (!s->ended)
        return GW_PRECONDITION;
    if (!s->package.has_header)
        return GW_OK;
    if (s->package.count != s->count) {
        *ret_reason = "batch-count";
        return GW_INVALID;
    }
    struct gw_hash declared;
    if (s->package.digest[0] == '\0')
        return GW_OK;
    if (gw_hex_decode(gw_bytes_str(s->package.digest), declared.byte, sizeof(declared.byte)) !=
            GW_OK ||
        memcmp(declared.byte, s->digest.byte, sizeof(declared.byte)) != 0) {
        *ret_reason = "batch-digest";
        return GW_INVALID;
    }
    return GW_OK;
}
