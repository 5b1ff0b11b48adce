/* Text for people: widths, times, numbers, progress bars, and JSON for programs. */
#include "cmd/cmd.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cursor.h"
#include "base/file.h"
#include "base/text.h"

size_t gw_cmd_width(const char *s)
{
    struct gw_cursor c = gw_cursor_make(gw_bytes_str(s));
    size_t width = 0;
    uint32_t cp;
    while (c.ptr < c.end && gw_utf8_next(&c, &cp) == GW_OK) {
        bool wide = (cp >= 0x1100 && cp <= 0x115f) || (cp >= 0x2e80 && cp <= 0xa4cf) ||
                    (cp >= 0xac00 && cp <= 0xd7a3) || (cp >= 0xf900 && cp <= 0xfaff) ||
                    (cp >= 0xfe30 && cp <= 0xfe6f) || (cp >= 0xff00 && cp <= 0xff60) ||
                    cp >= 0x20000;
        width += wide ? 2 : 1;
    }
    return width;
}

void gw_cmd_pad(FILE *f, const char *s, size_t columns)
{
    fputs(s, f);
    for (size_t w = gw_cmd_width(s); w < columns; w++)
        fputc(' ', f);
}

void gw_cmd_time(int64_t wall_us, char ret[20])
{
    int64_t s = wall_us / GW_USEC_PER_SEC + 8 * 3600;
    unsigned second = (unsigned)(s % 86400 + 86400) % 86400;
    char day[11];
    gw_date_format(gw_date_at_utc8(wall_us), day);
    snprintf(ret, 20, "%.10s %02u:%02u:%02u", day, second / 3600 % 24, second / 60 % 60,
             second % 60);
}

enum gw_status gw_cmd_time_parse(const char *s, bool end, int64_t *ret_us)
{
    int y, mo, d, h = 0, mi = 0, sec = 0, used = 0, used_time = 0;
    if (sscanf(s, "%4d-%2d-%2d%n", &y, &mo, &d, &used) != 3 || used == 0)
        return GW_INVALID;
    struct gw_date date = {(int16_t)y, (uint8_t)mo, (uint8_t)d};
    if (mo < 1 || d < 1 || !gw_date_valid(date))
        return GW_INVALID;
    const char *p = s + used;
    int64_t zone = 8 * 3600, extra = 0;
    if (*p == '\0') {
        extra = end ? 86400 * GW_USEC_PER_SEC - 1 : 0;
    } else {
        if ((*p != ' ' && *p != 'T') || sscanf(p + 1, "%2d:%2d%n", &h, &mi, &used_time) != 2)
            return GW_INVALID;
        p += 1 + used_time;
        if (*p == ':') {
            if (sscanf(p, ":%2d%n", &sec, &used_time) != 1)
                return GW_INVALID;
            p += used_time;
        }
        if (*p == 'Z') {
            zone = 0;
            p++;
        }
        if (*p != '\0' || h < 0 || h > 24 || mi < 0 || mi > 59 || sec < 0 || sec > 59)
            return GW_INVALID;
    }
    int64_t seconds = (int64_t)gw_date_to_days(date) * 86400 + h * 3600 + mi * 60 + sec - zone;
    *ret_us = seconds * GW_USEC_PER_SEC + extra;
    return GW_OK;
}

const char *gw_cmd_number(uint64_t n, char ret[32])
{
    char plain[24];
    int len = snprintf(plain, sizeof(plain), "%" PRIu64, n);
    char *out = ret;
    for (int i = 0; i < len; i++) {
        if (i != 0 && (len - i) % 3 == 0)
            *out++ = ',';
        *out++ = plain[i];
    }
    *out = '\0';
    return ret;
}

int gw_cmd_file_failed(const struct gw_cmd_ctx *c, const char *path, enum gw_status st)
{
    if (st == GW_NOT_FOUND)
        gw_cmd_err(c, "找不到文件 %s，请核对路径", "there is no file %s; check the path", path);
    else if (st == GW_DENIED)
        gw_cmd_err(c, "没有权限读写 %s", "no permission for %s", path);
    else if (st == GW_NOSPACE)
        gw_cmd_err(c, "磁盘空间不足，无法写入 %s", "no space left to write %s", path);
    else if (st == GW_TOO_LARGE)
        gw_cmd_err(c, "文件 %s 过大", "the file %s is too large", path);
    else
        gw_cmd_err(c, "无法读写 %s：%s", "%s: %s", path, gw_status_text(st));
    return GW_EXIT_FAILED;
}

int gw_cmd_write_file(const struct gw_cmd_ctx *c, const char *path, struct gw_bytes data)
{
    enum gw_status st = gw_file_write_atomic(path, data, 0644);
    return st == GW_OK ? GW_EXIT_OK : gw_cmd_file_failed(c, path, st);
}

const char *gw_cmd_bin_dir(void)
{
    static char dir[PATH_MAX];
    if (dir[0] == '\0') {
        ssize_t n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
        if (n <= 0)
            n = snprintf(dir, sizeof(dir), "./x");
        dir[n] = '\0';
        char *slash = strrchr(dir, '/');
        if (slash != NULL)
            *slash = '\0';
    }
    return dir;
}

/* ---- progress ----------------------------------------------------------------------------------
 */

void gw_cmd_progress_begin(struct gw_cmd_progress *p, const char *label)
{
    *p = (struct gw_cmd_progress){.label = label, .started_us = gw_clock_mono_us()};
    p->on = isatty(2) != 0;
}

void gw_cmd_progress(struct gw_cmd_progress *p, uint64_t done, uint64_t total)
{
    if (!p->on)
        return;
    int64_t now = gw_clock_mono_us();
    if (now - p->shown_us < GW_USEC_PER_SEC / 10 && done != total)
        return;
    p->shown_us = now;
    char a[32], b[32];
    int64_t seconds = (now - p->started_us) / GW_USEC_PER_SEC;
    if (total == 0) {
        fprintf(stderr, "\r\033[K%s %s  %" PRId64 " s", p->label, gw_cmd_number(done, a), seconds);
        return;
    }
    int filled = (int)(done >= total ? 30 : done * 30 / total);
    fprintf(stderr, "\r\033[K%s [%.*s%.*s] %s/%s  %" PRId64 " s", p->label, filled,
            "##############################", 30 - filled, "..............................",
            gw_cmd_number(done, a), gw_cmd_number(total, b), seconds);
}

void gw_cmd_progress_end(struct gw_cmd_progress *p)
{
    if (p->on && p->shown_us != 0)
        fputs("\r\033[K", stderr);
    p->on = false;
}

/* ---- JSON --------------------------------------------------------------------------------------
 */

void gw_cmd_json_init(struct gw_cmd_json *j)
{
    gw_buf_init(&j->b, 256u << 20);
    j->comma = false;
}

static void key_put(struct gw_cmd_json *j, const char *key)
{
    if (j->comma)
        gw_buf_u8(&j->b, ',');
    j->comma = true;
    if (key != NULL) {
        gw_json_put_string(&j->b, gw_bytes_str(key));
        gw_buf_u8(&j->b, ':');
    }
}

void gw_cmd_json_open(struct gw_cmd_json *j, const char *key, char bracket)
{
    key_put(j, key);
    gw_buf_u8(&j->b, (uint8_t)bracket);
    j->comma = false;
}

void gw_cmd_json_close(struct gw_cmd_json *j, char bracket)
{
    gw_buf_u8(&j->b, (uint8_t)bracket);
    j->comma = true;
}

void gw_cmd_json_bytes(struct gw_cmd_json *j, const char *key, struct gw_bytes s)
{
    key_put(j, key);
    if (gw_utf8_valid(s))
        gw_json_put_string(&j->b, s);
    else
        gw_buf_str(&j->b, "null");
}

void gw_cmd_json_str(struct gw_cmd_json *j, const char *key, const char *s)
{
    gw_cmd_json_bytes(j, key, gw_bytes_str(s));
}

void gw_cmd_json_hex(struct gw_cmd_json *j, const char *key, struct gw_bytes s)
{
    key_put(j, key);
    gw_buf_u8(&j->b, '"');
    gw_hex_put(&j->b, s);
    gw_buf_u8(&j->b, '"');
}

void gw_cmd_json_u64(struct gw_cmd_json *j, const char *key, uint64_t v)
{
    key_put(j, key);
    gw_buf_printf(&j->b, "%" PRIu64, v);
}

void gw_cmd_json_i64(struct gw_cmd_json *j, const char *key, int64_t v)
{
    key_put(j, key);
    gw_buf_printf(&j->b, "%" PRId64, v);
}

void gw_cmd_json_bool(struct gw_cmd_json *j, const char *key, bool v)
{
    key_put(j, key);
    gw_buf_str(&j->b, v ? "true" : "false");
}

void gw_cmd_json_print(struct gw_cmd_json *j, FILE *f)
{
    fwrite(j->b.ptr, 1, j->b.len, f);
    fputc('\n', f);
    gw_buf_fini(&j->b);
}
