/* Each row of measures.conf in each of its editions, against every list and every class of subject:
 * what it meets and what not. A row without a case in tests/data/law/measures.tsv fails. */
#include "law_test.h"

static struct gw_report report;
static struct law_cases cases, editions;
static const char *const class_names[] = {"organisation", "sole-trader", "person"};

static gw_record *entry(const struct gw_law_list *list, unsigned class, struct gw_date day)
{
    gw_record *r = gw_canon_record_new(arena);
    char name[128];
    const char *body = "市场监督管理局";
    for (size_t i = 0; i < law->list_count; i++) {
        if (&law->list[i].list != list)
            continue;
        const char *word = law->list[i].bodies.items[0];
        const char *star = strchr(word, '*');
        size_t head = star != NULL ? (size_t)(star - word) : strlen(word);
        (void)snprintf(name, sizeof(name), "%.*s%s", (int)head, word, star != NULL ? star + 1 : "");
        body = name;
    }
    r->kind = XINQIAO__V1__KIND__KIND_LIST_ENTRY;
    law_text(r, "list_entry.list", list->id);
    law_text(r, "list_entry.basis", "依据");
    law_text(r, "authority.name", body);
    if (class != 0)
        law_set(r, "subject.subject_class", (struct gw_canon_value){.num = class});
    law_date(r, "decided_on", day);
    return r;
}

static void ask(gw_record *r, const char *id)
{
    char **list = gw_arena_calloc(arena, 1, sizeof(*list));
    list[0] = gw_arena_strdup(arena, id);
    r->list_entry->measures = list;
    r->list_entry->n_measures = 1;
}

static bool imposable(gw_record *r, const char *id, struct gw_date day)
{
    const struct gw_law_measure *const *m;
    size_t n;
    bool found = false;
    assert_int_equal(gw_law_measures(law, r, law_wall(day), arena, &m, &n), GW_OK);
    for (size_t i = 0; i < n; i++)
        found = found || strcmp(m[i]->id, id) == 0;
    return found;
}

static char *const *case_of(const char *item)
{
    for (size_t i = 0; i < cases.count; i++) {
        if (strcmp(cases.row[i][0], item) == 0)
            return cases.row[i];
    }
    fail_msg("measures.tsv has no case for %s", item);
    return NULL;
}

static void expect(const struct gw_law_measure_row *m, gw_record *r, struct gw_date day,
                   const char *want)
{
    ask(r, m->measure.id);
    const char *got = law_says(r, day, &report);
    if (strcmp(got, want) != 0 || imposable(r, m->measure.id, day) != (want[0] == '\0'))
        fail_msg("%s on %s, class %d: \"%s\", expected \"%s\"", m->measure.id, r->list_entry->list,
                 r->subject != NULL ? (int)r->subject->subject_class : 0, got, want);
    if (want[0] != '\0')
        assert_string_equal(law_item(&report), m->measure.id);
}

static void one_list(const struct gw_law_measure_row *m, const struct gw_law_list *list,
                     struct gw_date day)
{
    char *const *c = case_of(m->item);
    bool list_meets = law_has(c[1], list->id);
    for (unsigned class = 0; class <= GW_ARRAY_LEN(class_names); class ++) {
        bool all = law_has(c[2], "person") && law_has(c[2], "organisation");
        bool class_meets = class == 0 ? all : law_has(c[2], class_names[class - 1]);
        bool meets = list_meets && class_meets;
        gw_record *r = entry(list, class, day);
        expect(m, r, day, meets ? "" : "law-measure-unlawful");
        r->list_entry->performance = XINQIAO__V1__PERFORMANCE__PERFORMANCE_PARTIAL;
        expect(m, r, day, meets ? "" : "law-measure-unlawful");
        /* INVARIANTS L13 */
        r->list_entry->performance = XINQIAO__V1__PERFORMANCE__PERFORMANCE_COMPLETE;
        expect(m, r, day,
               !meets                     ? "law-measure-unlawful"
               : strcmp(c[3], "yes") == 0 ? ""
                                          : "law-measure-performed");
    }
}

static bool in_force(const struct gw_law_measure *m, struct gw_date day)
{
    return gw_law_in_force((struct gw_law_term){m->from, m->until}, day);
}

/* INVARIANTS L14 */
static void test_every_row(void **state)
{
    (void)state;
    static const char *const kinds[] = {"", "derogates", "administrative", "other-body"};
    for (size_t i = 0; i < law->measure_count; i++) {
        const struct gw_law_measure_row *m = &law->measure[i];
        bool met = false;
        assert_string_equal(kinds[m->measure.kind], case_of(m->item)[4]);
        for (size_t k = 0; k < law->list_count; k++) {
            const struct gw_law_list *list = &law->list[k].list;
            struct gw_date day = m->measure.from;
            if (gw_date_cmp(list->from, day) > 0)
                day = list->from;
            if (!in_force(&m->measure, day) ||
                !gw_law_in_force((struct gw_law_term){list->from, list->until}, day))
                continue;
            one_list(m, list, day);
            met = met || law_has(case_of(m->item)[1], list->id);
        }
        assert_true(met);
        gw_arena_reset(arena);
    }
}

static void test_edition_days(void **state)
{
    (void)state;
    for (size_t i = 0; i < law->edition_of_measures_count; i++) {
        const struct gw_law_measure_edition *e = &law->edition_of_measures[i];
        char *const *c = NULL;
        for (size_t k = 0; k < editions.count; k++)
            c = strcmp(editions.row[k][0], e->id) == 0 ? editions.row[k] : c;
        if (c == NULL)
            fail_msg("editions.tsv has no case for %s", e->id);
        bool open = strcmp(c[2], "-") == 0;
        assert_int_equal(gw_date_cmp(e->term.from, law_day(c[1])), 0);
        assert_int_equal(gw_date_is_none(e->term.until), open);
        if (!open)
            assert_int_equal(gw_date_cmp(e->term.until, law_day(c[2])), 0);
    }
}

/* The edition in force on the day, to its last microsecond. */
static void test_editions_by_date(void **state)
{
    (void)state;
    for (size_t i = 0; i < law->measure_count; i++) {
        const struct gw_law_measure_row *m = &law->measure[i];
        char *const *c = case_of(m->item);
        char first[64];
        (void)snprintf(first, sizeof(first), "%.*s", (int)strcspn(c[1], ","), c[1]);
        unsigned class = 1;
        while (!law_has(c[2], class_names[class - 1]))
            class ++;
        struct gw_date edge[] = {law_days_after(m->measure.from, -1), m->measure.from,
                                 m->measure.until, law_days_after(m->measure.until, 1)};
        size_t count = gw_date_is_none(m->measure.until) ? 2 : 4;
        for (size_t k = 0; k < count; k++) {
            const struct gw_law_list *list =
                gw_law_list_find(law, gw_bytes_str(first), law_wall(edge[k]));
            if (list == NULL || gw_date_cmp(edge[k], (struct gw_date){2021, 12, 16}) < 0)
                continue; /* no list, no entry of the catalogue: nothing at all */
            gw_record *r = entry(list, class, edge[k]);
            expect(m, r, edge[k], in_force(&m->measure, edge[k]) ? "" : "law-measure-unlawful");
        }
    }
}

/* INVARIANTS L8 */
static void test_what_the_tables_do_not_have(void **state)
{
    (void)state;
    static const struct {
        const char *id, *code;
    } row[] = {
        {"national-measures-2026.exit", "law-edition-unknown"},
        {"national-measures-2031.x", "law-edition-unknown"},
        {"national-measures-10000.exit", "law-edition-unknown"},
        {"shaoxing-measures-2.x", "law-edition-unknown"},
        {"national-measures-2025.no-such", "law-measure-unlawful"},
        {"national-measures-2023.exit", "law-measure-unlawful"},
        {"national-measures-2020.exit", "law-measure-unlawful"},
        {"national-measures-.exit", "law-measure-unlawful"},
        {"other-measures-2031.exit", "law-measure-unlawful"},
        {"2031.exit", "law-measure-unlawful"},
        {"exit", "law-measure-unlawful"},
        {"", "law-measure-unlawful"},
    };
    struct gw_date day = {2026, 10, 1};
    const struct gw_law_list *list =
        gw_law_list_find(law, GW_BYTES_LIT("court-defaulter"), law_wall(day));
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        gw_record *r = entry(list, 1, day);
        ask(r, row[i].id);
        if (strcmp(law_says(r, day, &report), row[i].code) != 0)
            fail_msg("%s: %s", row[i].id, law_says(r, day, &report));
        /* What the sender wrote is in no answer. */
        assert_string_equal(law_item(&report), "measures");
    }
}

/* Nothing follows from an entry that has ended or can not be dated, nor from good faith. */
static void test_nothing_follows(void **state)
{
    (void)state;
    struct gw_date day = {2026, 10, 1}, past = {2026, 9, 30};
    const struct gw_law_measure *const *m;
    size_t n;
    for (size_t i = 0; i < law->list_count; i++) {
        const struct gw_law_list *list = &law->list[i].list;
        if (gw_law_list_find(law, gw_bytes_str(list->id), law_wall(day)) != list)
            continue;
        gw_record *r = entry(list, 1, day);
        assert_int_equal(gw_law_measures(law, r, law_wall(day), arena, &m, &n), GW_OK);
        bool some = list->colour == GW_LAW_BLACK && strcmp(list->id, "military-refusal") != 0;
        assert_true(some ? n > 2 : n == 0 || list->colour == GW_LAW_BLACK);
        law_date(r, "list_entry.ends_on", past);
        assert_int_equal(gw_law_measures(law, r, law_wall(day), arena, &m, &n), GW_OK);
        assert_int_equal(n, 0);
        r = entry(list, 1, day);
        law_date(r, "list_entry.removed_on", past);
        assert_int_equal(gw_law_measures(law, r, law_wall(day), arena, &m, &n), GW_OK);
        assert_int_equal(n, 0);
        r = entry(list, 1, day);
        r->status = XINQIAO__V1__RECORD_STATUS__RECORD_STATUS_WITHDRAWN;
        assert_int_equal(gw_law_measures(law, r, law_wall(day), arena, &m, &n), GW_OK);
        assert_int_equal(n, 0);
    }
    gw_record *r = law_penalty(XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_PERSON);
    assert_int_equal(gw_law_measures(law, r, law_wall(day), arena, &m, &n), GW_OK);
    assert_int_equal(n, 0);
}

static int setup(void **state)
{
    int st = law_group_setup(state);
    if (st != 0)
        return st;
    law_cases_load("measures.tsv", &cases);
    law_cases_load("editions.tsv", &editions);
    return 0;
}

static int teardown(void **state)
{
    gw_buf_fini(&cases.text);
    gw_buf_fini(&editions.text);
    return law_group_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row),        cmocka_unit_test(test_edition_days),
        cmocka_unit_test(test_editions_by_date), cmocka_unit_test(test_what_the_tables_do_not_have),
        cmocka_unit_test(test_nothing_follows),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
