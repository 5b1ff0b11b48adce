/* Who may call what, and which records a grant covers. Pure reading of an immutable peer set; what
 * no grant names is denied. */
#include "authz/authz.h"

#include <stdio.h>
#include <stdlib.h>

#include "authz/authz_internal.h"

void gw_authz_free(struct gw_peer_set *s)
{
    if (s == NULL)
        return;
    gw_map_free(s->by_identity);
    gw_authz_conf_free(s);
    gw_buf_fini(&s->digest_list);
    gw_arena_free(s->arena);
    free(s);
}

size_t gw_authz_peer_count(const struct gw_peer_set *s)
{
    return s->peer_count;
}

struct gw_peer *gw_authz_peer_at(const struct gw_peer_set *s, size_t i)
{
    return i < s->peer_count ? &s->peer[i] : NULL;
}

const struct gw_config_node *gw_authz_defaults_node(const struct gw_peer_set *s, size_t i)
{
    return i < s->peer_count ? s->defaults[i] : NULL;
}

void gw_authz_digest_list(const struct gw_peer_set *s, struct gw_buf *ret)
{
    gw_buf_bytes(ret, gw_buf_view(&s->digest_list));
}

const struct gw_peer *gw_authz_identify(const struct gw_peer_set *s,
                                        const struct gw_tls_identity *id)
{
    char key[GW_AUTHZ_MAX_IDENTITY];
    int len = snprintf(key, sizeof(key), "%s/%s", id->role, id->peer);
    if (len < 0 || (size_t)len >= sizeof(key))
        return NULL;
    const struct gw_peer *p = gw_map_get(s->by_identity, gw_bytes_make(key, (size_t)len));
    /* A slash inside a name would let role and name change places. */
    return p != NULL && strcmp(p->role, id->role) == 0 && strcmp(p->name, id->peer) == 0 ? p : NULL;
}

bool gw_authz_method_covers(const char *pattern, struct gw_bytes method)
{
    size_t len = strlen(pattern);
    if (len > 2 && strcmp(pattern + len - 2, "/*") == 0)
        return method.len >= len && gw_bytes_has_prefix(method, gw_bytes_make(pattern, len - 1));
    return gw_bytes_eq_str(method, pattern);
}

bool gw_authz_has_word(const char *words, struct gw_bytes word)
{
    while (*words != '\0') {
        size_t len = strcspn(words, " ");
        if (len != 0 && gw_bytes_eq(gw_bytes_make(words, len), word))
            return true;
        words += len + (words[len] == ' ' ? 1 : 0);
    }
    return false;
}

static bool allows(const char *words, struct gw_bytes word)
{
    return strcmp(words, "*") == 0 || gw_authz_has_word(words, word);
}

static bool is_wildcard(const struct gw_grant *g)
{
    return g->method[strlen(g->method) - 1] == '*';
}

enum gw_status gw_authz_route(const struct gw_peer *p, const struct gw_route *r,
                              struct gw_bytes purpose, const struct gw_grant **ret,
                              const char **ret_reason)
{
    struct gw_bytes method = gw_bytes_str(r->method);
    const struct gw_grant *found = NULL;
    const char *reason = "no-grant";
    for (size_t i = 0; i < p->grant_count; i++) {
        const struct gw_grant *g = &p->grant[i];
        if (!gw_authz_method_covers(g->method, method))
            continue;
        if (g->purposes[0] != '\0' && purpose.len == 0) {
            reason = "purpose-missing";
            continue;
        }
        if (g->purposes[0] != '\0' && !allows(g->purposes, purpose)) {
            reason = "grant-purpose";
            continue;
        }
        /* The exact method before the whole service; the load refuses every other doubt. */
        if (found == NULL || is_wildcard(found))
            found = g;
    }
    if (found == NULL) {
        *ret_reason = reason;
        return GW_DENIED;
    }
    *ret = found;
    return GW_OK;
}

static bool area_covered(const char *areas, struct gw_bytes area)
{
    if (strcmp(areas, "*") == 0)
        return true;
    /* An unknown area is in no area. */
    while (*areas != '\0' && area.len != 0) {
        size_t len = strcspn(areas, " ");
        if (len != 0 && gw_bytes_has_prefix(area, gw_bytes_make(areas, len)))
            return true;
        areas += len + (areas[len] == ' ' ? 1 : 0);
    }
    return false;
}

const char *gw_authz_record(const struct gw_grant *g, const char *kind, uint32_t class_bit,
                            struct gw_bytes area)
{
    if (kind[0] == '\0' || !allows(g->kinds, gw_bytes_str(kind)))
        return "withheld-kind";
    if ((g->classes & class_bit) == 0)
        return "withheld-class";
    if (!area_covered(g->areas, area))
        return "withheld-area";
    return NULL;
}

const char *gw_authz_list(const struct gw_grant *g, const char *list)
{
    return allows(g->lists, gw_bytes_str(list)) ? NULL : "withheld-list";
}

bool gw_authz_allows(const struct gw_grant *g, const char *word)
{
    return gw_authz_has_word(g->allow, gw_bytes_str(word));
}
