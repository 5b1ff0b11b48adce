/* Shared inside server/: settings, generations, loops. */
#ifndef GW_SERVER_INTERNAL_H
#define GW_SERVER_INTERNAL_H

#include <pthread.h>

#include "adapter/adapter.h"
#include "audit/audit.h"
#include "authz/authz.h"
#include "call/call.h"
#include "conn/conn.h"
#include "format/format.h"
#include "io/io.h"
#include "law/law.h"
#include "server/refusals.h"
#include "server/server.h"
#include "server/tick.h"
#include "service/service.h"
#include "store/store.h"
#include "tls/tls.h"

enum { GW_MAX_LOOPS = 64, GW_COUNTED_PEERS = GW_ARRAY_LEN(((struct gw_call_counters *)0)->peer) };

/* The program's own file, as settings structs of the folders. */
struct gw_server_settings {
    const char *address;
    int32_t backlog;
    int32_t loops;
    const char *data_dir, *keys_dir, *formats_dir, *law_dir, *peers_dir, *agreements_dir;
    const char *adapters_dir, *adapters_lib; /* lib may be NULL */
    const char *address_file, *pid_file, *text_log;
    int log_level;
    bool accept_new_store;
    uint64_t drain_ms;
    struct gw_tls_settings tls;
    struct gw_audit_settings log;
    struct gw_store_settings store;
    struct gw_call_limits limits;
    struct gw_conn_settings conn;
    char *log_dir, *store_dir; /* below data_dir; the struct's own */
};
struct gw_config;
/* Text of faults in ret_error. `*ret_config` owns the strings. */
GW_MUST_USE enum gw_status gw_server_settings_load(const char *conf, struct gw_server_settings *ret,
                                                   struct gw_config **ret_config,
                                                   struct gw_buf *ret_error);
void gw_server_settings_digest(const struct gw_config *config, struct gw_hash *ret);
void gw_server_settings_fini(struct gw_server_settings *s, struct gw_config *config);
/* GW_PRECONDITION: an option that needs a restart has changed. */
GW_MUST_USE enum gw_status gw_server_settings_reloadable(const struct gw_server_settings *was,
                                                         const struct gw_server_settings *now,
                                                         struct gw_buf *ret_error);

/* A configuration generation: all that is read from files, checked whole before it is used. */
struct gw_generation {
    struct gw_call_generation call; /* what calls see; counted */
    struct gw_format_set *formats;
    struct gw_law *law;
    struct gw_peer_set *peers;
    struct gw_route_table *routes;
    struct gw_tls_context *tls;
    struct gw_adapter_generation *adapters;
    struct gw_map *fields; /* grant -> struct gw_format_fields */
    char mapping[32];
    struct gw_server_settings
        settings; /* as read for this generation; loops follow the reloadable ones */
    struct gw_config *config;
    struct gw_buf digests; /* "digest name\n" of every file, sorted by folder */
    struct gw_hash conf_digest;
};
/* Text of all faults in ret_error. */
GW_MUST_USE enum gw_status gw_generation_new(const char *conf,
                                             const struct gw_adapter_set *adapters,
                                             struct gw_generation **ret, struct gw_buf *ret_error);
/* peers_conf.c: what only the whole can tell of a peer's file; each fault with file and line. */
GW_MUST_USE enum gw_status gw_server_check_peer(const struct gw_peer *p, struct gw_buf *ret_error);
GW_MUST_USE enum gw_status gw_server_check_grant(const struct gw_grant *grant,
                                                 const struct gw_adapter_set *adapters,
                                                 const struct gw_law *law,
                                                 struct gw_buf *ret_error);
GW_MUST_USE enum gw_status gw_server_grant_fields(const struct gw_grant *grant,
                                                  struct gw_format_fields **ret,
                                                  struct gw_buf *ret_error);
/* Told when it is used from now on, before the first call is routed with it. */
void gw_generation_commit(struct gw_generation *g);
/* Through the call's counter only, once it is in use. */
void gw_generation_free(struct gw_generation *g);

struct gw_server;

/* One loop thread and what it owns. */
struct gw_server_loop {
    struct gw_server *server;
    pthread_t thread;
    bool started;
    struct gw_io_loop *io;
    struct gw_call_loop calls;
    struct gw_call_news news;
    struct gw_conn_loop conns;
    struct gw_io_listener *listener;
    struct gw_refusals refusals;
    struct gw_io_timer *drain_timer, *sweep_timer;
    unsigned drain_polls;
    int64_t crl_told_us; /* last ALARM of an overdue CRL; the first loop's */
};

struct gw_server {
    const char *conf;
    struct gw_server_settings settings;
    struct gw_config *config;
    struct gw_adapter_set *adapters;
    struct gw_audit *audit;
    struct gw_store *store;
    struct gw_arena *extensions; /* what the store keeps for adapters */
    struct gw_sign_key *sheet_key;
    char sheet_vkey[512];
    struct gw_generation *generation;
    struct gw_call_counters counters;
    struct gw_call_workers *workers;
    struct gw_ticker *ticker;
    char counted[GW_COUNTED_PEERS]
                [65]; /* whose counters each place holds, for as long as the process runs */
    struct gw_server_loop loop[GW_MAX_LOOPS];
    unsigned loops;
    int64_t started_us;
    atomic_bool serving;
    atomic_bool log_dead;
    uint64_t drain_ms; /* of the present generation; not changed any more once loops drain */
    int text_log_fd;
    /* The last reload when it was refused; until the next good one. */
    pthread_mutex_t refused_lock;
    char reload_refused[320]; /* when, and the first fault; "" */
};

/* server.c: the gateway's own and those of adapters_dir; all faults in ret_error. */
GW_MUST_USE enum gw_status gw_server_adapters(const struct gw_server_settings *s,
                                              struct gw_adapter_set **ret,
                                              struct gw_buf *ret_error);
/* reconcile.c: rows of pending_entry are looked for in the log and appended if absent (DESIGN 9).
 */
GW_MUST_USE enum gw_status gw_server_reconcile(struct gw_server *s);
/* tie.c: are log and store each other's? GW_CORRUPT and a text with the cure when not. Before the
 * log is opened, before the store is (nothing is made beside what is left of them), and after. */
GW_MUST_USE enum gw_status gw_server_tie_look(const struct gw_server_settings *s,
                                              struct gw_buf *ret_error);
GW_MUST_USE enum gw_status gw_server_tie_look_at_log(struct gw_server *s, struct gw_buf *ret_error);
GW_MUST_USE enum gw_status gw_server_tie(struct gw_server *s, struct gw_buf *ret_error);
/* journal.c: CONFIG entries. */
GW_MUST_USE enum gw_status gw_server_log_config(struct gw_server *s, const char *event,
                                                const struct gw_hash *hash, const char *text);
GW_MUST_USE enum gw_status gw_server_log_generation(struct gw_server *s, const char *event);
/* loop.c */
GW_MUST_USE enum gw_status gw_server_loop_init(struct gw_server *s, struct gw_server_loop *l,
                                               const char *address);
void *gw_server_loop_main(void *arg);
void gw_server_loop_fini(struct gw_server_loop *l);
/* Any thread: hands the generation to the loop; with drain, begins the two-phase end. */
GW_MUST_USE enum gw_status gw_server_loop_change(struct gw_server_loop *l, struct gw_generation *g,
                                                 bool drain);
/* The loop of the calling thread; NULL elsewhere. */
struct gw_server_loop *gw_server_loop_here(void);
/* status.c */
/* Gives each peer the place of its name in the counters, the same in every generation;
 * GW_COUNTED_PEERS when all are taken. Before the generation is used. */
void gw_server_place_peers(struct gw_server *s, struct gw_peer_set *peers);
const struct gw_service_status *gw_server_status(void);
bool gw_server_serving(void);

#endif
