/* The option rows of the program's own file: one row makes the setting, its bounds, its default and
 * its line in conf/README.md. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "config/config.h"
#include "server/server_internal.h"

static const struct gw_config_choice levels[] = {{"trace", GW_LOG_TRACE}, {"debug", GW_LOG_DEBUG},
                                                 {"info", GW_LOG_INFO},   {"warn", GW_LOG_WARN},
                                                 {"error", GW_LOG_ERROR}, {NULL, 0}};

#define S struct gw_server_settings
#define OPT(field, name, type, def, min, max, reload, doc)                                         \
    GW_CONFIG_OPTION(S, field, name, GW_CONFIG_##type, def, min, max, reload, doc)

static const struct gw_config_option rows[] = {
    /* clang-format off */
    OPT(address, "listen.address", STRING, "127.0.0.1:8443", 3, 128, false, "Address and port of the mutual-TLS listener; port 0 takes a free one."),
    OPT(backlog, "listen.backlog", INT, "1024", 1, 65535, false, "Connections the kernel may hold before they are accepted."),
    OPT(loops, "loops", INT, "0", 0, GW_MAX_LOOPS, false, "Event loops, one thread each; 0 is one per core."),
    OPT(data_dir, "data_dir", PATH, "../data", 0, 0, false, "Folder of the store and of the exchange log (data_dir/log)."),
    OPT(keys_dir, "keys_dir", PATH, "../keys", 0, 0, false, "Folder of private keys, made at first start with mode 0700."),
    OPT(formats_dir, "formats_dir", PATH, "formats", 0, 0, true, "Folder of the mapping files."),
    OPT(law_dir, "law_dir", PATH, "law", 0, 0, true, "Folder of the law tables."),
    OPT(peers_dir, "peers_dir", PATH, "peers", 0, 0, true, "Folder of the peer files with their grants."),
    OPT(agreements_dir, "agreements_dir", PATH, "agreements", 0, 0, true, "Folder of the agreements on scores; none when there is no such folder."),
    OPT(adapters_dir, "adapters_dir", PATH, "adapters", 1, 4096, true, "Folder with a file per adapter and its options; none when there is no such folder."),
    OPT(adapters_lib, "adapters_lib", PATH, "", 0, 0, false, "Folder of the shared objects that those files name without a path."),
    OPT(address_file, "address_file", PATH, "", 0, 0, false, "File that gets the address really bound; none when empty."),
    OPT(pid_file, "pid_file", PATH, "", 0, 0, false, "File that gets the process id; none when empty."),
    OPT(text_log, "text_log.file", PATH, "", 0, 0, false, "Text log, one JSON object a line; standard error when empty."),
    GW_CONFIG_OPTION_ENUM(S, log_level, "text_log.level", levels, "info", true, "Least level that is written."),
    OPT(drain_ms, "drain", DURATION_MS, "20s", 0, 600000, true, "Longest time open calls get to finish after SIGTERM."),
    OPT(tls.cert_file, "tls.certificate", PATH, NULL, 0, 0, true, "Our certificate chain, PEM."),
    OPT(tls.key_file, "tls.key", PATH, NULL, 0, 0, true, "Its private key, PEM, mode 0600."),
    OPT(tls.ca_file, "tls.trust", PATH, NULL, 0, 0, true, "Trust anchors of the peers' certificates, PEM."),
    OPT(tls.crl_file, "tls.crl", PATH, "", 0, 0, true, "Certificate revocation list, PEM; none when empty."),
    OPT(tls.crl_grace_s, "tls.crl_grace", DURATION_S, "72h", 0, 2592000, true, "How long a CRL is used past its nextUpdate."),
    OPT(tls.session_cache, "tls.session_cache", INT, "20000", 0, 1000000, true, "TLS sessions kept for resumption."),
    OPT(log.host, "log.host", STRING, NULL, 1, 200, false, "Host name in the origin of the exchange log; has no default, since peers and auditors verify it."),
    OPT(log.queue_max, "log.queue", INT, "4096", 64, 1048576, false, "Entries that may wait for the sequencer."),
    OPT(log.batch_max, "log.batch", INT, "1024", 1, 4096, false, "Entries made durable with one fdatasync."),
    OPT(log.checkpoint_interval_ms, "log.checkpoint_interval", DURATION_MS, "1s", 10, 3600000, false, "Time between signed checkpoints."),
    OPT(log.commit_timeout_ms, "log.commit_timeout", DURATION_MS, "2s", 100, 60000, false, "Longest wait for a durable entry."),
    OPT(log.segment_bytes, "log.segment", BYTES, "64 MiB", 4 << 20, 1 << 30, false, "Size of a preallocated journal segment."),
    OPT(log.min_free, "min_free", BYTES, "1 GiB", 0, 0, false, "Below this free space exchanges are refused with disk-low."),
    OPT(accept_new_store, "accept_new_store", BOOL, "false", 0, 0, false, "Starts with an empty store beside a log that has exchanges: only when the store is lost for good."),
    OPT(store.queue_max, "store.queue", INT, "4096", 16, 1048576, false, "Writes that may wait for the store."),
    OPT(store.group_max, "store.group", INT, "1024", 1, 65536, false, "Writes put into one transaction."),
    OPT(store.cache_bytes, "store.cache", BYTES, "64 MiB", 1 << 20, INT64_C(1) << 40, false, "Page cache of the writing connection."),
    OPT(store.mmap_bytes, "store.mmap", BYTES, "1 GiB", 0, 0, false, "How much of the store is read through the page cache of the system."),
    OPT(store.query_steps, "store.query_steps", INT, "1000000", 1000, 1000000000, false, "Steps of SQLite that one statement of an adapter may take on a loop; a million are about 20 ms."),
    OPT(store.query_rows, "store.query_rows", INT, "10000", 1, 100000000, false, "Rows that one statement of an adapter may answer on a loop."),
    OPT(limits.max_message_bytes, "limits.message", BYTES, "4 MiB", 1024, 64 << 20, true, "Largest message of a call."),
    OPT(limits.segment_messages, "limits.segment_messages", INT, "1000", 1, 4096, true, "Messages of a stream committed together."),
    OPT(limits.segment_in_bytes, "limits.segment_in", BYTES, "1 MiB", 1024, 64 << 20, true, "Bytes of a stream committed together."),
    OPT(limits.segment_out_bytes, "limits.segment_out", BYTES, "64 KiB", 1024, 16 << 20, true, "Bytes of an outgoing segment."),
    OPT(limits.call_memory, "limits.call_memory", BYTES, "64 MiB", 1 << 20, INT64_C(1) << 40, true, "Memory a segment of a call may use."),
    OPT(limits.partial_bytes, "limits.partial_bytes", BYTES, "256 MiB", 1 << 20, INT64_C(1) << 40, true, "Unfinished messages that are let in beyond their window, per loop."),
    OPT(limits.max_calls, "limits.calls", INT, "10000", 1, 1000000, true, "Calls in flight per loop."),
    OPT(limits.default_deadline_ms, "limits.deadline", DURATION_MS, "0s", 0, 86400000, true, "Deadline of calls that bring none; 0 is none."),
    OPT(limits.adapter_loop_budget_ms, "limits.adapter_loop_budget", DURATION_MS, "50ms", 1, 60000, true, "Longest run of an adapter's handler on a loop, 20 times that where it writes; five overruns in a row disable the method, and one that takes 20 times as long (5 times where it writes) does so at once."),
    OPT(limits.adapter_worker_budget_ms, "limits.adapter_worker_budget", DURATION_MS, "30s", 10, 3600000, true, "The same on worker threads; one that takes twice as long disables the method at once."),
    OPT(limits.adapter_workers, "limits.adapter_workers", INT, "4", 1, 64, false, "Worker threads for the methods of adapters that may take long."),
    OPT(conn.handshake_timeout_ms, "conn.handshake_timeout", DURATION_MS, "10s", 100, 120000, true, "Time a TLS handshake may take."),
    OPT(conn.idle_timeout_ms, "conn.idle_timeout", DURATION_MS, "5min", 1000, 86400000, true, "A connection without calls is closed after this time."),
    OPT(conn.max_connections, "conn.max", INT, "20000", 1, 1000000, true, "Connections per loop."),
    OPT(conn.http2.max_concurrent_streams, "http2.streams", INT, "256", 1, 65535, true, "Concurrent streams of a connection."),
    OPT(conn.http2.max_header_list_bytes, "http2.header_bytes", BYTES, "32 KiB", 1024, 1 << 20, true, "Header list of a request."),
    OPT(conn.http2.max_header_count, "http2.headers", INT, "128", 8, 10000, true, "Header fields of a request."),
    OPT(conn.http2.initial_stream_window, "http2.stream_window", BYTES, "1 MiB", 65535, 16 << 20, true, "Bytes a peer may send on a stream before we have taken them."),
    OPT(conn.http2.connection_window, "http2.connection_window", BYTES, "4 MiB", 65535, 64 << 20, true, "The same for a connection."),
    OPT(conn.http2.max_frame_bytes, "http2.frame", BYTES, "16 KiB", 16384, 1 << 20, true, "Largest frame a peer may send."),
    OPT(conn.http2.max_resets_per_minute, "http2.resets", INT, "2000", 10, 1000000, true, "Streams a connection may reset in a minute."),
    OPT(conn.http2.max_pings_per_minute, "http2.pings", INT, "6000", 10, 1000000, true, "PING, SETTINGS, PRIORITY and empty DATA frames of a connection in a minute."),
    /* clang-format on */
};

static enum gw_status below(const char *dir, const char *name, char **ret)
{
    return asprintf(ret, "%s/%s", dir, name) < 0 ? GW_NOMEM : GW_OK;
}

enum gw_status gw_server_settings_load(const char *conf, struct gw_server_settings *ret,
                                       struct gw_config **ret_config, struct gw_buf *ret_error)
{
    GW_CLEANUP(gw_config_freep) struct gw_config *c = NULL;
    struct gw_server_settings s = {.conn = gw_conn_defaults,
                                   .limits = gw_call_limits_default,
                                   .log = gw_audit_defaults,
                                   .store = gw_store_defaults};
    GW_TRY(gw_config_load(conf, &c, ret_error));
    enum gw_status st = gw_config_fill(c, rows, GW_ARRAY_LEN(rows), &s, ret_error);
    enum gw_status finish = gw_config_finish(c, ret_error);
    if (st != GW_OK || finish != GW_OK)
        return st != GW_OK ? st : finish;
    GW_TRY(below(s.data_dir, "log", &s.log_dir));
    st = below(s.data_dir, "store", &s.store_dir);
    if (st != GW_OK) {
        free(s.log_dir);
        return st;
    }
    s.log.dir = s.log_dir;
    s.log.keys_dir = s.keys_dir;
    s.store.dir = s.store_dir;
    s.store.keys_dir = s.keys_dir;
    *ret = s;
    *ret_config = gw_steal(&c);
    return GW_OK;
}

void gw_server_settings_digest(const struct gw_config *config, struct gw_hash *ret)
{
    gw_crypto_sha256(gw_config_text(config), GW_BYTES_NONE, GW_BYTES_NONE, ret);
}

void gw_server_settings_fini(struct gw_server_settings *s, struct gw_config *config)
{
    free(s->log_dir);
    free(s->store_dir);
    s->log_dir = NULL;
    s->store_dir = NULL;
    gw_config_free(config);
}

enum gw_status gw_server_settings_reloadable(const struct gw_server_settings *was,
                                             const struct gw_server_settings *now,
                                             struct gw_buf *ret_error)
{
    return gw_config_check_reload(rows, GW_ARRAY_LEN(rows), was, now, ret_error);
}

void gw_server_print_options(struct gw_buf *ret)
{
    gw_config_print_options(rows, GW_ARRAY_LEN(rows), ret);
}
