/* A log in a directory of its own, for the tests of audit/: made, filled, removed. */
#ifndef TESTS_UNIT_AUDIT_LOGDIR_H
#define TESTS_UNIT_AUDIT_LOGDIR_H

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/vectors.h"

struct logdir {
    char root[64];
    char log[96];
    char keys[96];
    char shard[128];
    struct gw_audit_settings set;
};

static inline int logdir_remove_one(const char *path, const struct stat *st, int flag,
                                    struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static inline void logdir_fini(struct logdir *d)
{
    nftw(d->root, logdir_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void logdir_init(struct logdir *d)
{
    snprintf(d->root, sizeof(d->root), "/tmp/xinqiao-audit-XXXXXX");
    if (mkdtemp(d->root) == NULL)
        abort();
    snprintf(d->log, sizeof(d->log), "%s/log", d->root);
    snprintf(d->keys, sizeof(d->keys), "%s/keys", d->root);
    d->set = gw_audit_defaults;
    d->set.dir = d->log;
    d->set.keys_dir = d->keys;
    d->set.host = "log.city-a.example";
    d->set.min_free = 0;
    d->set.segment_bytes = 1 << 20;
    d->set.checkpoint_interval_ms = 60000;
    d->shard[0] = '\0';
}

static inline enum gw_status logdir_try(struct logdir *d, struct gw_audit **ret)
{
    struct gw_buf error;
    gw_buf_init(&error, 4096);
    enum gw_status st = gw_audit_open(&d->set, ret, &error);
    if (st != GW_OK && error.len == 0)
        abort();
    gw_buf_fini(&error);
    if (st == GW_OK)
        snprintf(d->shard, sizeof(d->shard), "%s/%s", d->log,
                 strrchr(gw_audit_origin(*ret), '/') + 1);
    return st;
}

static inline struct gw_audit *logdir_open(struct logdir *d)
{
    struct gw_audit *a = NULL;
    struct gw_buf error;
    gw_buf_init(&error, 4096);
    if (gw_audit_open(&d->set, &a, &error) != GW_OK)
        fail_msg("%.*s", (int)error.len, (const char *)error.ptr);
    gw_buf_fini(&error);
    snprintf(d->shard, sizeof(d->shard), "%s/%s", d->log, strrchr(gw_audit_origin(a), '/') + 1);
    return a;
}

/* An EXCHANGE body that differs by `n`; returns its length in `room` (1024 bytes). */
static inline struct gw_bytes logdir_body(uint64_t n, uint8_t *room)
{
    uint8_t id[16] = {0}, hash[32];
    struct gw_audit_entry e;
    struct gw_buf b;
    bool redacted;
    memcpy(id, &n, sizeof(n));
    memset(hash, (int)(n & 0xff), sizeof(hash));
    gw_audit_entry_init(&e, GW_AUDIT_EXCHANGE);
    gw_audit_set_bytes(&e, GW_AF_EXCHANGE_ID, gw_bytes_make(id, 16));
    gw_audit_set_num(&e, GW_AF_DIRECTION, GW_AUDIT_IN);
    gw_audit_set_num(&e, GW_AF_PHASE, GW_AUDIT_RESULT);
    gw_audit_set_bytes(&e, GW_AF_PEER_ID,
                       n % 3 == 0 ? GW_BYTES_LIT("city-b") : GW_BYTES_LIT("city-c"));
    gw_audit_set_bytes(&e, GW_AF_PEER_SPKI, gw_bytes_make(hash, 32));
    gw_audit_set_bytes(&e, GW_AF_METHOD, GW_BYTES_LIT("ListExchange/Check"));
    gw_audit_set_bytes(&e, GW_AF_PURPOSE, GW_BYTES_LIT("P02"));
    gw_audit_set_bytes(&e, GW_AF_LEGAL_BASIS, GW_BYTES_LIT("row-1"));
    gw_audit_set_num(&e, GW_AF_HASH_SUITE, 1);
    gw_audit_set_num(&e, GW_AF_DECISION, n % 5 == 0 ? GW_AUDIT_DENY : GW_AUDIT_ALLOW);
    gw_audit_set_bytes(&e, GW_AF_REASON,
                       n % 5 == 0 ? GW_BYTES_LIT("no-grant") : GW_BYTES_LIT("ok"));
    gw_audit_set_bytes(&e, GW_AF_POLICY, GW_BYTES_LIT("law@1"));
    gw_audit_set_num(&e, GW_AF_STATUS, n % 5 == 0 ? 403 : 200);
    struct gw_hash subject = {{(uint8_t)(n % 7), 1}};
    if (gw_audit_add_subject(&e, &subject) != GW_OK)
        abort();
    gw_buf_init_fixed(&b, room, 1024);
    if (gw_audit_body_encode(&e, &b, &redacted) != GW_OK)
        abort();
    return gw_buf_view(&b);
}

static inline enum gw_status logdir_append(struct gw_audit *a, uint64_t n, uint64_t *ret_seq)
{
    uint8_t room[1024];
    return gw_audit_append_wait(a, logdir_body(n, room), ret_seq);
}

static inline struct gw_audit_verdict logdir_verify(struct logdir *d, struct gw_bytes old)
{
    char path[160];
    struct gw_buf keys;
    struct gw_audit_verdict v;
    gw_buf_init(&keys, 4096);
    snprintf(path, sizeof(path), "%s/log.vkey", d->keys);
    if (gw_file_read(path, &keys) != GW_OK)
        abort();
    struct gw_audit_verify in = {
        .dir = d->shard, .vkeys = gw_buf_view(&keys), .old_checkpoint = old};
    if (gw_audit_verify_dir(&in, &v) != GW_OK)
        abort();
    gw_buf_fini(&keys);
    return v;
}

#endif
