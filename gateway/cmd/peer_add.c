/* `xinqiao peer add`: a counterpart's file with a small, closed set of grants, checked by the
 * daemon's own check, and the kit that its people need to begin. Next: peer_kit.c. */
#include "cmd/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "canon/canon.h"

static const struct {
    const char *role, *method, *adapter, *kinds, *purpose;
    unsigned needs; /* 1 areas, 2 lists */
} grants[] = {
#define GW_PEER_GRANT(role, method, adapter, kinds, purpose, needs)                                \
    {role, method, adapter, kinds, purpose, needs},
#include "cmd/peer_grants.def"
#undef GW_PEER_GRANT
};

static const struct {
    const char *role, *zh, *en;
} roles[] = {
    {"nation", "国家平台", "the national platform"},
    {"province", "省平台", "the provincial platform"},
    {"peer", "其他城市的平台", "another city's platform"},
    {"municipal", "本市应用", "the city's own application"},
    {"department", "本市部门", "a department of the city"},
    {"institution", "机构", "an institution"},
    {"auditor", "审计", "an auditor"},
    {"operator", "运维", "an operator"},
};

/* ---- what is asked -----------------------------------------------------------------------------
 */

/* An option that was not given is asked for on a terminal. */
static int ask(const struct gw_peer_new *p, const char **value, const char *option, const char *zh,
               const char *en, char *mem, size_t size)
{
    if (*value != NULL)
        return GW_EXIT_GO_ON;
    if (isatty(0) == 0) {
        gw_cmd_err(p->c, "缺少 %s（%s）", "%s is missing (%s)", option, TR(p->c, zh, en));
        return gw_cmd_usage_hint(p->c);
    }
    fprintf(stderr, TR(p->c, "%s（%s）：", "%s (%s): "), TR(p->c, zh, en), option);
    if (fgets(mem, (int)size, stdin) == NULL)
        return GW_EXIT_USAGE;
    mem[strcspn(mem, "\r\n")] = '\0';
    *value = mem;
    return GW_EXIT_GO_ON;
}

static bool is_name(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return n != 0 && n <= 64 && s[n] == '\0';
}

/* A text that goes between quotes in a configuration file and into a certificate. */
static bool is_title(const char *s)
{
    struct gw_bytes b = gw_bytes_str(s);
    return b.len != 0 && b.len <= 190 && gw_utf8_valid(b) && gw_utf8_chars(b) <= 64 &&
           !gw_text_has_hidden(b) && strpbrk(s, "\"\\\n\t") == NULL;
}

static int wrong(const struct gw_peer_new *p, const char *option, const char *zh, const char *en)
{
    gw_cmd_err(p->c, "%s：%s", "%s: %s", option, TR(p->c, zh, en));
    return GW_EXIT_USAGE;
}

static int check_role(const struct gw_peer_new *p)
{
    for (size_t i = 0; i < GW_ARRAY_LEN(roles); i++)
        if (strcmp(roles[i].role, p->role) == 0)
            return GW_EXIT_GO_ON;
    gw_cmd_err(p->c, "没有角色 %s。可用的角色：", "there is no role %s. There are:", p->role);
    for (size_t i = 0; i < GW_ARRAY_LEN(roles); i++)
        fprintf(stderr, "  %-12s %s\n", roles[i].role, TR(p->c, roles[i].zh, roles[i].en));
    return GW_EXIT_USAGE;
}

static int check_given(const struct gw_peer_new *p)
{
    const char *why = "";
    int rc = check_role(p);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    if (!is_name(p->name))
        return wrong(p, p->name, "名称只用小写字母、数字和连字符，最多 64 个",
                     "a name has lower-case letters, digits and hyphens, at most 64");
    if (!is_title(p->title_zh) || !is_title(p->title_en))
        return wrong(p, "--title-zh, --title-en", "应为 1 至 64 个字符，不含引号和反斜杠",
                     "1 to 64 characters, without quotes and backslashes");
    if (gw_canon_uscc_check(gw_bytes_str(p->uscc), false, &why) != GW_OK)
        return wrong(p, "--uscc", "不是统一社会信用代码（位数或校验位），请核对",
                     "not a unified social credit code (length or check digit); check it");
    for (const char *at = p->areas; *at != '\0'; at++)
        if ((*at < '0' || *at > '9') && *at != ',')
            return wrong(p, "--areas", "应为以逗号分隔的区域代码，如 3306,3301",
                         "area codes separated by commas, as 3306,3301");
    return GW_EXIT_GO_ON;
}

/* ---- the file ----------------------------------------------------------------------------------
 */

static bool has_adapter(const struct gw_peer_new *p, const char *adapter)
{
    char path[GW_PEER_PATH + 80];
    if (adapter[0] == '\0')
        return true;
    snprintf(path, sizeof(path), "%s/%s.conf", p->adapters_dir, adapter);
    return access(path, R_OK) == 0;
}

static void areas_put(const struct gw_peer_new *p, const char *lead, struct gw_buf *b)
{
    gw_buf_printf(b, "%s    areas = [", lead);
    const char *at = p->areas;
    for (bool first = true; *at != '\0'; first = false) {
        size_t len = strcspn(at, ",");
        gw_buf_printf(b, "%s\"%.*s\"", first ? "" : ", ", (int)len, at);
        at += len + (at[len] == ',' ? 1 : 0);
    }
    gw_buf_str(b, "];\n");
}

static bool is_open(const struct gw_peer_new *p, size_t i)
{
    return (grants[i].needs & 2) == 0 && has_adapter(p, grants[i].adapter);
}

/* A grant that waits for a decision of the operator (which lists, or an adapter) is a comment. */
static void grant_put(const struct gw_peer_new *p, size_t i, bool first, struct gw_buf *b)
{
    bool open = is_open(p, i);
    const char *lead = open ? "" : "  // ";
    if (open)
        gw_buf_printf(b, "%s  {\n", first ? "" : ",\n");
    else
        gw_buf_str(
            b, "  // 待运维决定：填写名单编号（见 conf/law/lists.conf）并加载适配器后，去掉注释。\n"
               "  // To be decided: name the lists, have the adapter loaded, then uncomment.\n"
               "  // , {\n");
    gw_buf_printf(b, "%s    method = \"%s\";\n", lead, grants[i].method);
    if (grants[i].kinds[0] != '\0')
        gw_buf_printf(b, "%s    kinds = [%s];\n%s    classes = [\"organisation\"];\n", lead,
                      grants[i].kinds, lead);
    if ((grants[i].needs & 1) != 0)
        areas_put(p, lead, b);
    if ((grants[i].needs & 2) != 0)
        gw_buf_printf(b, "%s    lists = [\"...\"];\n", lead);
    if (grants[i].purpose[0] != '\0')
        gw_buf_printf(b, "%s    purposes = [\"%s\"];\n", lead, grants[i].purpose);
    gw_buf_printf(b, "%s  }%s", lead, open ? "" : "\n");
}

/* Those in force first, then those that everybody has, then the comments. */
static void grants_put(const struct gw_peer_new *p, struct gw_buf *b)
{
    static const char *const all[] = {"RecordExchange/ListFormats", "Health/*",
                                      "ServerReflection/*"};
    bool first = true;
    for (size_t i = 0; i < GW_ARRAY_LEN(grants); i++) {
        if (strcmp(grants[i].role, p->role) != 0 || !is_open(p, i))
            continue;
        grant_put(p, i, first, b);
        first = false;
    }
    for (size_t i = 0; i < GW_ARRAY_LEN(all); i++, first = false)
        gw_buf_printf(b, "%s  {\n    method = \"%s\";\n  }", first ? "" : ",\n", all[i]);
    gw_buf_str(b, "\n");
    for (size_t i = 0; i < GW_ARRAY_LEN(grants); i++)
        if (strcmp(grants[i].role, p->role) == 0 && !is_open(p, i))
            grant_put(p, i, false, b);
}

static void file_put(const struct gw_peer_new *p, struct gw_buf *b)
{
    gw_buf_printf(
        b,
        "// %s %s\n"
        "// 由 xinqiao peer add "
        "生成：只含起步所需的授权，其余一律不许。增加授权前请先有协议或法定依据。\n"
        "// Made by xinqiao peer add: the grants to begin with, nothing else is allowed. More of "
        "them need\n"
        "// an agreement or a statute first; persons need one named in `basis`.\n"
        "name = \"%s\";\nrole = \"%s\";\ntitle_zh = \"%s\";\ntitle_en = \"%s\";\norg_uscc = "
        "\"%s\";\n"
        "// 测试期为 false：可使用尚未确认的映射；正式运行改为 true，并写明由谁何时确认。\n"
        "// False while testing; a real one sets true and says in confirmed_by who confirmed the "
        "mapping.\n"
        "production = false;\nconfirmed_by = \"\";\nformat = \"\";\n\ngrants = (\n",
        p->title_zh, p->title_en, p->name, p->role, p->title_zh, p->title_en, p->uscc);
    grants_put(p, b);
    gw_buf_str(b, ");\n");
}

/* The configuration must be good before, and good with the new file; else the file goes. */
static int file_write(const struct gw_peer_new *p, const char *path)
{
    int rc = gw_cmd_daemon_check(p->c, p->conf, true);
    if (rc != GW_EXIT_OK) {
        gw_cmd_err(p->c, "现有配置 %s 已有错误（见上），请先改正",
                   "the configuration %s has faults already (see above); mend them first", p->conf);
        return rc;
    }
    struct gw_buf b;
    gw_buf_init(&b, 1 << 20);
    file_put(p, &b);
    rc = gw_cmd_write_file(p->c, path, gw_buf_view(&b));
    gw_buf_fini(&b);
    if (rc != GW_EXIT_OK)
        return rc;
    rc = gw_cmd_daemon_check(p->c, p->conf, true);
    if (rc != GW_EXIT_OK) {
        unlink(path);
        gw_cmd_err(p->c, "对接方文件未通过检查（见上），没有保留",
                   "the counterpart's file does not pass the check (see above) and was not kept");
    }
    return rc;
}

/* ---- the command -------------------------------------------------------------------------------
 */

static int collect(struct gw_peer_new *p, char mem[5][256])
{
    const struct {
        const char **value, *option, *zh, *en;
    } rows[] = {
        {&p->role, "--role", "角色", "role"},
        {&p->title_zh, "--title-zh", "中文名称", "name in Chinese"},
        {&p->title_en, "--title-en", "英文名称", "name in English"},
        {&p->uscc, "--uscc", "统一社会信用代码", "unified social credit code"},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(rows); i++) {
        int rc = ask(p, rows[i].value, rows[i].option, rows[i].zh, rows[i].en, mem[i], 256);
        if (rc != GW_EXIT_GO_ON)
            return rc;
    }
    return check_given(p);
}

static void done(const struct gw_peer_new *p, const char *path)
{
    if (p->c->json) {
        struct gw_cmd_json j;
        gw_cmd_json_init(&j);
        gw_cmd_json_open(&j, NULL, '{');
        gw_cmd_json_str(&j, "file", path);
        gw_cmd_json_str(&j, "kit", p->kit);
        gw_cmd_json_close(&j, '}');
        gw_cmd_json_print(&j, stdout);
        return;
    }
    printf(TR(p->c,
              "对接方文件：%s（已通过检查）\n接入资料包：%s\n接下来：\n"
              "  1. 审阅对接方文件中的授权；\n"
              "  2. 由发证机构签发 %s/%s.csr.pem，把证书放到 %s/%s.pem；\n"
              "  3. 让网关重新加载：kill -HUP 进程号；\n"
              "  4. 经可靠渠道把资料包交给对方（其中有私钥）。\n",
              "counterpart's file: %s (it passes the check)\nstarter kit: %s\nnext:\n"
              "  1. look through the grants of that file;\n"
              "  2. have your authority sign %s/%s.csr.pem and put the certificate at %s/%s.pem;\n"
              "  3. let the gateway load it: kill -HUP PID;\n"
              "  4. hand the kit over by a safe way (a private key is in it).\n"),
           path, p->kit, p->kit, p->name, p->kit, p->name);
}

static int run(struct gw_peer_new *p)
{
    char path[GW_PEER_PATH + 80], kit[256], mem[5][256];
    int rc = collect(p, mem);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    rc = gw_peer_conf_load(p);
    if (rc != GW_EXIT_OK)
        return rc;
    if (p->endpoint == NULL && strcmp(p->address + strcspn(p->address, ":"), ":0") == 0)
        return wrong(p, "--endpoint", "配置中的端口为 0，请写明对方连接的 主机:端口",
                     "the configuration has port 0; name the HOST:PORT that they connect to");
    snprintf(path, sizeof(path), "%s/%s.conf", p->peers_dir, p->name);
    snprintf(kit, sizeof(kit), "%s-kit", p->name);
    if (p->kit == NULL)
        p->kit = kit;
    if (access(path, F_OK) == 0 || access(p->kit, F_OK) == 0) {
        gw_cmd_err(p->c, "%s 已存在，不覆盖", "%s exists and is not overwritten",
                   access(path, F_OK) == 0 ? path : p->kit);
        return GW_EXIT_USAGE;
    }
    rc = file_write(p, path);
    if (rc != GW_EXIT_OK)
        return rc;
    rc = gw_peer_kit_write(p);
    if (rc == GW_EXIT_OK)
        done(p, path);
    else
        unlink(path); /* half a counterpart is none */
    return rc;
}

static const char notes_zh[] =
    "未给出的项目在终端上会询问。只写起步所需的授权，写成后用 xinqiaod --check "
    "检查，不通过就不保留。\n"
    "资料包：私钥与证书申请、连接配置 client.conf、信任证书 ca.pem、错误代码表、三条可试的命令。\n"
    "私钥最好由对方自己生成：用 --no-key，资料包中写明命令。\n"
    "退出码：0 完成；1 失败；2 用法错误。\n";
static const char notes_en[] =
    "What was not given is asked for on a terminal. Only the grants to begin with are written; "
    "the\n"
    "file is checked by xinqiaod --check and not kept when it does not pass.\n"
    "The kit: private key and certificate request, client.conf, ca.pem, the table of errors, "
    "three\n"
    "commands to try. Better the counterpart makes its own key: --no-key, and the kit says how.\n"
    "exit codes: 0 done; 1 failed; 2 usage.\n";

int gw_cmd_peer_add(struct gw_cmd_ctx *c, int argc, char **argv)
{
    struct gw_peer_new p = {.c = c, .conf = "conf/gateway.conf", .areas = "3306"};
    const struct gw_cmd_opt opts[] = {
        {GW_OPT_TEXT, "--role", "ROLE", &p.role,
         "角色：nation province peer municipal department institution auditor operator",
         "nation, province, peer, municipal, department, institution, auditor or operator"},
        {GW_OPT_TEXT, "--title-zh", "TEXT", &p.title_zh, "中文名称", "name in Chinese"},
        {GW_OPT_TEXT, "--title-en", "TEXT", &p.title_en, "英文名称", "name in English"},
        {GW_OPT_TEXT, "--uscc", "CODE", &p.uscc, "统一社会信用代码", "unified social credit code"},
        {GW_OPT_TEXT, "--areas", "A,B", &p.areas, "授权的区域代码，缺省 3306",
         "granted area codes, 3306 by default"},
        {GW_OPT_TEXT, "--endpoint", "HOST:PORT", &p.endpoint, "对方连接的地址，缺省取自配置",
         "address for them; that of the configuration by default"},
        {GW_OPT_TEXT, "--ca", "FILE", &p.ca, "签发网关证书的 CA，缺省为配置中的 tls.trust",
         "CA of the gateway's certificate; tls.trust by default"},
        {GW_OPT_TEXT, "--kit", "DIR", &p.kit, "资料包目录，缺省 名称-kit",
         "folder of the kit, NAME-kit by default"},
        {GW_OPT_FLAG, "--no-key", NULL, &p.no_key, "不生成私钥，由对方自己生成",
         "no private key: they make their own"},
        {GW_OPT_TEXT, "-c", "FILE", &p.conf, "配置文件，缺省 conf/gateway.conf",
         "configuration file, conf/gateway.conf by default"},
        {.type = GW_OPT_END},
    };
    const struct gw_cmd_usage usage = {"NAME --role ROLE --title-zh .. --title-en .. --uscc ..",
                                       opts, NULL, notes_zh, notes_en};
    size_t n;
    int rc = gw_cmd_parse(c, &usage, argc, argv, &p.name, 1, &n);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    if (n == 0) {
        gw_cmd_err(c, "应给出对接方的名称", "name the counterpart");
        return gw_cmd_usage_hint(c);
    }
    return run(&p);
}
