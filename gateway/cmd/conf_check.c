/* `xinqiao conf check`: the daemon's own check, run by the daemon's own program beside this one, so
 * that what is checked is what would start. */
#include "cmd/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

int gw_cmd_daemon_check(const struct gw_cmd_ctx *c, const char *file, bool quiet)
{
    char beside[4200];
    snprintf(beside, sizeof(beside), "%s/xinqiaod", gw_cmd_bin_dir());
    char *const args[] = {"xinqiaod", "-c", (char *)(uintptr_t)file, "--check", NULL};
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        int null = quiet ? open("/dev/null", O_WRONLY) : -1;
        if (null >= 0)
            dup2(null, 1);
        execv(beside, args);
        execvp("xinqiaod", args);
        _exit(127);
    }
    int status = 0;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) == 127) {
        gw_cmd_err(c, "找不到或无法运行 xinqiaod，它应与本程序在同一目录",
                   "xinqiaod can not be run; it should be in the folder of this program");
        return GW_EXIT_USAGE;
    }
    return WEXITSTATUS(status) == 0 ? GW_EXIT_OK : GW_EXIT_FAILED;
}

static const char notes_zh[] =
    "检查配置、格式、法律表、对接方与证书，不启动网关。\n"
    "退出码：0 可用；1 有错误（列出文件、行、原因）；2 无法检查或用法错误。\n";
static const char notes_en[] =
    "Checks configuration, formats, law tables, peers and certificates without starting.\n"
    "exit codes: 0 usable; 1 faults (file, line, reason); 2 can not be checked, or usage.\n";

int gw_cmd_conf_check(struct gw_cmd_ctx *c, int argc, char **argv)
{
    const char *file = "conf/gateway.conf";
    const struct gw_cmd_opt opts[] = {
        {GW_OPT_TEXT, "-c", "FILE", &file, "配置文件，缺省 conf/gateway.conf",
         "configuration file, conf/gateway.conf by default"},
        {.type = GW_OPT_END},
    };
    const struct gw_cmd_usage usage = {"[FILE]", opts, NULL, notes_zh, notes_en};
    size_t n;
    int rc = gw_cmd_parse(c, &usage, argc, argv, &file, 1, &n);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    if (access(file, R_OK) != 0) {
        gw_cmd_file_failed(c, file, errno == ENOENT ? GW_NOT_FOUND : GW_DENIED);
        return GW_EXIT_USAGE;
    }
    rc = gw_cmd_daemon_check(c, file, c->json);
    if (c->json) {
        struct gw_cmd_json j;
        gw_cmd_json_init(&j);
        gw_cmd_json_open(&j, NULL, '{');
        gw_cmd_json_bool(&j, "good", rc == GW_EXIT_OK);
        gw_cmd_json_close(&j, '}');
        gw_cmd_json_print(&j, stdout);
    } else if (rc == GW_EXIT_OK) {
        printf(TR(c, "配置可用：%s\n", "the configuration is usable: %s\n"), file);
    } else if (rc == GW_EXIT_FAILED) {
        printf(TR(c, "配置有错误：%s（见上）\n", "the configuration has faults: %s (see above)\n"),
               file);
    }
    return rc;
}
