/* Where the shipped formats are, and loading them. */
#include "cmd/package.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

const char *gw_cmd_find_shipped(const char *name)
{
    static char path[PATH_MAX];
    /* installed: <prefix>/bin and <prefix>/share/xinqiao; built: build/<preset>/bin in the source
     */
    static const char *const up[] = {"/../share/xinqiao/", "/../", "/../../../", "/../../"};
    for (size_t i = 0; i <= GW_ARRAY_LEN(up); i++) {
        if (i < GW_ARRAY_LEN(up))
            snprintf(path, sizeof(path), "%s%s%s", gw_cmd_bin_dir(), up[i], name);
        else
            snprintf(path, sizeof(path), "%s", name);
        if (access(path, R_OK) == 0)
            return path;
    }
    return NULL;
}

int gw_cmd_formats_load(const struct gw_cmd_ctx *c, const char *dir, struct gw_format_set **ret)
{
    if (dir == NULL)
        dir = getenv("XINQIAO_FORMATS");
    if (dir == NULL)
        dir = gw_cmd_find_shipped("conf/formats");
    if (dir == NULL) {
        gw_cmd_err(c, "找不到格式目录 conf/formats，请用 --formats 指明",
                   "there is no conf/formats; name the folder with --formats");
        return GW_EXIT_FAILED;
    }
    struct gw_buf error;
    gw_buf_init(&error, 1 << 20);
    enum gw_status st = gw_format_set_load(dir, ret, &error);
    if (st != GW_OK)
        gw_cmd_err(c, "格式目录 %s 不能使用（%s）：\n%.*s",
                   "the formats in %s can not be used (%s):\n%.*s", dir, gw_status_text(st),
                   GW_BYTES_FMT(gw_buf_view(&error)));
    gw_buf_fini(&error);
    return st == GW_OK ? GW_EXIT_OK : GW_EXIT_FAILED;
}

const struct gw_format *gw_cmd_format_find(const struct gw_cmd_ctx *c,
                                           const struct gw_format_set *s, const char *id)
{
    struct gw_buf near;
    gw_buf_init(&near, 4096);
    const struct gw_format *f = gw_format_find(s, gw_bytes_str(id), &near);
    if (f == NULL && near.len != 0) {
        gw_cmd_err(c, "没有格式 %s，相近的有 %.*s，请使用准确的编号",
                   "there is no format %s; near names are %.*s; use the exact identifier", id,
                   GW_BYTES_FMT(gw_buf_view(&near)));
    } else if (f == NULL) {
        gw_cmd_err(c, "没有格式 %s。可用的格式：", "there is no format %s. There are:", id);
        for (size_t i = 0; i < gw_format_count(s); i++) {
            const struct gw_format *known = gw_format_at(s, i);
            fprintf(stderr, "  %s  %s\n", gw_format_id(known),
                    gw_format_title(known, TR(c, "zh", "en")));
        }
    }
    gw_buf_fini(&near);
    return f;
}
