/* Options of subcommands from tables, and their --help. */
#include "cmd/cmd.h"

#include "base/text.h"

static const struct gw_cmd_opt everywhere[] = {
    {GW_OPT_TEXT, "--lang", "zh|en", NULL, "输出语言", "language of the output"},
    {GW_OPT_FLAG, "--json", NULL, NULL, "输出 JSON，供程序读取",
     "JSON on standard output, for programs"},
    {GW_OPT_FLAG, "--help", NULL, NULL, "显示本说明", "this text"},
    {.type = GW_OPT_END},
};

static void help_list(const struct gw_cmd_ctx *c, const struct gw_cmd_opt *o)
{
    for (; o != NULL && o->type != GW_OPT_END; o++) {
        char left[64];
        if (o->value == NULL)
            snprintf(left, sizeof(left), "%s", o->name);
        else
            snprintf(left, sizeof(left), o->type == GW_OPT_MAYBE ? "%s [%s]" : "%s %s", o->name,
                     o->value);
        fputs("  ", stdout);
        gw_cmd_pad(stdout, left, 28);
        printf(" %s\n", TR(c, o->zh, o->en));
    }
}

static void help(const struct gw_cmd_ctx *c, const struct gw_cmd_usage *u)
{
    printf("xinqiao %s - %s\n\n", c->cmd->name, TR(c, c->cmd->zh, c->cmd->en));
    printf(TR(c, "用法：xinqiao %s %s\n\n选项：\n", "usage: xinqiao %s %s\n\noptions:\n"),
           c->cmd->name, u->args);
    help_list(c, u->opts);
    help_list(c, everywhere);
    if (u->common != NULL) {
        printf("%s", TR(c, "\n连接选项：\n", "\nconnection:\n"));
        help_list(c, u->common);
    }
    const char *notes = TR(c, u->notes_zh, u->notes_en);
    if (notes != NULL)
        printf("\n%s", notes);
}

int gw_cmd_usage_hint(const struct gw_cmd_ctx *c)
{
    fprintf(stderr, TR(c, "用法见：xinqiao %s --help\n", "see: xinqiao %s --help\n"), c->cmd->name);
    return GW_EXIT_USAGE;
}

static const struct gw_cmd_opt *find_in(const struct gw_cmd_opt *o, const char *name, size_t len)
{
    for (; o != NULL && o->type != GW_OPT_END; o++)
        if (strlen(o->name) == len && memcmp(o->name, name, len) == 0)
            return o;
    return NULL;
}

static const char *nearest(const struct gw_cmd_usage *u, const char *name)
{
    const struct gw_cmd_opt *lists[] = {u->opts, u->common, everywhere};
    const char *near = NULL;
    unsigned best = 4;
    for (size_t i = 0; i < GW_ARRAY_LEN(lists); i++) {
        for (const struct gw_cmd_opt *o = lists[i]; o != NULL && o->type != GW_OPT_END; o++) {
            unsigned d = gw_text_distance(gw_bytes_str(o->name), gw_bytes_str(name), 8);
            if (d < best) {
                best = d;
                near = o->name;
            }
        }
    }
    return near;
}

static int unknown_option(const struct gw_cmd_ctx *c, const struct gw_cmd_usage *u,
                          const char *name)
{
    const char *near = nearest(u, name);
    if (near != NULL)
        gw_cmd_err(c, "没有选项 %s，是否指 %s？", "no option %s; did you mean %s?", name, near);
    else
        gw_cmd_err(c, "没有选项 %s", "no option %s", name);
    return gw_cmd_usage_hint(c);
}

static bool looks_like_uuid(const char *s)
{
    return strlen(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-';
}

static int set(struct gw_cmd_ctx *c, const struct gw_cmd_opt *o, const char *value)
{
    switch (o->type) {
    case GW_OPT_FLAG:
        if (o->ret == NULL)
            c->json = true; /* --help is taken before */
        else
            *(bool *)o->ret = true;
        return GW_EXIT_GO_ON;
    case GW_OPT_U64:
        if (gw_text_u64(gw_bytes_str(value), o->ret) == GW_OK)
            return GW_EXIT_GO_ON;
        gw_cmd_err(c, "选项 %s 的值应为非负整数，不是 %s",
                   "the value of %s must be a whole number, not %s", o->name, value);
        return gw_cmd_usage_hint(c);
    case GW_OPT_TEXT:
    case GW_OPT_MAYBE:
        *(const char **)o->ret = value;
        return GW_EXIT_GO_ON;
    case GW_OPT_END:
        break;
    }
    return GW_EXIT_USAGE;
}

/* The form first (main.c has taken the language), so that every complaint already speaks them. */
static void scan_first(struct gw_cmd_ctx *c, int argc, char **argv, bool *ret_help)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            c->json = true;
        else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            *ret_help = true;
    }
}

int gw_cmd_parse(struct gw_cmd_ctx *c, const struct gw_cmd_usage *u, int argc, char **argv,
                 const char **pos, size_t pos_max, size_t *ret_pos)
{
    size_t n = 0;
    bool want_help = false;
    scan_first(c, argc, argv, &want_help);
    if (want_help) {
        help(c, u);
        return GW_EXIT_OK;
    }
    for (int i = 0; i < argc; i++) {
        const char *a = argv[i];
        if (a[0] != '-' || a[1] == '\0') {
            if (n == pos_max) {
                gw_cmd_err(c, "多余的参数 %s", "one argument too many: %s", a);
                return gw_cmd_usage_hint(c);
            }
            pos[n++] = a;
            continue;
        }
        const char *eq = strchr(a, '=');
        size_t len = eq != NULL ? (size_t)(eq - a) : strlen(a);
        const struct gw_cmd_opt *o = find_in(u->opts, a, len);
        if (o == NULL)
            o = find_in(u->common, a, len);
        if (o == NULL)
            o = find_in(everywhere, a, len);
        if (o == NULL)
            return unknown_option(c, u, a);
        const char *value = eq != NULL ? eq + 1 : NULL;
        if (o->type == GW_OPT_MAYBE && value == NULL) {
            bool take = i + 1 < argc && looks_like_uuid(argv[i + 1]);
            value = take ? argv[++i] : "";
        } else if (o->type != GW_OPT_FLAG && value == NULL) {
            if (i + 1 == argc) {
                gw_cmd_err(c, "选项 %s 缺少值 %s", "%s needs a value: %s", o->name, o->value);
                return gw_cmd_usage_hint(c);
            }
            value = argv[++i];
        }
        int rc = set(c, o, value);
        if (rc != GW_EXIT_GO_ON)
            return rc;
    }
    *ret_pos = n;
    return GW_EXIT_GO_ON;
}
