/* Reads lists.conf and measures.conf: which lists there are and who keeps them, which measures may
 * follow and by which edition. */
#include "config/config.h"
#include "law/law_conf_internal.h"

enum { MAX_PATHS = 8, MAX_BODIES = 50, MAX_LISTS = 64, MAX_EDITIONS = 32 };

static const struct gw_config_choice colours[] = {
    {"black", GW_LAW_BLACK}, {"red", GW_LAW_RED}, {NULL, 0}};

struct list_text {
    struct gw_law_list list;
    const char *from, *until, *mark;
    int colour;
    struct gw_config_strings bodies, basis_fields;
};

#define ROW(field, name, type, def, min, max, doc)                                                 \
    GW_CONFIG_OPTION(struct list_text, field, name, type, def, min, max, true, doc)
static const struct gw_config_option list_options[] = {
    ROW(list.id, "id", GW_CONFIG_STRING, NULL, 1, 64, "What calls, grants and the log name."),
    ROW(list.title_zh, "title_zh", GW_CONFIG_STRING, NULL, 1, 200, "Title for people, Chinese."),
    ROW(list.title_en, "title_en", GW_CONFIG_STRING, NULL, 1, 200, "Title for people, English."),
    ROW(list.basis, "basis", GW_CONFIG_STRING, NULL, 1, 300, "Statute or document that allows it."),
    ROW(list.source, "source", GW_CONFIG_STRING, NULL, 1, 500, "Where the row is taken from."),
    ROW(list.edition, "edition", GW_CONFIG_STRING, NULL, 1, 64, "Edition of that document."),
    ROW(list.public_, "public", GW_CONFIG_BOOL, NULL, 0, 0, "Published; persons appear masked."),
    ROW(list.max_age_days, "max_age_days", GW_CONFIG_INT, NULL, 0, 3660,
        "Stale without a new version after so many days; 0: never."),
    ROW(list.default_months, "default_months", GW_CONFIG_INT, NULL, 0, GW_LAW_MAX_MONTHS,
        "An entry without an end of its own ends then; 0: it does not."),
    ROW(list.max_months, "max_months", GW_CONFIG_INT, NULL, 0, GW_LAW_MAX_MONTHS,
        "No entry ends later; 0: not said."),
    ROW(from, "from", GW_CONFIG_STRING, NULL, 10, 10, "First day in force, YYYY-MM-DD."),
    ROW(until, "until", GW_CONFIG_STRING, "", 0, 10, "Last day in force; empty: open."),
    ROW(mark, "mark", GW_CONFIG_STRING, NULL, 1, 1,
        "S seen in the source, R recalled, I inferred."),
    GW_CONFIG_OPTION_ENUM(struct list_text, colour, "colour", colours, NULL, true,
                          "black: serious breach; red: good faith."),
    ROW(bodies, "bodies", GW_CONFIG_STRINGS, NULL, 1, MAX_BODIES, "Who may publish to it."),
    ROW(basis_fields, "basis_fields", GW_CONFIG_STRINGS, "list_entry.basis", 1, MAX_PATHS,
        "One of them must say by what the entry stands."),
};
#undef ROW

static enum gw_status check_list(const struct gw_law *l, const struct list_text *t,
                                 const struct gw_config_node *n, struct gw_buf *err)
{
    GW_TRY(gw_law_conf_code(n, "id", t->list.id, err));
    GW_TRY(gw_law_conf_mark(n, t->mark, err));
    GW_TRY(gw_law_conf_bodies(n, "bodies", &t->bodies, err));
    if (t->list.max_months != 0 &&
        (t->list.default_months == 0 || t->list.default_months > t->list.max_months)) {
        gw_config_node_complain(n, err, "default_months: seen %u, expected 1 to max_months (%u)",
                                (unsigned)t->list.default_months, (unsigned)t->list.max_months);
        return GW_INVALID;
    }
    for (size_t i = 0; i < l->list_count; i++) {
        const struct gw_law_list *other = &l->list[i].list;
        if (strcmp(other->id, t->list.id) == 0 &&
            gw_law_conf_overlap((struct gw_law_term){other->from, other->until},
                                (struct gw_law_term){t->list.from, t->list.until})) {
            gw_config_node_complain(n, err, "id: \"%s\" is in force twice on the same days",
                                    t->list.id);
            return GW_INVALID;
        }
    }
    return GW_OK;
}

/* Text fields of the record. */
static enum gw_status compile_fields(struct gw_law *l, const struct gw_config_node *n,
                                     const struct gw_config_strings *fields,
                                     struct gw_law_list_row *row, struct gw_buf *err)
{
    struct gw_canon_path *path = gw_arena_calloc(l->arena, fields->count, sizeof(*path));
    if (path == NULL)
        return GW_NOMEM;
    for (size_t i = 0; i < fields->count; i++) {
        const char *why = "";
        if (gw_canon_path_compile(fields->items[i], &path[i], &why) != GW_OK ||
            path[i].type != GW_CANON_TEXT) {
            gw_config_node_complain(
                n, err, "basis_fields: seen \"%s\", expected a text field of the record",
                fields->items[i]);
            return GW_INVALID;
        }
    }
    row->basis = path;
    row->basis_count = fields->count;
    return GW_OK;
}

enum gw_status gw_law_conf_list(struct gw_law *l, const struct gw_config_node *n,
                                struct gw_buf *err)
{
    struct list_text t;
    struct gw_law_term term;
    GW_TRY(gw_config_node_fill(n, list_options, GW_ARRAY_LEN(list_options), &t, err));
    GW_TRY(gw_law_conf_term(n, t.from, t.until, &term, err));
    t.list.from = term.from;
    t.list.until = term.until;
    t.list.colour = (enum gw_law_colour)t.colour;
    GW_TRY(check_list(l, &t, n, err));
    struct gw_law_list_row row = {.list = t.list, .bodies = gw_law_conf_strings_of(&t.bodies)};
    GW_TRY(compile_fields(l, n, &t.basis_fields, &row, err));
    l->list[l->list_count++] = row;
    return GW_OK;
}

/* ---- measures ---- */

struct edition_text {
    const char *id, *source, *from, *until, *mark;
};

#define ROW(field, def, min, max, doc)                                                             \
    GW_CONFIG_OPTION(struct edition_text, field, #field, GW_CONFIG_STRING, def, min, max, true, doc)
static const struct gw_config_option edition_options[] = {
    ROW(id, NULL, 1, 48, "Stands before the item in the id of a measure."),
    ROW(source, NULL, 1, 500, "The document."),
    ROW(from, NULL, 10, 10, "First day in force, YYYY-MM-DD."),
    ROW(until, "", 0, 10, "Last day in force; empty: open."),
    ROW(mark, NULL, 1, 1, "S seen in the source, R recalled, I inferred."),
};
#undef ROW

static const struct gw_config_choice kinds[] = {
    {"derogates", GW_LAW_DEROGATES},
    {"administrative", GW_LAW_ADMINISTRATIVE},
    {"other-body", GW_LAW_OTHER_BODY},
    {NULL, 0},
};

struct measure_text {
    const char *item, *content_zh, *targets_zh, *basis, *agency, *mark;
    int kind;
    bool neutral;
    struct gw_config_strings editions, lists, classes;
};

#define ROW(field, type, def, min, max, doc)                                                       \
    GW_CONFIG_OPTION(struct measure_text, field, #field, type, def, min, max, true, doc)
static const struct gw_config_option measure_options[] = {
    ROW(item, GW_CONFIG_STRING, NULL, 1, 48, "The id is <edition>.<item>."),
    ROW(content_zh, GW_CONFIG_STRING, NULL, 1, 500, "Content of the measure."),
    ROW(targets_zh, GW_CONFIG_STRING, NULL, 1, 500, "Whom it may meet, in words."),
    ROW(basis, GW_CONFIG_STRING, NULL, 1, 500, "Statute or document behind it."),
    ROW(agency, GW_CONFIG_STRING, NULL, 1, 200, "Who carries it out."),
    GW_CONFIG_OPTION_ENUM(struct measure_text, kind, "kind", kinds, NULL, true,
                          "Derogates rights, is administrative, or of a body that is no agency."),
    ROW(neutral, GW_CONFIG_BOOL, "false", 0, 0, "May follow what was performed."),
    ROW(editions, GW_CONFIG_STRINGS, NULL, 1, MAX_EDITIONS, "Editions that have it."),
    ROW(lists, GW_CONFIG_STRINGS, NULL, 1, MAX_LISTS, "Lists whose subjects it may meet."),
    ROW(classes, GW_CONFIG_STRINGS, "", 0, 3, "Classes of subject; none: all."),
    ROW(mark, GW_CONFIG_STRING, NULL, 1, 1, "S seen in the source, R recalled, I inferred."),
};
#undef ROW

static const struct gw_law_measure_edition *edition_find(const struct gw_law *l, const char *id)
{
    for (size_t i = 0; i < l->edition_of_measures_count; i++) {
        if (strcmp(l->edition_of_measures[i].id, id) == 0)
            return &l->edition_of_measures[i];
    }
    return NULL;
}

static enum gw_status compile_edition(struct gw_law *l, const struct gw_config_node *n,
                                      struct gw_buf *err)
{
    struct edition_text t;
    struct gw_law_term term;
    GW_TRY(gw_config_node_fill(n, edition_options, GW_ARRAY_LEN(edition_options), &t, err));
    GW_TRY(gw_law_conf_code(n, "id", t.id, err));
    GW_TRY(gw_law_conf_mark(n, t.mark, err));
    GW_TRY(gw_law_conf_term(n, t.from, t.until, &term, err));
    if (strchr(t.id, '.') != NULL) {
        gw_config_node_complain(n, err, "id: seen \"%s\", expected no \".\"", t.id);
        return GW_INVALID;
    }
    if (edition_find(l, t.id) != NULL)
        return gw_law_conf_second_time(n, "id", t.id, err);
    l->edition_of_measures[l->edition_of_measures_count++] =
        (struct gw_law_measure_edition){t.id, t.source, term};
    return GW_OK;
}

/* Measures are imposed on those that are on a list of serious breach. */
static enum gw_status check_lists(const struct gw_law *l, const struct measure_text *t,
                                  const struct gw_config_node *n, struct gw_buf *err)
{
    for (size_t i = 0; i < t->lists.count; i++) {
        bool known = false;
        for (size_t k = 0; k < l->list_count; k++) {
            const struct gw_law_list *list = &l->list[k].list;
            known =
                known || (strcmp(list->id, t->lists.items[i]) == 0 && list->colour == GW_LAW_BLACK);
        }
        if (!known) {
            gw_config_node_complain(n, err, "lists: seen \"%s\", expected a black list of %s",
                                    t->lists.items[i], gw_law_file_name[GW_LAW_LISTS]);
            return GW_INVALID;
        }
    }
    return GW_OK;
}

static enum gw_status add_measure(struct gw_law *l, const struct measure_text *t, uint32_t classes,
                                  const char *edition, const struct gw_config_node *n,
                                  struct gw_buf *err)
{
    const struct gw_law_measure_edition *e = edition_find(l, edition);
    if (e == NULL) {
        gw_config_node_complain(n, err, "editions: seen \"%s\", expected an id of `editions`",
                                edition);
        return GW_INVALID;
    }
    const char *id = gw_arena_printf(l->arena, "%s.%s", e->id, t->item);
    if (id == NULL)
        return GW_NOMEM;
    for (size_t i = 0; i < l->measure_count; i++) {
        if (strcmp(l->measure[i].measure.id, id) == 0)
            return gw_law_conf_second_time(n, "item", id, err);
    }
    l->measure[l->measure_count++] = (struct gw_law_measure_row){
        .measure = {.id = id,
                    .content_zh = t->content_zh,
                    .basis = t->basis,
                    .agency = t->agency,
                    .source = e->source,
                    .edition = e->id,
                    .kind = (enum gw_law_measure_kind)t->kind,
                    .neutral = t->neutral,
                    .from = e->term.from,
                    .until = e->term.until},
        .item = t->item,
        .targets_zh = t->targets_zh,
        .lists = gw_law_conf_strings_of(&t->lists),
        .classes = classes,
    };
    return GW_OK;
}

static enum gw_status compile_measure(struct gw_law *l, const struct gw_config_node *n,
                                      struct gw_buf *err)
{
    struct measure_text t;
    uint32_t mask = 0;
    GW_TRY(gw_config_node_fill(n, measure_options, GW_ARRAY_LEN(measure_options), &t, err));
    GW_TRY(gw_law_conf_code(n, "item", t.item, err));
    GW_TRY(gw_law_conf_mark(n, t.mark, err));
    GW_TRY(gw_config_choices_mask(n, "classes", &t.classes, gw_law_conf_classes(), &mask, err));
    GW_TRY(check_lists(l, &t, n, err));
    if (strchr(t.item, '.') != NULL) {
        gw_config_node_complain(n, err, "item: seen \"%s\", expected no \".\"", t.item);
        return GW_INVALID;
    }
    for (size_t i = 0; i < t.editions.count; i++)
        GW_TRY(add_measure(l, &t, mask != 0 ? mask : UINT32_MAX, t.editions.items[i], n, err));
    return GW_OK;
}

enum gw_status gw_law_conf_measures(struct gw_law *l, const struct gw_config_node *root,
                                    struct gw_buf *err)
{
    GW_TRY(gw_law_conf_rows(l, root, "editions", 1, sizeof(*l->edition_of_measures),
                            &l->edition_of_measures, compile_edition, err));
    /* A row stands for as many as it has editions. */
    const struct gw_config_node *list = gw_config_node_child(root, "measures");
    size_t rows = 0;
    for (size_t i = 0; i < gw_config_node_count(list); i++)
        rows += gw_config_node_count(gw_config_node_child(gw_config_node_at(list, i), "editions"));
    if (rows > GW_LAW_MAX_ROWS) {
        gw_config_node_complain(root, err, "measures: seen %zu rows and editions, at most %d", rows,
                                GW_LAW_MAX_ROWS);
        return GW_INVALID;
    }
    void *unused = NULL;
    l->measure = gw_arena_calloc(l->arena, rows + 1, sizeof(*l->measure));
    if (l->measure == NULL)
        return GW_NOMEM;
    return gw_law_conf_rows(l, root, "measures", 1, 1, &unused, compile_measure, err);
}
