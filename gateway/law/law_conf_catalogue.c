/* Reads catalogue.conf and purposes.conf: what may be collected, what may not, and what a call may
 * be for. */
#include "config/config.h"
#include "law/law_conf_internal.h"

enum { MAX_PATHS = 8, MAX_KEEP_MONTHS = 1200 };

/* Columns of a catalogue row as they are written. */
struct row_text {
    const char *id, *kind, *item, *class, *title_zh, *title_en, *source, *edition, *from, *until,
        *use, *mark;
    uint32_t keep_months;
    bool share_public;
};

#define ROW(field, type, def, min, max, doc)                                                       \
    GW_CONFIG_OPTION(struct row_text, field, #field, type, def, min, max, true, doc)
static const struct gw_config_option row_options[] = {
    ROW(id, GW_CONFIG_STRING, NULL, 1, GW_LAW_MAX_ID, "What the log's legal_basis says."),
    ROW(kind, GW_CONFIG_STRING, NULL, 1, 32, "Record kind."),
    ROW(item, GW_CONFIG_STRING, NULL, 1, 200, "The item as the catalogue names it."),
    ROW(class, GW_CONFIG_STRING, NULL, 1, 32, "basic, honest, adverse or other."),
    ROW(title_zh, GW_CONFIG_STRING, NULL, 1, 200, "Title for people, Chinese."),
    ROW(title_en, GW_CONFIG_STRING, NULL, 1, 200, "Title for people, English."),
    ROW(source, GW_CONFIG_STRING, NULL, 1, 500, "Statute or document with article."),
    ROW(edition, GW_CONFIG_STRING, NULL, 1, 64, "Edition of that document."),
    ROW(from, GW_CONFIG_STRING, NULL, 10, 10, "First day in force, YYYY-MM-DD."),
    ROW(until, GW_CONFIG_STRING, "", 0, 10, "Last day in force; empty: open."),
    ROW(use, GW_CONFIG_STRING, NULL, 1, 200, "What the item may be used for."),
    ROW(keep_months, GW_CONFIG_INT, NULL, 0, MAX_KEEP_MONTHS, "Retention; 0: until its own end."),
    ROW(share_public, GW_CONFIG_BOOL, NULL, 0, 0, "Shared openly, else by agreement."),
    ROW(mark, GW_CONFIG_STRING, NULL, 1, 1, "S seen in the source, R recalled, I inferred."),
};
#undef ROW

struct purpose_text {
    const char *code, *title_zh, *title_en, *source, *mark;
    bool basic_service, in_force;
};

#define ROW(field, type, def, min, max, doc)                                                       \
    GW_CONFIG_OPTION(struct purpose_text, field, #field, type, def, min, max, true, doc)
static const struct gw_config_option purpose_options[] = {
    ROW(code, GW_CONFIG_STRING, NULL, 1, 64, "What calls and grants name."),
    ROW(title_zh, GW_CONFIG_STRING, NULL, 1, 200, "Title for people, Chinese."),
    ROW(title_en, GW_CONFIG_STRING, NULL, 1, 200, "Title for people, English."),
    ROW(source, GW_CONFIG_STRING, NULL, 1, 500, "Statute or document with article."),
    ROW(basic_service, GW_CONFIG_BOOL, NULL, 0, 0, "Denies, prices or ranks a basic service."),
    ROW(in_force, GW_CONFIG_BOOL, "true", 0, 0, "False: known, not to be used any more."),
    ROW(mark, GW_CONFIG_STRING, NULL, 1, 1, "S seen in the source, R recalled, I inferred."),
};
#undef ROW

struct refusal_text {
    const char *id, *title_zh, *title_en, *source, *missing, *mark;
    struct gw_config_strings kinds, paths;
    const struct gw_config_node *groups;
};

#define ROW(field, type, def, min, max, doc)                                                       \
    GW_CONFIG_OPTION(struct refusal_text, field, #field, type, def, min, max, true, doc)
static const struct gw_config_option refusal_options[] = {
    ROW(id, GW_CONFIG_STRING, NULL, 1, GW_LAW_MAX_ID, "What the refusal names as {item}."),
    ROW(title_zh, GW_CONFIG_STRING, NULL, 1, 200, "The item, Chinese."),
    ROW(title_en, GW_CONFIG_STRING, NULL, 1, 200, "The item, English."),
    ROW(source, GW_CONFIG_STRING, NULL, 1, 500, "Document that demands a basis."),
    ROW(missing, GW_CONFIG_STRING, NULL, 1, 200, "The basis that is missing: {basis}."),
    ROW(mark, GW_CONFIG_STRING, NULL, 1, 1, "S seen in the source, R recalled, I inferred."),
    ROW(kinds, GW_CONFIG_STRINGS, NULL, 1, 16, "Record kinds that are looked at."),
    ROW(paths, GW_CONFIG_STRINGS, NULL, 1, MAX_PATHS, "Text fields that are looked at."),
    ROW(groups, GW_CONFIG_NODE, NULL, 0, 0, "Ways to recognise the item."),
};
#undef ROW

struct group_text {
    struct gw_config_strings classes, any, unless, unless_basis;
};

#define ROW(field, def, min, max, doc)                                                             \
    GW_CONFIG_OPTION(struct group_text, field, #field, GW_CONFIG_STRINGS, def, min, max, true, doc)
static const struct gw_config_option group_options[] = {
    ROW(classes, "", 0, 3, "Subject classes; none: all."),
    ROW(any, NULL, 1, 200, "Words one of which must occur."),
    ROW(unless, "", 0, 200, "Words none of which may occur."),
    ROW(unless_basis, "", 0, 50, "Statutes that make it lawful when cited."),
};
#undef ROW

/* ---- catalogue rows ---- */

static struct gw_law_term term_of(const struct gw_law_row *row)
{
    return (struct gw_law_term){row->from, row->until};
}

/* Two rows of a kind in force on one day: which one a record names would be chance. */
static enum gw_status check_entry_unique(const struct gw_law *l, const struct gw_law_entry *e,
                                         const struct gw_config_node *n, struct gw_buf *err)
{
    for (size_t i = 0; i < l->entry_count; i++) {
        const struct gw_law_entry *other = &l->entry[i];
        if (strcmp(other->row.id, e->row.id) == 0)
            return gw_law_conf_second_time(n, "id", e->row.id, err);
        if (other->kind == e->kind && gw_law_conf_overlap(term_of(&other->row), term_of(&e->row))) {
            gw_config_node_complain(n, err, "\"%s\" and \"%s\" are in force on the same days",
                                    other->row.id, e->row.id);
            return GW_INVALID;
        }
    }
    return GW_OK;
}

enum gw_status gw_law_conf_entry(struct gw_law *l, const struct gw_config_node *n,
                                 struct gw_buf *err)
{
    static const char *const classes[] = {"basic", "honest", "adverse", "other"};
    struct row_text t;
    GW_TRY(gw_config_node_fill(n, row_options, GW_ARRAY_LEN(row_options), &t, err));
    struct gw_law_entry e = {
        .row = {.id = t.id,
                .kind = t.kind,
                .source = t.source,
                .title_zh = t.title_zh,
                .title_en = t.title_en,
                .keep_months = t.keep_months,
                .share_public = t.share_public},
        .edition = t.edition,
        .item = t.item,
        .class = t.class,
        .use = t.use,
        .kind = gw_canon_kind_of(t.kind),
    };
    GW_TRY(gw_law_conf_code(n, "id", t.id, err));
    GW_TRY(gw_law_conf_kind(n, "kind", t.kind, err));
    GW_TRY(gw_law_conf_choice(n, "class", t.class, classes, GW_ARRAY_LEN(classes), err));
    GW_TRY(gw_law_conf_mark(n, t.mark, err));
    struct gw_law_term term;
    GW_TRY(gw_law_conf_term(n, t.from, t.until, &term, err));
    e.row.from = term.from;
    e.row.until = term.until;
    GW_TRY(check_entry_unique(l, &e, n, err));
    l->entry[l->entry_count++] = e;
    return GW_OK;
}

/* ---- items without a basis ---- */

static enum gw_status compile_group(const struct gw_config_node *n, struct gw_law_group *ret,
                                    struct gw_buf *err)
{
    struct group_text t;
    GW_TRY(gw_config_node_fill(n, group_options, GW_ARRAY_LEN(group_options), &t, err));
    GW_TRY(gw_config_choices_mask(n, "classes", &t.classes, gw_law_conf_classes(), &ret->classes,
                                  err));
    if (t.classes.count == 0)
        ret->classes = UINT32_MAX;
    GW_TRY(gw_law_conf_words(n, "any", &t.any, err));
    GW_TRY(gw_law_conf_words(n, "unless", &t.unless, err));
    GW_TRY(gw_law_conf_words(n, "unless_basis", &t.unless_basis, err));
    ret->any = gw_law_conf_strings_of(&t.any);
    ret->unless = gw_law_conf_strings_of(&t.unless);
    ret->unless_basis = gw_law_conf_strings_of(&t.unless_basis);
    return GW_OK;
}

static enum gw_status compile_groups(struct gw_law *l, const struct gw_config_node *list,
                                     struct gw_law_refusal *f, struct gw_buf *err)
{
    f->group_count = gw_config_node_count(list);
    if (gw_config_node_kind(list) != GW_CONFIG_KIND_LIST || f->group_count == 0) {
        gw_config_node_complain(list, err, "seen %s, expected a list of at least one group",
                                gw_config_node_kind_text(list));
        return GW_INVALID;
    }
    struct gw_law_group *group = gw_arena_calloc(l->arena, f->group_count, sizeof(*group));
    if (group == NULL)
        return GW_NOMEM;
    for (size_t i = 0; i < f->group_count; i++)
        GW_TRY(compile_group(gw_config_node_at(list, i), &group[i], err));
    f->group = group;
    return GW_OK;
}

static enum gw_status compile_paths(struct gw_law *l, const struct gw_config_node *n,
                                    const struct gw_config_strings *paths, struct gw_law_refusal *f,
                                    struct gw_buf *err)
{
    struct gw_canon_path *path = gw_arena_calloc(l->arena, paths->count, sizeof(*path));
    if (path == NULL)
        return GW_NOMEM;
    for (size_t i = 0; i < paths->count; i++) {
        const char *why = "";
        enum gw_status st = gw_canon_path_compile(paths->items[i], &path[i], &why);
        if (st != GW_OK || path[i].type != GW_CANON_TEXT) {
            gw_config_node_complain(
                n, err, "paths: seen \"%s\", expected a text field of the record", paths->items[i]);
            return GW_INVALID;
        }
    }
    f->path = path;
    f->path_count = paths->count;
    return GW_OK;
}

enum gw_status gw_law_conf_refusal(struct gw_law *l, const struct gw_config_node *n,
                                   struct gw_buf *err)
{
    struct refusal_text t;
    GW_TRY(gw_config_node_fill(n, refusal_options, GW_ARRAY_LEN(refusal_options), &t, err));
    struct gw_law_refusal f = {.id = t.id,
                               .title_zh = t.title_zh,
                               .title_en = t.title_en,
                               .source = t.source,
                               .missing = t.missing};
    GW_TRY(gw_law_conf_code(n, "id", t.id, err));
    GW_TRY(gw_law_conf_mark(n, t.mark, err));
    for (size_t i = 0; i < l->refusal_count; i++) {
        if (strcmp(l->refusal[i].id, t.id) == 0)
            return gw_law_conf_second_time(n, "id", t.id, err);
    }
    for (size_t i = 0; i < t.kinds.count; i++) {
        GW_TRY(gw_law_conf_kind(n, "kinds", t.kinds.items[i], err));
        f.kinds |= 1u << (unsigned)gw_canon_kind_of(t.kinds.items[i]);
    }
    GW_TRY(compile_paths(l, n, &t.paths, &f, err));
    GW_TRY(compile_groups(l, t.groups, &f, err));
    l->refusal[l->refusal_count++] = f;
    return GW_OK;
}

/* ---- purposes ---- */

enum gw_status gw_law_conf_purpose(struct gw_law *l, const struct gw_config_node *n,
                                   struct gw_buf *err)
{
    struct purpose_text t;
    GW_TRY(gw_config_node_fill(n, purpose_options, GW_ARRAY_LEN(purpose_options), &t, err));
    GW_TRY(gw_law_conf_code(n, "code", t.code, err));
    GW_TRY(gw_law_conf_mark(n, t.mark, err));
    for (size_t i = 0; i < l->purpose_count; i++) {
        if (strcmp(l->purpose[i].purpose.code, t.code) == 0)
            return gw_law_conf_second_time(n, "code", t.code, err);
    }
    l->purpose[l->purpose_count++] = (struct gw_law_purpose_row){
        .purpose = {.code = t.code,
                    .title_zh = t.title_zh,
                    .title_en = t.title_en,
                    .source = t.source,
                    .basic_service = t.basic_service},
        .in_force = t.in_force,
    };
    return GW_OK;
}
