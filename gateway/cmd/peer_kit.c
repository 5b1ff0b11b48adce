/* The starter kit of a new counterpart: how to become known, where to connect, what to try, and
 * what each refusal means. */
#include <inttypes.h>
#include <sys/stat.h>

#include "adapter/adapter.h"
#include "base/file.h"
#include "base/reason.h"
#include "cmd/peer.h"
#include "crypto/crypto.h"
#include "grpc/grpc.h"
#include "tls/tls.h"

static int put(const struct gw_peer_new *p, const char *name, struct gw_bytes text, mode_t mode)
{
    char path[GW_PEER_PATH];
    snprintf(path, sizeof(path), "%s/%s", p->kit, name);
    enum gw_status st = gw_file_write_atomic(path, text, mode);
    return st == GW_OK ? GW_EXIT_OK : gw_cmd_file_failed(p->c, path, st);
}

static int key_files(const struct gw_peer_new *p)
{
    uint8_t mem[4096];
    char name[80];
    struct gw_buf key, request;
    gw_buf_init_fixed(&key, mem, sizeof(mem));
    gw_buf_init(&request, 64 * 1024);
    int rc = GW_EXIT_OK;
    if (gw_tls_request_new(p->role, p->name, p->title_zh, &key, &request) != GW_OK) {
        gw_cmd_err(p->c, "无法生成证书申请", "the certificate request could not be made");
        rc = GW_EXIT_FAILED;
    }
    snprintf(name, sizeof(name), "%s-key.pem", p->name);
    if (rc == GW_EXIT_OK)
        rc = put(p, name, gw_buf_view(&key), 0600);
    snprintf(name, sizeof(name), "%s.csr.pem", p->name);
    if (rc == GW_EXIT_OK)
        rc = put(p, name, gw_buf_view(&request), 0644);
    gw_crypto_wipe(mem, sizeof(mem));
    gw_buf_fini(&request);
    return rc;
}

static int connection(const struct gw_peer_new *p)
{
    struct gw_buf b;
    gw_buf_init(&b, 64 * 1024);
    gw_buf_printf(
        &b,
        "// xinqiao --config client.conf，或环境变量 XINQIAO_CONFIG。Paths are seen from this "
        "file.\n"
        "connect = \"%s\";\ncert = \"%s.pem\";\nkey = \"%s-key.pem\";\nca = \"ca.pem\";\n",
        p->endpoint != NULL ? p->endpoint : p->address, p->name, p->name);
    int rc = put(p, "client.conf", gw_buf_view(&b), 0644);
    gw_buf_reset(&b);
    const char *ca = p->ca != NULL ? p->ca : p->trust;
    enum gw_status st = rc == GW_EXIT_OK ? gw_file_read(ca, &b) : GW_OK;
    if (st != GW_OK)
        rc = gw_cmd_file_failed(p->c, ca, st);
    else if (rc == GW_EXIT_OK)
        rc = put(p, "ca.pem", gw_buf_view(&b), 0644);
    gw_buf_fini(&b);
    return rc;
}

/* {field} and the like stand for what the answer names: in the table they stay as they are. */
static void row(const struct gw_reason *r, struct gw_buf *b)
{
    gw_buf_printf(b, "| `%s` | %s | %s | ", r->code, gw_grpc_code_name(r->grpc), r->zh);
    if (r->retry_ms != 0)
        gw_buf_printf(b, "%" PRIu32 " 秒后可原样重试 |\n", (r->retry_ms + 999) / 1000);
    else
        gw_buf_str(b, r->grpc == GW_GRPC_INTERNAL ? "请联系网关方 |\n" : "改正后再试 |\n");
}

static int errors(const struct gw_peer_new *p)
{
    struct gw_buf b, error;
    gw_buf_init(&b, 4 << 20);
    gw_buf_init(&error, 64 * 1024);
    /* Adapters bring reasons of their own: they come with the shared objects. */
    GW_CLEANUP(gw_adapter_set_freep) struct gw_adapter_set *set = NULL;
    enum gw_status st = gw_adapter_set_new(&set);
    if (st == GW_OK && p->adapters_dir[0] != '\0')
        st = gw_adapter_set_load(set, p->adapters_dir, p->adapters_lib, &error);
    int rc = GW_EXIT_OK;
    if (st != GW_OK) {
        gw_cmd_err(p->c, "无法读取适配器的错误代码：%.*s",
                   "the adapters' reasons can not be read: %.*s",
                   GW_BYTES_FMT(gw_buf_view(&error)));
        rc = GW_EXIT_FAILED;
    }
    gw_buf_str(
        &b,
        "# 错误代码表\n\n"
        "每次拒绝都带一个理由代码（`google.rpc.ErrorInfo.reason`，逐行回执中为 `Finding.reason`）。"
        "花括号中的内容由应答给出。带“可原样重试”的，等待后重发即可；其余请按说明改正，原样重发结果"
        "不变。\n\n"
        "| 代码 | gRPC 状态 | 说明与处理 | 重试 |\n|---|---|---|---|\n");
    const struct gw_reason *r;
    for (size_t i = 0; rc == GW_EXIT_OK && (r = gw_reason_at(i)) != NULL; i++)
        if (r->grpc != 0)
            row(r, &b);
    if (rc == GW_EXIT_OK)
        rc = put(p, "errors.zh.md", gw_buf_view(&b), 0644);
    gw_buf_fini(&b);
    gw_buf_fini(&error);
    return rc;
}

/* Three commands that such a counterpart may run with the grants it begins with. */
static void to_try(const struct gw_peer_new *p, struct gw_buf *b)
{
    bool pushes = strcmp(p->role, "municipal") == 0 || strcmp(p->role, "department") == 0 ||
                  strcmp(p->role, "province") == 0 || strcmp(p->role, "nation") == 0;
    bool operates = strcmp(p->role, "operator") == 0;
    gw_buf_str(b, "    grpcurl -cacert ca.pem -cert ");
    gw_buf_printf(b, "%s.pem -key %s-key.pem %s grpc.health.v1.Health/Check\n", p->name, p->name,
                  p->endpoint != NULL ? p->endpoint : p->address);
    if (operates) {
        gw_buf_str(b, "    xinqiao status --config client.conf\n"
                      "    xinqiao lists --config client.conf\n");
    } else if (strcmp(p->role, "auditor") == 0) {
        gw_buf_str(b, "    xinqiao log verify 日志目录 --vkey log.vkey\n"
                      "    xinqiao log search 日志目录 --decision deny\n");
    } else if (pushes) {
        gw_buf_str(b, "    xinqiao push 文件.xml --format national.penalty.org@2018 --dry-run "
                      "--config client.conf\n"
                      "    xinqiao push 文件.xml --format national.penalty.org@2018 --batch "
                      "--config client.conf\n");
    } else if (strcmp(p->role, "peer") == 0) {
        gw_buf_str(b, "    xinqiao pull --format suzhou.penalty@1 --out 目录 --purpose "
                      "record-sharing --config client.conf\n"
                      "    xinqiao check-list --uscc 统一社会信用代码 --purpose joint-discipline "
                      "--config client.conf\n");
    } else {
        gw_buf_str(b, "    xinqiao check-list --uscc 统一社会信用代码 --purpose credit-supervision "
                      "--config client.conf\n"
                      "    xinqiao check-list --batch 文件 --purpose credit-supervision --config "
                      "client.conf\n");
    }
}

static int readme(const struct gw_peer_new *p)
{
    struct gw_buf b;
    gw_buf_init(&b, 64 * 1024);
    gw_buf_printf(&b,
                  "# 接入资料包：%s\n\n"
                  "网关地址 `%s`，双向 TLS（1.2 或 1.3），gRPC。身份由证书的 SAN "
                  "认定：`xinqiao://%s/%s`。\n\n"
                  "## 1. 证书\n\n",
                  p->title_zh, p->endpoint != NULL ? p->endpoint : p->address, p->role, p->name);
    if (!p->no_key)
        gw_buf_printf(&b,
                      "`%s-key.pem` 是私钥（权限 0600，不要外传），`%s.csr.pem` 是证书申请。"
                      "发证机构签发时须保留申请中的 SAN，用途为客户端认证；证书存为 `%s.pem`。\n\n"
                      "私钥最好不经他人之手。自行生成、替换这两个文件的命令：\n\n",
                      p->name, p->name, p->name);
    else
        gw_buf_printf(
            &b,
            "在本方机器上生成私钥和证书申请（私钥不要外传），把 `%s.csr.pem` 交给发证机构；"
            "签发时须保留申请中的 SAN，用途为客户端认证；证书存为 `%s.pem`。\n\n",
            p->name, p->name);
    gw_buf_printf(
        &b,
        "    umask 077\n"
        "    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -utf8 \\\n"
        "      -subj \"/C=CN/O=%s/CN=%s\" -addext \"subjectAltName=URI:xinqiao://%s/%s\" \\\n"
        "      -keyout %s-key.pem -out %s.csr.pem\n\n"
        "`ca.pem` 是签发网关证书的机构，用来核验网关；请与网关方核对其指纹。\n\n"
        "## 2. 三条可试的命令\n\n",
        p->title_zh, p->name, p->role, p->name, p->name, p->name);
    to_try(p, &b);
    gw_buf_str(&b, "\n起步的授权只含最少的方法；被拒绝时，理由代码的含义和处理见 `errors.zh.md`。\n"
                   "需要更多授权，请先与网关方签订协议或给出法定依据。\n");
    int rc = put(p, "README.zh-CN.md", gw_buf_view(&b), 0644);
    gw_buf_fini(&b);
    return rc;
}

int gw_peer_kit_write(const struct gw_peer_new *p)
{
    enum gw_status st = gw_file_mkdirs(p->kit, 0700);
    int rc = st == GW_OK ? GW_EXIT_OK : gw_cmd_file_failed(p->c, p->kit, st);
    if (rc == GW_EXIT_OK && !p->no_key)
        rc = key_files(p);
    if (rc == GW_EXIT_OK)
        rc = connection(p);
    if (rc == GW_EXIT_OK)
        rc = errors(p);
    return rc == GW_EXIT_OK ? readme(p) : rc;
}
