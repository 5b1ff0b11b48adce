/* Shared inside authz/: the peer set as authz_conf.c builds it and authz.c asks it. */
#ifndef GW_AUTHZ_AUTHZ_INTERNAL_H
#define GW_AUTHZ_AUTHZ_INTERNAL_H

#include "authz/authz.h"
#include "base/arena.h"
#include "base/map.h"

struct gw_config;
struct gw_config_node;

struct gw_peer_set {
    struct gw_arena *arena; /* joined texts, grants, keys */
    struct gw_peer *peer;
    size_t peer_count;
    struct gw_map *by_identity; /* "<role>/<name>" -> struct gw_peer */
    struct gw_buf digest_list;
    /* The files, whose strings the peers borrow, and the `defaults` of each peer. */
    struct gw_config **config;
    const struct gw_config_node **defaults;
};

enum { GW_AUTHZ_MAX_IDENTITY = 160 };

/* A set of one peer from the contents of its file, for tests and fuzzing. authz_conf.c */
GW_MUST_USE enum gw_status gw_authz_parse(const char *file, struct gw_bytes text,
                                          struct gw_peer_set **ret, struct gw_buf *ret_error);
void gw_authz_conf_free(struct gw_peer_set *s);
/* Does `pattern` ("Service/Method" or "Service" and a star) cover the method. */
bool gw_authz_method_covers(const char *pattern, struct gw_bytes method);
/* Is `word` one of the space-separated `words`. */
bool gw_authz_has_word(const char *words, struct gw_bytes word);

#endif
