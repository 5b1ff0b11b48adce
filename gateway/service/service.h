/* The gateway's own services behind the same ABI struct as any adapter: records, operations,
 * health, reflection. */
#ifndef GW_SERVICE_SERVICE_H
#define GW_SERVICE_SERVICE_H

#include "abi/gw_adapter.h"
#include "audit/audit.h"
#include "base/check.h"
#include "crypto/crypto.h"
#include "format/format.h"
#include "law/law.h"
#include "store/store.h"

/* Lends between the host and these services. */
enum {
    GW_LEND_VIEWS = 100, /* const struct gw_service_views *: the call's generation */
    GW_LEND_TX,          /* struct gw_store_tx *, inside message()/half_close() of writer methods */
    GW_LEND_READER,      /* struct gw_store_reader *, on the loop */
    GW_LEND_CALLER,      /* const struct gw_service_caller * */
    GW_LEND_RECEIPT,     /* const int64_t *: receipt id of this segment, with GW_LEND_TX */
    GW_LEND_ARENA        /* struct gw_arena * of this segment: what alloc() takes from */
};

/* What a configuration generation shows its services; lives as long as the call. */
struct gw_service_views {
    const struct gw_format_set *formats;
    const struct gw_law *law;
    const char *generation; /* "generation@1a2b3c4d": the log's `mapping` */
    const char *policy;
    struct gw_store *store;
    struct gw_audit *audit;
    const uint8_t *descriptor_set; /* all services, for reflection */
    size_t descriptor_set_size;
    const char *const *service_names;      /* full names, NULL-terminated, for reflection */
    const struct gw_sign_key *sheet_key;   /* signs batch sheets; gw_service_sheet_key_load() */
    const char *sheet_vkey;                /* and its verifier key, "<host>/sheet+..." */
    const struct gw_adapter_set *adapters; /* for health and status; may be NULL */
    void *const *adapter_states;           /* what prepare() of each made; may be NULL */
    /* Is the gateway serving: health. */
    bool (*serving)(void);
    /* The parts of a status that only the server knows; borrowed until the next call on this
     * thread. */
    const struct gw_service_status *(*status)(void);
};

/* Who calls and what the grant covers. */
struct gw_service_caller {
    const char *peer;                          /* registered name */
    const char *purpose;                       /* "" when none was given */
    const struct gw_format_defaults *defaults; /* of the peer profile; may be NULL */
    const struct gw_format_fields *fields;     /* of the grant; NULL: all */
    bool inferred_ok;                          /* may use formats with unconfirmed rows */
    /* NULL when the grant covers such a record, else the public reason of withholding. */
    const char *(*covers)(const struct gw_service_caller *c, const char *kind, uint32_t class_bit,
                          struct gw_bytes area);
    /* NULL when it covers the list, else the reason. */
    const char *(*covers_list)(const struct gw_service_caller *c, const char *list);
    /* Is the word among the grant's `allow`. */
    bool (*allows)(const struct gw_service_caller *c, const char *word);
    const void *grant;
    const char *areas; /* that the grant covers, as one text: cursors are bound to it */
};

/* Counters per peer and of the process, for Operations.Status. */
struct gw_service_peer_status {
    const char *name, *title_zh, *title_en;
    uint64_t calls, refused;
    int64_t last_us, certificate_ends_us;
};
struct gw_service_status {
    int64_t started_us;
    uint64_t calls, refused, exempt;
    int32_t certificate_days_left;
    const char *reload_refused; /* when the last reload was refused, and its first fault; "" */
    int64_t crl_due_us;         /* when the next CRL is due; 0: there is none */
    const struct gw_service_peer_status *peers;
    size_t peer_count;
};

enum { GW_SERVICE_VKEY_MAX = 512 };
/* The key that signs batch sheets, `keys_dir`/sheet.pem: loaded, or made at first use. It is not
 * the log's key, which is used for nothing else (SPEC.md section 3). ret_vkey: its verifier key in
 * the log's form, named "<host>/sheet". GW_TOO_LARGE: the host's name is too long for that. */
GW_MUST_USE enum gw_status gw_service_sheet_key_load(const char *keys_dir, const char *host,
                                                     struct gw_sign_key **ret,
                                                     char ret_vkey[GW_SERVICE_VKEY_MAX]);

struct gw_adapter_powers;
/* Records, law and access of a call's generation, as adapters are lent them: lent.c, lent_law.c. */
extern const struct gw_adapter_powers gw_service_powers;

/* "record", "operations", "health", "reflection": static descriptions for the host.
 * NULL-terminated. */
const struct gw_adapter *const *gw_service_builtin(void);

#endif
