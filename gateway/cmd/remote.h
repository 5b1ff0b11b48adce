/* Talking to a gateway: connection options, typed unary calls, and what to tell a person when a
 * call was refused. */
#ifndef GW_CMD_REMOTE_H
#define GW_CMD_REMOTE_H

#include <protobuf-c/protobuf-c.h>

#include "cmd/cmd.h"
#include "upstream/upstream.h"
#include "xinqiao/v1/exchange.pb-c.h"

enum { GW_REMOTE_OPTS = 9, GW_REMOTE_PATH = 1024 };

struct gw_remote {
    const struct gw_cmd_ctx *c;
    /* as given */
    const char *connect, *cert, *key, *ca, *as, *config, *purpose, *case_ref;
    struct gw_cmd_opt opts[GW_REMOTE_OPTS];
    /* as resolved */
    char address[300], cert_path[GW_REMOTE_PATH], key_path[GW_REMOTE_PATH], ca_path[GW_REMOTE_PATH];
    char host[256];
    uint16_t port;
    struct gw_grpc_metadata metadata[2];
    size_t metadata_count;
    struct gw_tls_context *tls;
    struct gw_upstream_client *client;
};

/* Fills the option rows; give `opts` to gw_cmd_parse() as the common list. */
void gw_remote_init(struct gw_remote *r, const struct gw_cmd_ctx *c);
/* Finds out where and as whom, loads the certificates. Connects at the first call. GW_EXIT_OK, or
 * the exit code after a complaint. */
int gw_remote_open(struct gw_remote *r);
void gw_remote_fini(struct gw_remote *r);
/* From the client.conf file: what the command line left open (cmd_conf.c). */
int gw_remote_conf_load(struct gw_remote *r, const char *path);

/* One unary call: packs `req`, unpacks the answer (free with protobuf_c_message_free_unpacked).
 * Complains where it fails; *ret_code (may be NULL) is the google.rpc.Code. */
int gw_remote_unary(struct gw_remote *r, const char *path, const ProtobufCMessage *req,
                    const ProtobufCMessageDescriptor *answer, void *ret, int *ret_code);
/* Says what a person must know of a call that did not end well; GW_EXIT_UNREACHABLE for the
 * connection and for identity, GW_EXIT_CALL_REFUSED for the gateway's own word, else
 * GW_EXIT_FAILED. */
int gw_remote_failed(const struct gw_remote *r, const struct gw_upstream_result *res);
/* Worth another try: the connection went, or the gateway is busy or restarting. `answered`: it has
 * answered this run before; one that never did is more likely a wrong address. */
bool gw_remote_transient(const struct gw_upstream_result *res, bool answered);
/* Packs into `ret` (reset first). */
GW_MUST_USE enum gw_status gw_remote_pack(const ProtobufCMessage *m, struct gw_buf *ret);
/* Waits 0.5 s, 1 s, 2 s ... 30 s, each with jitter; 0 is the first. */
void gw_remote_backoff(unsigned attempt);

#endif
