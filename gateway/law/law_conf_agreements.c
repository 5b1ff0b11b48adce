/* Reads conf/agreements/: one file per agreement with a counterpart. What stands under `terms` is
 * for the adapters. */
#include <stdlib.h>

#include "base/file.h"
#include "config/config.h"
#include "law/law_conf_internal.h"

enum { MAX_AGREEMENTS = 1024, MAX_PARTIES = 64, MAX_PURPOSES = 64 };

struct agreement_text {
    const char *id, *title_zh, *title_en, *source, *certainty, *from, *until;
    struct gw_config_strings parties, purposes;
    const struct gw_config_node *terms;
};

#define ROW(field, type, def, min, max, doc)                                                       \
    GW_CONFIG_OPTION(struct agreement_text, field, #field, type, def, min, max, true, doc)
static const struct gw_config_option options[] = {
    ROW(id, GW_CONFIG_STRING, "", 0, 64, "The file's name without .conf, if written at all."),
    ROW(title_zh, GW_CONFIG_STRING, NULL, 1, 200, "Title for people, Chinese."),
    ROW(title_en, GW_CONFIG_STRING, NULL, 1, 200, "Title for people, English."),
    ROW(source, GW_CONFIG_STRING, NULL, 1, 500, "The agreement, or where its terms are published."),
    ROW(certainty, GW_CONFIG_STRING, NULL, 1, 32, "published, agreed or invented-for-tests."),
    ROW(parties, GW_CONFIG_STRINGS, NULL, 1, MAX_PARTIES, "Names of peers it binds."),
    ROW(purposes, GW_CONFIG_STRINGS, NULL, 1, MAX_PURPOSES, "Codes of conf/law/purposes.conf."),
    ROW(from, GW_CONFIG_STRING, NULL, 10, 10, "First day in force, YYYY-MM-DD."),
    ROW(until, GW_CONFIG_STRING, "", 0, 10, "Last day in force; empty: open."),
    ROW(terms, GW_CONFIG_NODE, "", 0, 0, "What adapters read."),
};
#undef ROW

/* `count` words and NULL behind them. */
static const char *const *words(struct gw_law *l, const struct gw_config_strings *s)
{
    const char **list = gw_arena_calloc(l->arena, s->count + 1, sizeof(*list));
    for (size_t i = 0; list != NULL && i < s->count; i++)
        list[i] = s->items[i];
    return list;
}

static enum gw_status check_words(const struct gw_config_node *n, const char *name,
                                  const struct gw_config_strings *s, struct gw_buf *err)
{
    for (size_t i = 0; i < s->count; i++) {
        GW_TRY(gw_law_conf_code(n, name, s->items[i], err));
        for (size_t k = 0; k < i; k++) {
            if (strcmp(s->items[i], s->items[k]) == 0)
                return gw_law_conf_second_time(n, name, s->items[i], err);
        }
    }
    return gw_law_conf_words(n, name, s, err);
}

static enum gw_status check_purposes(const struct gw_law *l, const struct agreement_text *t,
                                     const struct gw_config_node *n, struct gw_buf *err)
{
    for (size_t i = 0; i < t->purposes.count; i++) {
        const char *code = t->purposes.items[i];
        const struct gw_law_purpose *p = gw_law_purpose_find(l, gw_bytes_str(code));
        if (p != NULL && !p->basic_service)
            continue;
        gw_config_node_complain(n, err, "purposes: seen \"%s\", %s", code,
                                p == NULL ? "expected a code of conf/law/purposes.conf in force"
                                          : "which denies, prices or ranks a basic service: no "
                                            "agreement can allow that");
        return GW_INVALID;
    }
    return GW_OK;
}

static enum gw_status check(const struct gw_law *l, const struct agreement_text *t, const char *id,
                            const struct gw_config_node *n, struct gw_buf *err)
{
    static const char *const certainty[] = {"published", "agreed", "invented-for-tests"};
    GW_TRY(gw_law_conf_code(n, "file name", id, err));
    if (t->id[0] != '\0' && strcmp(t->id, id) != 0) {
        gw_config_node_complain(n, err, "id: seen \"%s\", expected \"%s\" as the file is named",
                                t->id, id);
        return GW_INVALID;
    }
    GW_TRY(
        gw_law_conf_choice(n, "certainty", t->certainty, certainty, GW_ARRAY_LEN(certainty), err));
    GW_TRY(check_words(n, "parties", &t->parties, err));
    GW_TRY(check_words(n, "purposes", &t->purposes, err));
    return check_purposes(l, t, n, err);
}

static enum gw_status compile(struct gw_law *l, const struct gw_config *config, const char *file,
                              struct gw_law_agreement *ret, struct gw_buf *err)
{
    const struct gw_config_node *n = gw_config_root(config);
    struct agreement_text t;
    struct gw_law_term term;
    const char *id = gw_arena_strndup(l->arena, file, strlen(file) - strlen(".conf"));
    if (id == NULL)
        return GW_NOMEM;
    GW_TRY(gw_config_node_fill(n, options, GW_ARRAY_LEN(options), &t, err));
    GW_TRY(check(l, &t, id, n, err));
    GW_TRY(gw_law_conf_term(n, t.from, t.until, &term, err));
    *ret = (struct gw_law_agreement){
        .id = id,
        .title_zh = t.title_zh,
        .title_en = t.title_en,
        .source = t.source,
        .certainty = t.certainty,
        .parties = words(l, &t.parties),
        .purposes = words(l, &t.purposes),
        .from = term.from,
        .until = term.until,
        .node = n,
    };
    return gw_arena_failed(l->arena) ? GW_NOMEM : GW_OK;
}

static enum gw_status reserve(struct gw_law *l, size_t count)
{
    l->agreement = gw_arena_calloc(l->arena, count, sizeof(*l->agreement));
    l->agreement_config = gw_arena_calloc(l->arena, count, sizeof(struct gw_config *));
    return gw_arena_failed(l->arena) ? GW_NOMEM : GW_OK;
}

/* Takes over `config`: it lives as long as the law, whether its rows are good or not. */
static enum gw_status add(struct gw_law *l, struct gw_config *config, const char *file,
                          struct gw_buf *err)
{
    l->agreement_config[l->agreement_count] = config;
    return compile(l, config, file, &l->agreement[l->agreement_count++], err);
}

enum gw_status gw_law_parse_agreement(struct gw_law *l, const char *file, struct gw_bytes text,
                                      struct gw_buf *ret_error)
{
    struct gw_config *config = NULL;
    if (GW_BUG_ON(!gw_config_is_file_name(file) || l->agreement_count != 0))
        return GW_INTERNAL;
    GW_TRY(reserve(l, 1));
    GW_TRY(gw_config_parse(text, file, &config, ret_error));
    GW_TRY(add(l, config, file, ret_error));
    return gw_law_conf_digest(l);
}

static void names_freep(char ***names)
{
    if (*names != NULL)
        gw_file_names_free(*names);
}

static enum gw_status load_file(struct gw_law *l, const char *dir, const char *file,
                                struct gw_buf *err)
{
    struct gw_config *config = NULL;
    GW_TRY(gw_config_load_in(dir, file, &config, err));
    return add(l, config, file, err);
}

enum gw_status gw_law_load_agreements(struct gw_law *l, const char *dir, struct gw_buf *ret_error)
{
    GW_CLEANUP(names_freep) char **names = NULL;
    size_t count = 0;
    enum gw_status st = gw_file_list(dir, &names);
    if (st == GW_NOT_FOUND)
        return GW_OK;
    if (st != GW_OK) {
        gw_buf_printf(ret_error, "%s: %s\n", dir, gw_status_text(st));
        return st;
    }
    for (size_t i = 0; names[i] != NULL; i++)
        count += gw_config_is_file_name(names[i]) ? 1 : 0;
    if (count > MAX_AGREEMENTS) {
        gw_buf_printf(ret_error, "%s: seen %zu agreements, expected at most %d\n", dir, count,
                      MAX_AGREEMENTS);
        return GW_INVALID;
    }
    GW_TRY(reserve(l, count + 1));
    for (size_t i = 0; names[i] != NULL; i++) {
        if (!gw_config_is_file_name(names[i]))
            continue;
        enum gw_status one = load_file(l, dir, names[i], ret_error);
        st = st == GW_OK ? one : st;
    }
    GW_TRY(st);
    return gw_law_conf_digest(l);
}

void gw_law_conf_agreements_free(struct gw_law *l)
{
    for (size_t i = 0; i < l->agreement_count; i++)
        gw_config_free(l->agreement_config[i]);
}

size_t gw_law_agreement_count(const struct gw_law *l)
{
    return l->agreement_count;
}

const struct gw_law_agreement *gw_law_agreement_at(const struct gw_law *l, size_t i)
{
    return i < l->agreement_count ? &l->agreement[i] : NULL;
}
