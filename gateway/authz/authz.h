/* (peer, route, what is asked) -> allow, or deny with a reason. Grants come from conf/peers/;
 * closed by default. */
#ifndef GW_AUTHZ_AUTHZ_H
#define GW_AUTHZ_AUTHZ_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/check.h"
#include "route/route.h"
#include "tls/tls.h"

/* Subject classes a grant covers. */
enum { GW_CLASS_ORGANISATION = 1u << 0, GW_CLASS_SOLE_TRADER = 1u << 1, GW_CLASS_PERSON = 1u << 2 };

struct gw_config_node;

struct gw_grant {
    const char *method;        /* "RecordExchange/Pull", or with a star for all of a service */
    const char *kinds;         /* space-separated record kinds, "*" */
    uint32_t classes;          /* GW_CLASS_*; default organisations only */
    const char *areas;         /* space-separated prefixes of area codes ("3306"), "*" */
    const char *purposes;      /* space-separated purpose codes, "*"; "" = none needed */
    const char *lists;         /* space-separated ids of conf/law/lists.conf, "*"; "" none */
    const char *allow;         /* space-separated words that the method's adapter knows */
    const char *const *fields; /* canonical paths that may leave; NULL: all */
    size_t field_count;
    const char *basis; /* agreement or statutory row; required when classes has PERSON */
    const struct gw_config_node *node; /* where it stands, for complaints */
};

struct gw_peer {
    const char *name; /* "suzhou" */
    const char *role; /* "peer", "province", "municipal", "auditor", "operator" */
    const char *title_zh, *title_en;
    const char *org_uscc;     /* requester_org of the log */
    bool production;          /* mappings of certainty "inferred" need a confirmation */
    const char *confirmed_by; /* who confirmed inferred rows, and when; "" = nobody */
    const char *format;       /* format it speaks by default, "" */
    const struct gw_grant *grant;
    size_t grant_count;
    const struct gw_config_node *node; /* its file, for complaints */
    const void *defaults; /* struct gw_format_defaults of the profile; owned by the generation */
    uint32_t max_message_bytes;
    uint32_t max_calls; /* concurrent calls */
    /* Position in its peer set, until the server gives it its place in the per-peer counters. */
    size_t index;
};

struct gw_peer_set;
/* Loads conf/peers/ *.conf. Text of faults in ret_error. */
GW_MUST_USE enum gw_status gw_authz_load(const char *dir, struct gw_peer_set **ret,
                                         struct gw_buf *ret_error);
void gw_authz_free(struct gw_peer_set *s);
GW_DEFINE_FREEP(struct gw_peer_set, gw_authz_free)
/* A method that no service has, a kind or purpose that no table has, is for the server to refuse:
 * it sees them all. */
size_t gw_authz_peer_count(const struct gw_peer_set *s);
struct gw_peer *gw_authz_peer_at(const struct gw_peer_set *s, size_t i);
/* The `defaults` of a peer's file, for mandatory target fields without a source: a list
 * ( { format = "zhejiang.penalty.unified@1"; values = { FIELD = "text"; }; }, ... ), because the
 * names of a configuration can hold neither "." nor "@". For gw_format_defaults_load(); NULL when
 * there is none. Borrowed from the set. */
const struct gw_config_node *gw_authz_defaults_node(const struct gw_peer_set *s, size_t i);
/* "<hex digest> peers/<file>\n" of the peer files, sorted; for the CONFIG entry. */
void gw_authz_digest_list(const struct gw_peer_set *s, struct gw_buf *ret);

/* Who is it: by role and peer of the certificate's SAN. NULL: peer-unknown. */
const struct gw_peer *gw_authz_identify(const struct gw_peer_set *s,
                                        const struct gw_tls_identity *id);

/* May the peer call this route for this purpose at all: GW_OK and the grant, or GW_DENIED and a
 * public reason (no-grant, purpose-missing, grant-purpose). A grant of the exact method comes
 * before one of its whole service; the load has made sure that no two grants of one pattern share a
 * purpose. */
GW_MUST_USE enum gw_status gw_authz_route(const struct gw_peer *p, const struct gw_route *r,
                                          struct gw_bytes purpose, const struct gw_grant **ret,
                                          const char **ret_reason);
/* Does the grant cover a record of that kind, class, area: NULL when it does, else the reason of
 * withholding (withheld-kind, withheld-class, withheld-area). */
const char *gw_authz_record(const struct gw_grant *g, const char *kind, uint32_t class_bit,
                            struct gw_bytes area);

/* NULL when the grant covers the list, else the reason (withheld-list). */
const char *gw_authz_list(const struct gw_grant *g, const char *list);
/* Is the word among the grant's `allow`. */
bool gw_authz_allows(const struct gw_grant *g, const char *word);

#endif
