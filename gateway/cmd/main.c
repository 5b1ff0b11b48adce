/* The table of subcommands and the choice among them. Next: args.c for options, then any
 * subcommand's file. */
#include "cmd/cmd.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"
#include "crypto/crypto.h"

const struct gw_cmd gw_cmd_table[] = {
    {"translate", "离线转换数据包的格式", "translate a package between formats, offline",
     gw_cmd_translate, false},
    {"push", "报送数据包（可分批、续传、试运行）", "push a package (batches, resuming, dry run)",
     gw_cmd_push, true},
    {"pull", "按本方格式拉取记录到文件（可续传）",
     "pull records into files in your format (resumable)", gw_cmd_pull, true},
    {"check-list", "查询主体在不在名单上、依据、期限和可依法采取的措施",
     "is a subject on a list: basis, end, lawful measures", gw_cmd_check_list, true},
    {"query", "信用分互认：按协议查询可否享受便利",
     "recognition of scores: which benefit by which agreement", gw_cmd_query, true},
    {"consent register", "登记本人授权", "register the person's consent", gw_cmd_consent_register,
     true},
    {"consent revoke", "撤回授权", "revoke a consent", gw_cmd_consent_revoke, true},
    {"consent status", "查看授权状况", "state of a consent", gw_cmd_consent_status, true},
    {"lists", "各名单的状况", "state of all lists", gw_cmd_lists, true},
    {"lists publish", "发布名单（全量、增量或逐条）", "publish a list (snapshot, batch or entries)",
     gw_cmd_lists_publish, true},
    {"lists remove", "移出名单中的一条", "end one entry of a list", gw_cmd_lists_remove, true},
    {"lists pull", "保持一份名单副本，移出随到随用", "keep a copy of a list; removals are applied",
     gw_cmd_lists_pull, true},
    {"lists held", "扣留待放行的版本", "versions that are held", gw_cmd_lists_held, true},
    {"lists release", "放行扣留的版本（需两人）", "release a held version (takes two)",
     gw_cmd_lists_release, true},
    {"lists discard", "丢弃扣留的版本", "throw a held version away", gw_cmd_lists_discard, true},
    {"sheet verify", "核验交接单", "verify a batch sheet", gw_cmd_sheet_verify, false},
    {"log search", "检索交换日志", "search the exchange log", gw_cmd_log_search, false},
    {"log show", "显示交换日志的一条", "show one entry of the exchange log", gw_cmd_log_show,
     false},
    {"log verify", "核验交换日志是否完整、未被改动",
     "verify that the exchange log is whole and unchanged", gw_cmd_log_verify, false},
    {"conf check", "检查网关配置", "check a gateway configuration", gw_cmd_conf_check, false},
    {"peer add", "登记新的对接方并生成接入资料包", "register a counterpart, with a starter kit",
     gw_cmd_peer_add, false},
    {"status", "网关状态一览，异常附处理办法", "the gateway on one screen, with cures",
     gw_cmd_status, true},
};
const size_t gw_cmd_count = GW_ARRAY_LEN(gw_cmd_table);

static void help(const struct gw_cmd_ctx *c, FILE *f)
{
    fputs(TR(c,
             "信桥（Xinqiao）：公共信用信息交换网关的命令行工具\n\n"
             "用法：xinqiao [--lang zh|en] [--json] 命令 [参数]\n\n命令：\n",
             "Xinqiao: the tool of the public-credit exchange gateway\n\n"
             "usage: xinqiao [--lang zh|en] [--json] COMMAND [ARGUMENTS]\n\ncommands:\n"),
          f);
    for (size_t i = 0; i < gw_cmd_count; i++) {
        fputs("  ", f);
        gw_cmd_pad(f, gw_cmd_table[i].name, 18);
        fprintf(f, "%s\n", TR(c, gw_cmd_table[i].zh, gw_cmd_table[i].en));
    }
    fputs("  ", f);
    gw_cmd_pad(f, "version", 18);
    fprintf(f, "%s\n", TR(c, "显示版本", "show the version"));
    fputs(
        TR(c,
           "\n每个命令的说明：xinqiao 命令 --help\n"
           "语言：--lang en 或环境变量 XINQIAO_LANG=en；供程序读取：--json\n"
           "连接：--connect 主机:端口 加 --cert --key --ca，或 --as 目录/pki/名称，"
           "或环境变量 XINQIAO_CONFIG 指明的文件\n"
           "退出码：0 成功；1 失败；2 用法错误；3 部分记录被拒绝；5 连接不上或身份不被接受；6 "
           "网关拒绝了调用；其他含义见各命令\n",
           "\nhelp of a command: xinqiao COMMAND --help\n"
           "language: --lang zh or the environment variable XINQIAO_LANG; for programs: --json\n"
           "connection: --connect HOST:PORT with --cert --key --ca, or --as DIR/pki/NAME, or the "
           "file that XINQIAO_CONFIG names\n"
           "exit codes: 0 done; 1 failed; 2 usage; 3 some records refused; 5 no connection, or our "
           "identity is\nnot accepted; 6 the gateway refused the call; where a command differs, "
           "its "
           "help says so\n"),
        f);
}

static int version(const struct gw_cmd_ctx *c)
{
    if (c->json) {
        struct gw_cmd_json j;
        gw_cmd_json_init(&j);
        gw_cmd_json_open(&j, NULL, '{');
        gw_cmd_json_str(&j, "version", XINQIAO_VERSION);
        gw_cmd_json_close(&j, '}');
        gw_cmd_json_print(&j, stdout);
    } else {
        printf("xinqiao %s\n", XINQIAO_VERSION);
    }
    return GW_EXIT_OK;
}

/* The command of which `argv` names one or two words; *ret_words says how many. */
static const struct gw_cmd *find(int argc, char **argv, int *ret_words)
{
    char two[64];
    snprintf(two, sizeof(two), "%s %s", argv[0], argc > 1 ? argv[1] : "");
    const struct gw_cmd *found = NULL; /* "lists held" before "lists" */
    for (size_t i = 0; i < gw_cmd_count; i++) {
        bool one = strcmp(gw_cmd_table[i].name, argv[0]) == 0;
        if (strcmp(gw_cmd_table[i].name, two) == 0 || (one && found == NULL)) {
            *ret_words = one ? 1 : 2;
            found = &gw_cmd_table[i];
        }
    }
    return found;
}

static int unknown(const struct gw_cmd_ctx *c, int argc, char **argv)
{
    char asked[128];
    bool group = false;
    size_t len = strlen(argv[0]);
    for (size_t i = 0; i < gw_cmd_count; i++) {
        const char *name = gw_cmd_table[i].name;
        group = group || (strncmp(name, argv[0], len) == 0 && name[len] == ' ');
    }
    snprintf(asked, sizeof(asked), "%s%s%s", argv[0], group && argc > 1 ? " " : "",
             group && argc > 1 ? argv[1] : "");
    const char *near = NULL;
    unsigned best = 4;
    for (size_t i = 0; i < gw_cmd_count; i++) {
        const char *name = gw_cmd_table[i].name;
        unsigned d = gw_text_distance(gw_bytes_str(name), gw_bytes_str(asked), 8);
        if (d < best) {
            best = d;
            near = name;
        }
    }
    if (near != NULL)
        gw_cmd_err(c, "没有命令 %s，是否指 %s？全部命令见 xinqiao --help",
                   "no command %s; did you mean %s? All commands: xinqiao --help", asked, near);
    else
        gw_cmd_err(c, "没有命令 %s。全部命令见 xinqiao --help",
                   "no command %s. All commands: xinqiao --help", asked);
    return GW_EXIT_USAGE;
}

/* "zh", "en", and with a country behind: "zh-CN", "en_GB.UTF-8". */
static bool lang_parse(const char *s, bool *ret_zh)
{
    bool zh = strncmp(s, "zh", 2) == 0;
    if (!zh && strncmp(s, "en", 2) != 0)
        return false;
    if (s[2] != '\0' && strchr("-_.", s[2]) == NULL)
        return false;
    *ret_zh = zh;
    return true;
}

/* Takes --lang out of the arguments, wherever it stands. GW_EXIT_GO_ON or GW_EXIT_USAGE. */
static int take_lang(struct gw_cmd_ctx *c, int *argc, char **argv)
{
    const char *value = getenv("XINQIAO_LANG"), *from = "XINQIAO_LANG";
    int n = 1;
    c->zh = true;
    if (value != NULL && value[0] == '\0')
        value = NULL;
    for (int i = 1; i < *argc; i++) {
        if (strncmp(argv[i], "--lang", 6) != 0 || (argv[i][6] != '\0' && argv[i][6] != '=')) {
            argv[n++] = argv[i];
            continue;
        }
        from = "--lang";
        value = argv[i][6] == '=' ? argv[i] + 7 : i + 1 < *argc ? argv[++i] : "";
    }
    *argc = n;
    argv[n] = NULL;
    if (value == NULL || lang_parse(value, &c->zh))
        return GW_EXIT_GO_ON;
    gw_cmd_err(c, "%s 应为 zh 或 en，不是“%s”", "%s is zh or en, not \"%s\"", from, value);
    return GW_EXIT_USAGE;
}

/* `xinqiao log`, with or without --help: what there is under this word. */
static bool group_help(const struct gw_cmd_ctx *c, int argc, char **argv)
{
    size_t len = strlen(argv[0]), count = 0;
    bool asked = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    if (argc > 1 && !asked)
        return false;
    FILE *f = asked ? stdout : stderr;
    for (size_t i = 0; i < gw_cmd_count; i++) {
        const struct gw_cmd *cmd = &gw_cmd_table[i];
        if (strncmp(cmd->name, argv[0], len) != 0 || cmd->name[len] != ' ')
            continue;
        if (count++ == 0)
            fprintf(f,
                    TR(c, "用法：xinqiao %s 命令 [参数]\n\n命令：\n",
                       "usage: xinqiao %s COMMAND [ARGUMENTS]\n\ncommands:\n"),
                    argv[0]);
        fputs("  ", f);
        gw_cmd_pad(f, cmd->name, 16);
        fprintf(f, "%s\n", TR(c, cmd->zh, cmd->en));
    }
    return count != 0;
}

int main(int argc, char **argv)
{
    struct gw_cmd_ctx c = {.prog = argv[0]};
    int rc = take_lang(&c, &argc, argv);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    gw_log_setup(2, GW_LOG_ERROR, true);
    if (gw_crypto_init() != GW_OK) {
        gw_cmd_err(&c, "无法初始化密码库（OpenSSL），请检查其安装",
                   "the cryptographic library (OpenSSL) can not be set up; check its installation");
        return GW_EXIT_FAILED;
    }
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            c.json = true;
        } else if (strcmp(argv[i], "--version") == 0) {
            return version(&c);
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            help(&c, stdout);
            return GW_EXIT_OK;
        } else {
            gw_cmd_err(&c, "没有选项 %s，见 xinqiao --help", "no option %s, see xinqiao --help",
                       argv[i]);
            return GW_EXIT_USAGE;
        }
    }
    if (i == argc) {
        help(&c, stderr);
        return GW_EXIT_USAGE;
    }
    argc -= i;
    argv += i;
    if (strcmp(argv[0], "version") == 0) {
        c.json = c.json || (argc > 1 && strcmp(argv[1], "--json") == 0);
        return version(&c);
    }
    if (strcmp(argv[0], "help") == 0) {
        help(&c, stdout);
        return GW_EXIT_OK;
    }
    int words = 0;
    c.cmd = find(argc, argv, &words);
    if (c.cmd == NULL && group_help(&c, argc, argv))
        return argc > 1 ? GW_EXIT_OK : GW_EXIT_USAGE;
    if (c.cmd == NULL)
        return unknown(&c, argc, argv);
    if (c.cmd->talks)
        signal(SIGPIPE, SIG_IGN); /* else `xinqiao log search | head` ends here, quietly */
    rc = c.cmd->run(&c, argc - words, argv + words);
    if (fflush(stdout) != 0 && rc == GW_EXIT_OK && errno != EPIPE) {
        gw_cmd_err(&c, "标准输出写入失败", "standard output can not be written");
        rc = GW_EXIT_FAILED;
    }
    return rc;
}
