/* Makes the set of formats of a configuration generation from a folder of mapping files: whole,
 * with a digest over all files, or not at all. One file is read in format_conf.c. */
#include <stdlib.h>

#include "base/file.h"
#include "base/text.h"
#include "format/format_internal.h"

enum { SET_BUDGET = 64 * 1024 * 1024, MAX_FILES = 256 };

static struct gw_format_set *set_new(size_t most)
{
    struct gw_format_set *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    gw_buf_init(&s->digest_list, 1024 * 1024);
    s->arena = gw_arena_new("formats", SET_BUDGET);
    s->configs = calloc(most + 1, sizeof(*s->configs));
    s->format = calloc(most + 1, sizeof(*s->format));
    if (s->arena == NULL || s->configs == NULL || s->format == NULL) {
        gw_format_set_free(s);
        return NULL;
    }
    return s;
}

void gw_format_set_free(struct gw_format_set *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->config_count; i++)
        gw_format_config_free(s->configs[i]);
    free(s->configs);
    free(s->format);
    gw_buf_fini(&s->digest_list);
    gw_arena_free(s->arena);
    free(s);
}

static int by_id(const void *a, const void *b)
{
    return strcmp((*(struct gw_format *const *)a)->id, (*(struct gw_format *const *)b)->id);
}

static enum gw_status formats_finish(struct gw_format_set *s, struct gw_buf *error)
{
    enum gw_status st = GW_OK;
    if (s->count != 0)
        qsort(s->format, s->count, sizeof(*s->format), by_id);
    for (size_t i = 0; i < s->count; i++) {
        s->format[i]->index = (uint16_t)i;
        s->format[i]->set = s;
        if (i != 0 && strcmp(s->format[i - 1]->id, s->format[i]->id) == 0) {
            gw_buf_printf(error, "%s:1: id: \"%s\" is also the id of %s\n", s->format[i]->file,
                          s->format[i]->id, s->format[i - 1]->file);
            st = GW_INVALID;
        }
    }
    GW_TRY(st);
    return gw_loss_compile(s);
}

static enum gw_status set_finish(struct gw_format_set *s, struct gw_buf *error)
{
    struct gw_buf hex;
    GW_TRY(gw_buf_failed(&s->digest_list));
    gw_crypto_sha256(gw_buf_view(&s->digest_list), GW_BYTES_NONE, GW_BYTES_NONE, &s->digest);
    gw_buf_init_fixed(&hex, s->digest_short, 8);
    gw_hex_put(&hex, gw_bytes_make(s->digest.byte, 4));
    s->digest_short[8] = '\0';
    return formats_finish(s, error);
}

enum gw_status gw_format_set_load(const char *dir, struct gw_format_set **ret,
                                  struct gw_buf *ret_error)
{
    char **names = NULL;
    enum gw_status st = gw_file_list(dir, &names);
    if (st != GW_OK) {
        gw_buf_printf(ret_error, "%s: %s, expected a folder of mapping files\n", dir,
                      gw_status_text(st));
        return st;
    }
    size_t most = 0;
    while (names[most] != NULL)
        most++;
    GW_CLEANUP(gw_format_set_freep)
    struct gw_format_set *s = most <= MAX_FILES ? set_new(most) : NULL;
    if (s == NULL)
        st = GW_NOMEM;
    /* All files are read even after a fault: the operator gets every fault at once. */
    for (size_t i = 0; st != GW_NOMEM && i < most; i++) {
        enum gw_status one = gw_format_conf_load(s, dir, names[i], ret_error);
        if (one != GW_OK)
            st = one;
    }
    gw_file_names_free(names);
    if (st == GW_OK && s->count == 0) {
        gw_buf_printf(ret_error, "%s:1: no mapping file, expected at least one *.conf\n", dir);
        st = GW_INVALID;
    }
    GW_TRY(st);
    GW_TRY(set_finish(s, ret_error));
    *ret = gw_steal(&s);
    return GW_OK;
}

enum gw_status gw_format_set_parse(struct gw_bytes text, const char *file,
                                   struct gw_format_set **ret, struct gw_buf *error)
{
    GW_CLEANUP(gw_format_set_freep) struct gw_format_set *s = set_new(1);
    if (s == NULL)
        return GW_NOMEM;
    GW_TRY(gw_format_conf_parse(s, text, file, error));
    GW_TRY(set_finish(s, error));
    *ret = gw_steal(&s);
    return GW_OK;
}
