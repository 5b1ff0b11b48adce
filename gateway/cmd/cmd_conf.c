/* The files in libconfig syntax that the tool reads: client.conf (who we are, where the gateway
 * is), declared defaults of a peer, and of gateway.conf what a new peer must know. */
#include "cmd/package.h"
#include "cmd/peer.h"
#include "cmd/remote.h"

#include "config/config.h"

struct client_conf {
    const char *connect, *cert, *key, *ca, *purpose;
};

static const struct gw_config_option client_rows[] = {
    GW_CONFIG_OPTION(struct client_conf, connect, "connect", GW_CONFIG_STRING, "", 0, 0, false,
                     "Address of the gateway, HOST:PORT."),
    GW_CONFIG_OPTION(struct client_conf, cert, "cert", GW_CONFIG_PATH, "", 0, 0, false,
                     "Own certificate (PEM)."),
    GW_CONFIG_OPTION(struct client_conf, key, "key", GW_CONFIG_PATH, "", 0, 0, false,
                     "Own private key (PEM, mode 0600)."),
    GW_CONFIG_OPTION(struct client_conf, ca, "ca", GW_CONFIG_PATH, "", 0, 0, false,
                     "Trusted CA of the gateway (PEM)."),
    GW_CONFIG_OPTION(struct client_conf, purpose, "purpose", GW_CONFIG_STRING, "", 0, 0, false,
                     "Purpose code sent with every call."),
};

int gw_remote_conf_load(struct gw_remote *r, const char *path)
{
    struct gw_buf error;
    gw_buf_init(&error, 64 * 1024);
    GW_CLEANUP(gw_config_freep) struct gw_config *conf = NULL;
    struct client_conf v;
    enum gw_status st = gw_config_load(path, &conf, &error);
    if (st == GW_OK)
        st = gw_config_fill(conf, client_rows, GW_ARRAY_LEN(client_rows), &v, &error);
    if (st == GW_OK)
        st = gw_config_finish(conf, &error);
    if (st != GW_OK) {
        gw_cmd_err(r->c, "连接配置 %s 不能使用：\n%.*s", "%s can not be used:\n%.*s", path,
                   GW_BYTES_FMT(gw_buf_view(&error)));
        gw_buf_fini(&error);
        return GW_EXIT_FAILED;
    }
    gw_buf_fini(&error);
    static char purpose[128];
    const struct {
        char *dst;
        size_t size;
        const char *src;
    } rows[] = {{r->address, sizeof(r->address), v.connect},
                {r->cert_path, sizeof(r->cert_path), v.cert},
                {r->key_path, sizeof(r->key_path), v.key},
                {r->ca_path, sizeof(r->ca_path), v.ca},
                {purpose, sizeof(purpose), v.purpose}};
    for (size_t i = 0; i < GW_ARRAY_LEN(rows); i++)
        if (rows[i].dst[0] == '\0' && rows[i].src != NULL)
            snprintf(rows[i].dst, rows[i].size, "%s", rows[i].src);
    if (r->purpose == NULL && purpose[0] != '\0')
        r->purpose = purpose;
    return GW_EXIT_OK;
}

int gw_cmd_defaults_load(const struct gw_cmd_ctx *c, const struct gw_format_set *s,
                         const char *path, struct gw_format_defaults **ret)
{
    struct gw_buf error;
    gw_buf_init(&error, 1 << 20);
    GW_CLEANUP(gw_config_freep) struct gw_config *conf = NULL;
    enum gw_status st = gw_config_load(path, &conf, &error);
    if (st == GW_OK) {
        const struct gw_config_node *root = gw_config_root(conf);
        const struct gw_config_node *group = gw_config_node_child(root, "defaults");
        st = gw_format_defaults_load(s, group, ret, &error);
    }
    if (st != GW_OK)
        gw_cmd_err(c, "缺省值文件 %s 不能使用（%s）：\n%.*s",
                   "the defaults in %s can not be used (%s):\n%.*s", path, gw_status_text(st),
                   GW_BYTES_FMT(gw_buf_view(&error)));
    gw_buf_fini(&error);
    return st == GW_OK ? GW_EXIT_OK : GW_EXIT_FAILED;
}

/* What the daemon itself checks in full; here only what the kit and the peer's file need. */
struct gateway_conf {
    const char *address, *peers_dir, *adapters_dir, *adapters_lib, *trust;
};
static const struct gw_config_option gateway_rows[] = {
    GW_CONFIG_OPTION(struct gateway_conf, address, "listen.address", GW_CONFIG_STRING,
                     "127.0.0.1:8443", 0, 0, false, "Address."),
    GW_CONFIG_OPTION(struct gateway_conf, peers_dir, "peers_dir", GW_CONFIG_PATH, "peers", 0, 0,
                     false, "Folder of the peer files."),
    GW_CONFIG_OPTION(struct gateway_conf, adapters_dir, "adapters_dir", GW_CONFIG_PATH, "adapters",
                     0, 0, false, "Folder of the adapters' files."),
    GW_CONFIG_OPTION(struct gateway_conf, adapters_lib, "adapters_lib", GW_CONFIG_PATH, "", 0, 0,
                     false, "Folder of the shared objects."),
    GW_CONFIG_OPTION(struct gateway_conf, trust, "tls.trust", GW_CONFIG_PATH, "", 0, 0, false,
                     "Trust anchors."),
};

int gw_peer_conf_load(struct gw_peer_new *p)
{
    struct gw_buf error;
    gw_buf_init(&error, 64 * 1024);
    GW_CLEANUP(gw_config_freep) struct gw_config *conf = NULL;
    struct gateway_conf v;
    enum gw_status st = gw_config_load(p->conf, &conf, &error);
    if (st == GW_OK)
        st = gw_config_fill(conf, gateway_rows, GW_ARRAY_LEN(gateway_rows), &v, &error);
    if (st != GW_OK) {
        gw_cmd_err(p->c, "配置 %s 不能使用：\n%.*s", "%s can not be used:\n%.*s", p->conf,
                   GW_BYTES_FMT(gw_buf_view(&error)));
    } else {
        snprintf(p->address, sizeof(p->address), "%s", v.address);
        snprintf(p->peers_dir, sizeof(p->peers_dir), "%s", v.peers_dir);
        snprintf(p->adapters_dir, sizeof(p->adapters_dir), "%s", v.adapters_dir);
        snprintf(p->adapters_lib, sizeof(p->adapters_lib), "%s", v.adapters_lib);
        snprintf(p->trust, sizeof(p->trust), "%s", v.trust);
    }
    gw_buf_fini(&error);
    return st == GW_OK ? GW_EXIT_OK : GW_EXIT_FAILED;
}
