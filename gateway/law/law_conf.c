/* Reads conf/law/. Every mistake is named with file and line, and one mistake fails the load: there
 * is no half of a law. The rows of each file are read by law_conf_<part>.c. */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "config/config.h"
#include "law/law_conf_internal.h"

enum { ARENA_BUDGET = 8 << 20, MAX_WORKDAYS = 1 << 20 };

const char *const gw_law_file_name[GW_LAW_FILES] = {
    [GW_LAW_CATALOGUE] = "catalogue.conf", [GW_LAW_CLASSES] = "classes.conf",
    [GW_LAW_CLOCKS] = "clocks.conf",       [GW_LAW_LISTS] = "lists.conf",
    [GW_LAW_MEASURES] = "measures.conf",   [GW_LAW_PURPOSES] = "purposes.conf",
    [GW_LAW_WORKDAYS] = "workdays.tsv",
};

/* The edition stands in every file and is the same in all (INVARIANTS L9). */
static enum gw_status check_edition(struct gw_law *l, const struct gw_config_node *root,
                                    struct gw_buf *err)
{
    const char *edition = gw_config_node_get_string(root, "edition", "");
    if (edition[0] == '\0' || strlen(edition) > 32 || !gw_law_conf_is_code(edition)) {
        gw_config_node_complain(root, err,
                                "edition: expected 1 to 32 small letters, digits, \"-\", "
                                "\".\", \"_\"");
        return GW_INVALID;
    }
    if (l->edition == NULL)
        l->edition = edition;
    if (strcmp(l->edition, edition) != 0) {
        gw_config_node_complain(root, err, "edition: seen \"%s\", expected \"%s\" as in %s",
                                edition, l->edition, gw_law_file_name[GW_LAW_CATALOGUE]);
        return GW_INVALID;
    }
    return GW_OK;
}

static const struct gw_config_node *root_of(const struct gw_law *l, size_t file)
{
    return gw_config_root(l->config[file]);
}

static enum gw_status check_keys(struct gw_law *l, struct gw_buf *err)
{
    static const char *const keys[GW_LAW_FILES][4] = {
        [GW_LAW_CATALOGUE] = {"edition", "rows", "no_basis"},
        [GW_LAW_CLASSES] = {"edition", "classes"},
        [GW_LAW_CLOCKS] = {"edition", "regimes", "deadlines"},
        [GW_LAW_LISTS] = {"edition", "lists"},
        [GW_LAW_MEASURES] = {"edition", "editions", "measures"},
        [GW_LAW_PURPOSES] = {"edition", "purposes"},
    };
    enum gw_status st = GW_OK;
    for (size_t i = 0; i < GW_LAW_FILES; i++) {
        size_t count = 0;
        if (i == GW_LAW_WORKDAYS)
            continue;
        while (keys[i][count] != NULL)
            count++;
        enum gw_status only = gw_config_node_only(root_of(l, i), keys[i], count, err);
        enum gw_status edition = check_edition(l, root_of(l, i), err);
        st = st != GW_OK ? st : only != GW_OK ? only : edition;
    }
    return st;
}

static enum gw_status compile_paths(const char *const *text, size_t count,
                                    struct gw_canon_path *ret)
{
    for (size_t i = 0; i < count; i++) {
        const char *why;
        GW_TRY(gw_canon_path_compile(text[i], &ret[i], &why));
    }
    return GW_OK;
}

static enum gw_status compile(struct gw_law *l, struct gw_buf *err)
{
    static const char *const basis[] = {"penalty.basis", "penalty.violation_basis"};
    static const char *const words[] = {"penalty.case_name", "penalty.violation_kind",
                                        "penalty.basis", "penalty.violation_basis"};
    _Static_assert(GW_ARRAY_LEN(basis) == GW_ARRAY_LEN(l->basis_path), "one path each");
    _Static_assert(GW_ARRAY_LEN(words) == GW_ARRAY_LEN(l->word_path), "one path each");

    GW_TRY(compile_paths(basis, GW_ARRAY_LEN(basis), l->basis_path));
    GW_TRY(compile_paths(words, GW_ARRAY_LEN(words), l->word_path));
    const struct gw_config_node *c = root_of(l, GW_LAW_CATALOGUE);
    const struct gw_config_node *clocks = root_of(l, GW_LAW_CLOCKS);
    enum gw_status st[] = {
        check_keys(l, err),
        gw_law_conf_rows(l, c, "rows", 1, sizeof(*l->entry), &l->entry, gw_law_conf_entry, err),
        gw_law_conf_rows(l, c, "no_basis", 1, sizeof(*l->refusal), &l->refusal, gw_law_conf_refusal,
                         err),
        gw_law_conf_rows(l, root_of(l, GW_LAW_PURPOSES), "purposes", 1, sizeof(*l->purpose),
                         &l->purpose, gw_law_conf_purpose, err),
        gw_law_conf_rows(l, root_of(l, GW_LAW_LISTS), "lists", 1, sizeof(*l->list), &l->list,
                         gw_law_conf_list, err),
        gw_law_conf_rows(l, root_of(l, GW_LAW_CLASSES), "classes", 1, sizeof(*l->class_rule),
                         &l->class_rule, gw_law_conf_class, err),
        gw_law_conf_rows(l, clocks, "regimes", 1, sizeof(*l->regime), &l->regime,
                         gw_law_conf_regime, err),
        gw_law_conf_rows(l, clocks, "deadlines", 1, sizeof(*l->deadline), &l->deadline,
                         gw_law_conf_deadline, err),
        gw_law_conf_workdays(l, err),
        gw_law_conf_measures(l, root_of(l, GW_LAW_MEASURES), err),
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(st); i++)
        GW_TRY(st[i]);
    gw_law_match_prepare(l);
    l->policy = gw_arena_printf(l->arena, "law@%s", l->edition);
    return l->policy != NULL ? GW_OK : GW_NOMEM;
}

void gw_law_conf_free(struct gw_law *l)
{
    for (size_t i = 0; i < GW_LAW_FILES; i++)
        gw_config_free(l->config[i]);
    gw_law_conf_agreements_free(l);
}

/* In the order of the names. */
enum gw_status gw_law_conf_digest(struct gw_law *l)
{
    gw_buf_reset(&l->digest_list);
    for (size_t i = 0; i < l->agreement_count; i++) {
        char name[GW_LAW_MAX_ID + 8];
        (void)snprintf(name, sizeof(name), "%s.conf", l->agreement[i].id);
        gw_crypto_digest_put(&l->digest_list, gw_config_text(l->agreement_config[i]), "agreements/",
                             name);
    }
    for (size_t i = 0; i < GW_LAW_FILES; i++)
        gw_crypto_digest_put(&l->digest_list,
                             i == GW_LAW_WORKDAYS ? l->workdays : gw_config_text(l->config[i]),
                             "law/", gw_law_file_name[i]);
    GW_TRY(gw_buf_failed(&l->digest_list));
    gw_crypto_sha256(gw_buf_view(&l->digest_list), GW_BYTES_NONE, GW_BYTES_NONE, &l->digest);
    return GW_OK;
}

static enum gw_status law_new(struct gw_law **ret)
{
    GW_CLEANUP(gw_law_freep) struct gw_law *l = calloc(1, sizeof(*l));
    if (l == NULL)
        return GW_NOMEM;
    gw_buf_init(&l->digest_list, 1 << 20);
    l->arena = gw_arena_new("law", ARENA_BUDGET);
    if (l->arena == NULL)
        return GW_NOMEM;
    *ret = gw_steal(&l);
    return GW_OK;
}

static enum gw_status take_workdays(struct gw_law *l, struct gw_bytes text)
{
    l->workdays = gw_arena_dup(l->arena, text);
    return gw_arena_failed(l->arena) ? GW_NOMEM : GW_OK;
}

enum gw_status gw_law_parse(const struct gw_bytes text[GW_LAW_FILES], struct gw_law **ret,
                            struct gw_buf *ret_error)
{
    GW_CLEANUP(gw_law_freep) struct gw_law *l = NULL;
    GW_TRY(law_new(&l));
    for (size_t i = 0; i < GW_LAW_FILES; i++) {
        if (i != GW_LAW_WORKDAYS)
            GW_TRY(gw_config_parse(text[i], gw_law_file_name[i], &l->config[i], ret_error));
    }
    GW_TRY(take_workdays(l, text[GW_LAW_WORKDAYS]));
    GW_TRY(compile(l, ret_error));
    GW_TRY(gw_law_conf_digest(l));
    *ret = gw_steal(&l);
    return GW_OK;
}

static enum gw_status load_workdays(struct gw_law *l, const char *dir, struct gw_buf *err)
{
    char path[4096];
    const char *name = gw_law_file_name[GW_LAW_WORKDAYS];
    struct gw_buf text;
    gw_buf_init(&text, MAX_WORKDAYS);
    enum gw_status st = gw_file_join(path, sizeof(path), dir, name);
    if (st == GW_OK)
        st = gw_file_read(path, &text);
    if (st == GW_OK)
        st = take_workdays(l, gw_buf_view(&text));
    else
        gw_buf_printf(err, "%s/%s: %s\n", dir, name, gw_status_text(st));
    gw_buf_fini(&text);
    return st;
}

enum gw_status gw_law_load(const char *dir, struct gw_law **ret, struct gw_buf *ret_error)
{
    GW_CLEANUP(gw_law_freep) struct gw_law *l = NULL;
    GW_TRY(law_new(&l));
    for (size_t i = 0; i < GW_LAW_FILES; i++) {
        if (i != GW_LAW_WORKDAYS)
            GW_TRY(gw_config_load_in(dir, gw_law_file_name[i], &l->config[i], ret_error));
    }
    GW_TRY(load_workdays(l, dir, ret_error));
    GW_TRY(compile(l, ret_error));
    GW_TRY(gw_law_conf_digest(l));
    *ret = gw_steal(&l);
    return GW_OK;
}
