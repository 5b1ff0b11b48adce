/* The text log. A line is built in a buffer on the stack and written with one write(2), so lines of
 * two threads never mix and logging never allocates. What does not fit is cut at a character. */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

/* A control character takes six bytes in JSON. */
enum { MAX_MESSAGE = 2048, MAX_LINE = MAX_MESSAGE * 6 + 1024, MAX_ID = 64 };

static const char *const level_names[] = {"trace", "debug", "info", "warn", "error"};
_Static_assert(GW_ARRAY_LEN(level_names) == GW_LOG_ERROR + 1, "a name per level");

static atomic_int log_fd = STDERR_FILENO;
static atomic_int log_level = GW_LOG_INFO;
static atomic_bool log_plain;
static const char *_Atomic traced;

void gw_log_setup(int fd, enum gw_log_level level, bool plain)
{
    atomic_store(&log_fd, fd);
    atomic_store(&log_level, (int)level);
    atomic_store(&log_plain, plain);
}

enum gw_status gw_log_level_parse(const char *s, enum gw_log_level *ret)
{
    for (size_t i = 0; i < GW_ARRAY_LEN(level_names); i++) {
        if (strcmp(s, level_names[i]) == 0) {
            *ret = (enum gw_log_level)i;
            return GW_OK;
        }
    }
    return GW_INVALID;
}

void gw_log_trace_folders(const char *comma_list)
{
    atomic_store(&traced, comma_list);
}

static bool is_traced(const char *list, const char *folder)
{
    size_t len = strlen(folder);
    while (*list != '\0') {
        size_t word = strcspn(list, ",");
        if (word == len && memcmp(list, folder, len) == 0)
            return true;
        list += word + (list[word] == ',');
    }
    return false;
}

bool gw_log_enabled(enum gw_log_level level, const char *folder)
{
    if ((int)level >= atomic_load_explicit(&log_level, memory_order_relaxed))
        return true;
    const char *list = atomic_load_explicit(&traced, memory_order_acquire);
    return list != NULL && is_traced(list, folder);
}

/* Bytes that are not UTF-8 become '?': a broken name must not break the line. */
static struct gw_bytes mend(char *text, size_t len)
{
    struct gw_bytes all = gw_bytes_make(text, len);
    if (gw_utf8_valid(all))
        return all;
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] >= 0x80)
            text[i] = '?';
    }
    return all;
}

static void put_plain(struct gw_buf *b, struct gw_bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        gw_buf_u8(b, text.ptr[i] < 0x20 || text.ptr[i] == 0x7f ? ' ' : text.ptr[i]);
}

static void put_call(struct gw_buf *b, const char *call_id, bool plain)
{
    char id[MAX_ID + 1];
    size_t len = strnlen(call_id, MAX_ID);
    memcpy(id, call_id, len);
    struct gw_bytes mended = mend(id, len);
    if (plain) {
        gw_buf_str(b, " [");
        put_plain(b, mended);
        gw_buf_str(b, "]");
    } else {
        gw_buf_str(b, ",\"call\":");
        gw_json_put_string(b, mended);
    }
}

void gw_log_write(enum gw_log_level level, const char *folder, const char *call_id, const char *fmt,
                  ...)
{
    char message[MAX_MESSAGE];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    size_t len = (size_t)n < sizeof(message) ? (size_t)n : sizeof(message) - 1;
    if ((size_t)n > len)
        len = gw_utf8_cut(gw_bytes_make(message, len), len - 1).len;
    struct gw_bytes text = mend(message, len);

    bool plain = atomic_load_explicit(&log_plain, memory_order_relaxed);
    const char *name =
        level_names[(size_t)level < GW_ARRAY_LEN(level_names) ? level : GW_LOG_ERROR];
    char when[28];
    gw_clock_rfc3339(gw_clock_wall_us(), when);
    char mem[MAX_LINE];
    struct gw_buf line;
    gw_buf_init_fixed(&line, mem, sizeof(mem));
    if (plain) {
        gw_buf_printf(&line, "%s %-5s %s", when, name, folder);
        if (call_id != NULL)
            put_call(&line, call_id, true);
        gw_buf_str(&line, ": ");
        put_plain(&line, text);
        gw_buf_str(&line, "\n");
    } else {
        gw_buf_printf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"folder\":\"%s\"", when, name,
                      folder);
        if (call_id != NULL)
            put_call(&line, call_id, false);
        gw_buf_str(&line, ",\"message\":");
        gw_json_put_string(&line, text);
        gw_buf_str(&line, "}\n");
    }
    /* A log that can not be written has nowhere to say so. */
    if (gw_file_write_all(atomic_load_explicit(&log_fd, memory_order_relaxed),
                          gw_buf_view(&line)) != GW_OK)
        return;
}
