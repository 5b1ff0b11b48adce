/* xinqiaod: the gateway. All work is in server/. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "server/server.h"

static const char help[] =
    "xinqiaod " XINQIAO_VERSION " - 信桥公共信用互联网关 (public-credit interoperability gateway)\n"
    "\n"
    "用法 Usage: xinqiaod -c conf/gateway.conf [--check] [--trace FOLDER,...]\n"
    "\n"
    "  -c, --config FILE   配置文件 the configuration\n"
    "      --check         只检查配置，不启动 checks the configuration and all it names, starts "
    "nothing\n"
    "      --options       列出全部配置项 prints all options as a table\n"
    "      --trace LIST    逐目录打开跟踪日志 traces these folders (call,http2,...)\n"
    "      --version       版本 the version\n"
    "  -h, --help          本说明 this text\n"
    "\n"
    "SIGHUP 重新加载配置（全有或全无）reloads, all or nothing; SIGTERM 排空后退出 drains and exits "
    "0.\n"
    "退出状态 Exit: 0 正常 stopped; 64 用法 usage; 71 系统 system; 73 日志自相矛盾 the log "
    "contradicts itself;\n"
    "74 日志无法落盘 the log could not be made durable; 78 配置有误 configuration refused.\n";

static int usage(void)
{
    fputs("xinqiaod: 用法有误，见 xinqiaod --help (usage: see xinqiaod --help)\n", stderr);
    return 64;
}

static int check(const char *conf)
{
    struct gw_buf text;
    gw_buf_init(&text, 1u << 20);
    enum gw_status st = gw_server_check(conf, &text);
    FILE *to = st == GW_OK ? stdout : stderr;
    fprintf(to, "%.*s", GW_BYTES_FMT(gw_buf_view(&text)));
    if (st != GW_OK)
        fprintf(stderr, "%s: 配置有误，未通过检查 (refused: %s)\n", conf, gw_status_text(st));
    gw_buf_fini(&text);
    return st == GW_OK ? 0 : GW_EXIT_CONFIG;
}

static int print_options(void)
{
    struct gw_buf text;
    gw_buf_init(&text, 1u << 20);
    gw_server_print_options(&text);
    printf("%.*s", GW_BYTES_FMT(gw_buf_view(&text)));
    gw_buf_fini(&text);
    return 0;
}

int main(int argc, char **argv)
{
    enum { CHECK = 256, OPTIONS, TRACE, VERSION };
    static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
                                          {"check", no_argument, NULL, CHECK},
                                          {"options", no_argument, NULL, OPTIONS},
                                          {"trace", required_argument, NULL, TRACE},
                                          {"version", no_argument, NULL, VERSION},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    const char *conf = NULL;
    int only_check = 0;
    for (int c; (c = getopt_long(argc, argv, "c:h", longs, NULL)) != -1;) {
        switch (c) {
        case 'c':
            conf = optarg;
            break;
        case CHECK:
            only_check = 1;
            break;
        case OPTIONS:
            return print_options();
        case TRACE:
            gw_log_trace_folders(optarg);
            break;
        case VERSION:
            puts("xinqiaod " XINQIAO_VERSION);
            return 0;
        case 'h':
            fputs(help, stdout);
            return 0;
        default:
            return usage();
        }
    }
    if (conf == NULL || optind != argc)
        return usage();
    return only_check ? check(conf) : gw_server_run(conf);
}
