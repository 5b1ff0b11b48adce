/* Connection options resolved, calls made, refusals explained. Next: cmd_conf.c for client.conf. */
#include "cmd/remote.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"

void gw_remote_init(struct gw_remote *r, const struct gw_cmd_ctx *c)
{
    *r = (struct gw_remote){.c = c};
    const struct gw_cmd_opt opts[GW_REMOTE_OPTS] = {
        {GW_OPT_TEXT, "--connect", "HOST:PORT", &r->connect, "网关地址", "address of the gateway"},
        {GW_OPT_TEXT, "--as", "DIR/pki/NAME", &r->as,
         "简写：NAME.pem、NAME-key.pem 与同目录的 ca.pem；地址取自 DIR/address",
         "short for NAME.pem, NAME-key.pem and ca.pem there; address from DIR/address"},
        {GW_OPT_TEXT, "--cert", "FILE", &r->cert, "本方证书（PEM）", "own certificate (PEM)"},
        {GW_OPT_TEXT, "--key", "FILE", &r->key, "本方私钥（PEM）", "own private key (PEM)"},
        {GW_OPT_TEXT, "--ca", "FILE", &r->ca, "信任的 CA（PEM）", "trusted CA (PEM)"},
        {GW_OPT_TEXT, "--config", "FILE", &r->config, "连接配置文件；缺省为环境变量 XINQIAO_CONFIG",
         "file with these settings; by default the one XINQIAO_CONFIG names"},
        {GW_OPT_TEXT, "--purpose", "CODE", &r->purpose, "使用用途代码（xinqiao-purpose）",
         "code of the purpose (xinqiao-purpose)"},
        {GW_OPT_TEXT, "--case", "NO", &r->case_ref, "办件编号（xinqiao-case）",
         "case number (xinqiao-case)"},
        {.type = GW_OPT_END},
    };
    memcpy(r->opts, opts, sizeof(opts));
}

static bool fill(char *dst, size_t size, const char *src)
{
    if (dst[0] != '\0' || src == NULL)
        return true;
    return snprintf(dst, size, "%s", src) < (int)size;
}

/* DIR/pki/NAME: the three files, and the address that a quickstart or a gateway left in DIR. */
static void from_shorthand(struct gw_remote *r)
{
    char dir[GW_REMOTE_PATH - 64], file[GW_REMOTE_PATH];
    snprintf(dir, sizeof(dir), "%s", r->as);
    if (r->cert_path[0] == '\0')
        snprintf(r->cert_path, sizeof(r->cert_path), "%s.pem", dir);
    if (r->key_path[0] == '\0')
        snprintf(r->key_path, sizeof(r->key_path), "%s-key.pem", dir);
    char *slash = strrchr(dir, '/');
    if (slash != NULL)
        *slash = '\0';
    else
        snprintf(dir, sizeof(dir), ".");
    if (r->ca_path[0] == '\0')
        snprintf(r->ca_path, sizeof(r->ca_path), "%s/ca.pem", dir);
    if (r->address[0] != '\0')
        return;
    snprintf(file, sizeof(file), "%s/../address", dir);
    struct gw_buf b;
    gw_buf_init(&b, sizeof(r->address) - 1);
    if (gw_file_read(file, &b) == GW_OK) {
        struct gw_bytes v = gw_buf_view(&b);
        while (v.len != 0 && v.ptr[v.len - 1] <= ' ')
            v.len--;
        snprintf(r->address, sizeof(r->address), "%.*s", GW_BYTES_FMT(v));
    }
    gw_buf_fini(&b);
}

static bool split_address(struct gw_remote *r)
{
    const char *colon = strrchr(r->address, ':');
    uint64_t port;
    if (colon == NULL || gw_text_u64(gw_bytes_str(colon + 1), &port) != GW_OK || port == 0 ||
        port > 65535)
        return false;
    const char *host = r->address;
    size_t len = (size_t)(colon - host);
    if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
        host++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof(r->host))
        return false;
    memcpy(r->host, host, len);
    r->host[len] = '\0';
    r->port = (uint16_t)port;
    return true;
}

static void add_metadata(struct gw_remote *r, const char *name, const char *value)
{
    if (value != NULL)
        r->metadata[r->metadata_count++] =
            (struct gw_grpc_metadata){gw_bytes_str(name), gw_bytes_str(value)};
}

static int missing(const struct gw_remote *r, const char *option)
{
    gw_cmd_err(
        r->c,
        "缺少 %s。请给出 --connect、--cert、--key、--ca，或 --as 目录/pki/名称，或 --config 文件",
        "%s is missing. Give --connect, --cert, --key and --ca, or --as DIR/pki/NAME, or "
        "--config FILE",
        option);
    return GW_EXIT_USAGE;
}

static const char *as_folder(const struct gw_remote *r)
{
    static char dir[GW_REMOTE_PATH];
    snprintf(dir, sizeof(dir), "%s", r->as);
    char *slash = strrchr(dir, '/');
    if (slash == NULL)
        return ".";
    *slash = '\0';
    return dir;
}

static int open_tls(struct gw_remote *r)
{
    const char *files[] = {r->cert_path, r->key_path, r->ca_path};
    for (size_t i = 0; i < GW_ARRAY_LEN(files); i++)
        if (files[i][0] != '\0' && access(files[i], R_OK) != 0)
            return gw_cmd_file_failed(r->c, files[i], GW_NOT_FOUND);
    struct gw_tls_settings s = {
        .cert_file = r->cert_path,
        .key_file = r->key_path,
        .ca_file = r->ca_path,
    };
    struct gw_buf error;
    gw_buf_init(&error, 64 * 1024);
    enum gw_status st = gw_tls_context_new_client(&s, &r->tls, &error);
    if (st != GW_OK)
        gw_cmd_err(r->c, "证书或私钥不能使用：%.*s", "certificate or key can not be used: %.*s",
                   GW_BYTES_FMT(gw_buf_view(&error)));
    gw_buf_fini(&error);
    return st == GW_OK ? GW_EXIT_OK : GW_EXIT_FAILED;
}

int gw_remote_open(struct gw_remote *r)
{
    const struct {
        char *dst;
        size_t size;
        const char *src;
    } given[] = {{r->address, sizeof(r->address), r->connect},
                 {r->cert_path, sizeof(r->cert_path), r->cert},
                 {r->key_path, sizeof(r->key_path), r->key},
                 {r->ca_path, sizeof(r->ca_path), r->ca}};
    for (size_t i = 0; i < GW_ARRAY_LEN(given); i++)
        if (!fill(given[i].dst, given[i].size, given[i].src))
            return gw_cmd_file_failed(r->c, given[i].src, GW_TOO_LARGE);
    if (r->as != NULL)
        from_shorthand(r);
    const char *config = r->config != NULL ? r->config : getenv("XINQIAO_CONFIG");
    if (config != NULL && config[0] != '\0' && (r->config != NULL || r->as == NULL)) {
        int rc = gw_remote_conf_load(r, config);
        if (rc != GW_EXIT_OK)
            return rc;
    }
    if (r->address[0] == '\0' && r->as != NULL) {
        gw_cmd_err(
            r->c,
            "--as %s 没有地址：缺少文件 %s/../address（网关启动后写入）；请启动网关，或给出 "
            "--connect 主机:端口",
            "--as %s has no address: there is no file %s/../address (a gateway writes it when "
            "it starts); start the gateway, or give --connect HOST:PORT",
            r->as, as_folder(r));
        return GW_EXIT_USAGE;
    }
    if (r->address[0] == '\0')
        return missing(r, "--connect");
    if (r->ca_path[0] == '\0')
        return missing(r, "--ca");
    if (r->cert_path[0] == '\0' || r->key_path[0] == '\0')
        return missing(r, r->cert_path[0] == '\0' ? "--cert" : "--key");
    if (!split_address(r)) {
        gw_cmd_err(r->c, "地址 %s 的写法应为 主机:端口", "the address %s must be HOST:PORT",
                   r->address);
        return GW_EXIT_USAGE;
    }
    int rc = open_tls(r);
    if (rc != GW_EXIT_OK)
        return rc;
    add_metadata(r, "xinqiao-purpose", r->purpose);
    add_metadata(r, "xinqiao-case", r->case_ref);
    struct gw_upstream_settings s = gw_upstream_defaults;
    s.host = r->host;
    s.port = r->port;
    s.tls = r->tls;
    if (gw_upstream_client_new(&s, &r->client) != GW_OK) {
        gw_cmd_err(r->c, "内存不足", "out of memory");
        return GW_EXIT_FAILED;
    }
    return GW_EXIT_OK;
}

void gw_remote_fini(struct gw_remote *r)
{
    gw_upstream_client_free(gw_steal(&r->client));
    gw_tls_context_unref(gw_steal(&r->tls));
}

enum gw_status gw_remote_pack(const ProtobufCMessage *m, struct gw_buf *ret)
{
    gw_buf_reset(ret);
    uint8_t *p = gw_buf_extend(ret, protobuf_c_message_get_packed_size(m));
    if (p == NULL)
        return gw_buf_failed(ret);
    protobuf_c_message_pack(m, p);
    return GW_OK;
}

int gw_remote_unary(struct gw_remote *r, const char *path, const ProtobufCMessage *req,
                    const ProtobufCMessageDescriptor *answer, void *ret, int *ret_code)
{
    struct gw_buf out, in;
    gw_buf_init(&out, 64u << 20);
    gw_buf_init(&in, 64u << 20);
    GW_CLEANUP(gw_upstream_stream_closep) struct gw_upstream_stream *s = NULL;
    enum gw_status st = gw_remote_pack(req, &out);
    if (st == GW_OK)
        st = gw_upstream_unary(r->client, path, 60000, r->metadata, r->metadata_count,
                               gw_buf_view(&out), &in, &s);
    int rc = GW_EXIT_OK;
    if (st != GW_OK) {
        gw_cmd_err(r->c, "调用未能完成：%s", "the call could not be made: %s", gw_status_text(st));
        rc = GW_EXIT_FAILED;
    } else {
        const struct gw_upstream_result *res = gw_upstream_stream_result(s);
        if (ret_code != NULL)
            *ret_code = res->code;
        ProtobufCMessage *m = NULL;
        if (res->code != GW_GRPC_OK)
            rc = gw_remote_failed(r, res);
        else if ((m = protobuf_c_message_unpack(answer, NULL, in.len, in.ptr)) == NULL) {
            gw_cmd_err(r->c, "网关的应答无法识别，请核对双方版本",
                       "the gateway's answer can not be read; compare the versions");
            rc = GW_EXIT_FAILED;
        }
        *(ProtobufCMessage **)ret = m;
    }
    gw_buf_fini(&out);
    gw_buf_fini(&in);
    return rc;
}

bool gw_remote_transient(const struct gw_upstream_result *res, bool answered)
{
    if (res->handshake || (!answered && !res->remote))
        return false;
    return res->code == GW_GRPC_UNAVAILABLE || res->code == GW_GRPC_DEADLINE_EXCEEDED ||
           (!res->remote && (res->code == GW_GRPC_INTERNAL || res->code == GW_GRPC_UNKNOWN));
}

void gw_remote_backoff(unsigned attempt)
{
    uint64_t ms = 500u << (attempt < 6 ? attempt : 6);
    if (ms > 30000)
        ms = 30000;
    uint16_t jitter;
    gw_crypto_random(&jitter, sizeof(jitter));
    ms = ms / 2 + ms * jitter / 65535;
    struct timespec ts = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    nanosleep(&ts, NULL);
}

/* ---- refusals ----------------------------------------------------------------------------------
 */

struct refusal {
    char reason[80];
    struct gw_buf text; /* in the person's language */
    struct gw_buf fields;
};

static bool type_is(const Google__Protobuf__Any *any, const char *name)
{
    const char *slash = strrchr(any->type_url, '/');
    return slash != NULL && strcmp(slash + 1, name) == 0;
}

static void read_detail(const struct gw_cmd_ctx *c, const Google__Protobuf__Any *any,
                        struct refusal *ret)
{
    if (type_is(any, "google.rpc.ErrorInfo")) {
        Google__Rpc__ErrorInfo *m =
            google__rpc__error_info__unpack(NULL, any->value.len, any->value.data);
        if (m != NULL)
            snprintf(ret->reason, sizeof(ret->reason), "%s", m->reason);
        google__rpc__error_info__free_unpacked(m, NULL);
    } else if (type_is(any, "google.rpc.LocalizedMessage")) {
        Google__Rpc__LocalizedMessage *m =
            google__rpc__localized_message__unpack(NULL, any->value.len, any->value.data);
        if (m != NULL && (strncmp(m->locale, "zh", 2) == 0) == c->zh) {
            gw_buf_reset(&ret->text);
            gw_buf_str(&ret->text, m->message);
        }
        google__rpc__localized_message__free_unpacked(m, NULL);
    } else if (type_is(any, "google.rpc.BadRequest")) {
        Google__Rpc__BadRequest *m =
            google__rpc__bad_request__unpack(NULL, any->value.len, any->value.data);
        for (size_t i = 0; m != NULL && i < m->n_field_violations; i++)
            gw_buf_printf(&ret->fields, "  %s: %s\n", m->field_violations[i]->field,
                          m->field_violations[i]->description);
        google__rpc__bad_request__free_unpacked(m, NULL);
    }
}

/* What upstream/ and tls/ say in English, by a word in it. */
static const struct {
    const char *word, *zh;
} local_texts[] = {
    {"certificate expired", "本方证书已过期，请更换证书"},
    {"certificate revoked", "本方证书已被吊销，请联系发证单位"},
    {"unknown CA", "对方不信任本方证书的签发机构，请核对证书"},
    {"certificate required", "对方要求证书，请给出 --cert 和 --key"},
    {"server certificate", "网关的证书不能通过核验，请核对 --ca 和地址"},
    {"TLS: ", "TLS 握手失败，请核对双方证书是否在有效期内、是否被吊销"},
    {"no such host", "没有这个主机名，请核对地址"},
    {"no answer when connecting", "连接超时，请核对地址和网络"},
    {"connection refused", "该地址没有网关在运行，请核对地址和端口"},
    {"connection was lost", "连接中断"},
    {"has ended the connection", "网关结束了连接"},
    {"has closed the connection", "网关关闭了连接"},
    {"within the time set here", "在规定时间内没有应答"},
};

static void translate_local(const struct gw_cmd_ctx *c, struct gw_buf *text)
{
    if (!c->zh)
        return;
    for (size_t i = 0; i < GW_ARRAY_LEN(local_texts); i++) {
        if (memmem(text->ptr, text->len, local_texts[i].word, strlen(local_texts[i].word)) == NULL)
            continue;
        gw_buf_reset(text);
        gw_buf_str(text, local_texts[i].zh);
        return;
    }
}

int gw_remote_failed(const struct gw_remote *r, const struct gw_upstream_result *res)
{
    const struct gw_cmd_ctx *c = r->c;
    struct refusal f = {.reason = ""};
    gw_buf_init(&f.text, 64 * 1024);
    gw_buf_init(&f.fields, 64 * 1024);
    Google__Rpc__Status *st =
        res->details.len != 0
            ? google__rpc__status__unpack(NULL, res->details.len, res->details.ptr)
            : NULL;
    for (size_t i = 0; st != NULL && i < st->n_details; i++)
        read_detail(c, st->details[i], &f);
    google__rpc__status__free_unpacked(st, NULL);
    if (f.text.len == 0)
        gw_buf_bytes(&f.text, res->message);
    const char *code = gw_grpc_code_name(res->code);
    bool connection = !res->remote && res->code == GW_GRPC_UNAVAILABLE;
    if (!res->remote)
        translate_local(c, &f.text);
    if (connection)
        gw_cmd_err(c, "连接 %s 失败：%.*s", "no connection to %s: %.*s", r->address,
                   GW_BYTES_FMT(gw_buf_view(&f.text)));
    else
        gw_cmd_err(c, "网关 %s 未完成调用：%.*s（%s%s%s）", "%s did not do it: %.*s (%s%s%s)",
                   r->address, GW_BYTES_FMT(gw_buf_view(&f.text)), code,
                   f.reason[0] != '\0' ? " " : "", f.reason);
    fprintf(stderr, "%.*s", GW_BYTES_FMT(gw_buf_view(&f.fields)));
    if (c->json) {
        struct gw_cmd_json j;
        gw_cmd_json_init(&j);
        gw_cmd_json_open(&j, NULL, '{');
        gw_cmd_json_open(&j, "error", '{');
        gw_cmd_json_str(&j, "code", code);
        gw_cmd_json_str(&j, "reason", f.reason);
        gw_cmd_json_bytes(&j, "message", gw_buf_view(&f.text));
        gw_cmd_json_bool(&j, "remote", res->remote);
        gw_cmd_json_close(&j, '}');
        gw_cmd_json_close(&j, '}');
        gw_cmd_json_print(&j, stdout);
    }
    gw_buf_fini(&f.text);
    gw_buf_fini(&f.fields);
    if (connection || res->code == GW_GRPC_UNAUTHENTICATED)
        return GW_EXIT_UNREACHABLE;
    return res->remote ? GW_EXIT_CALL_REFUSED : GW_EXIT_FAILED;
}
