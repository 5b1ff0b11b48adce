/* Each row of lists.conf: who may publish to it, by what, until when. A row without a case in
 * tests/data/law/lists.tsv fails. */
#include <stdlib.h>

#include "law_test.h"

static struct gw_report report;
static struct law_cases cases;

static gw_record *entry(const char *list, const char *body, struct gw_date day)
{
    gw_record *r = gw_canon_record_new(arena);
    r->kind = XINQIAO__V1__KIND__KIND_LIST_ENTRY;
    law_text(r, "list_entry.list", list);
    law_text(r, "list_entry.basis", "依据");
    law_text(r, "authority.name", body);
    law_set(r, "subject.subject_class",
            (struct gw_canon_value){.num = XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_ORGANISATION});
    law_date(r, "decided_on", day);
    return r;
}

/* Columns of lists.tsv. */
enum { LIST, FROM, UNTIL, DEFAULT, MAX, BASIS, OTHER, BODIES };

static char *const *case_of(const struct gw_law_list *list)
{
    for (size_t i = 0; i < cases.count; i++) {
        char *const *c = cases.row[i];
        if (strcmp(c[LIST], list->id) == 0 && gw_date_cmp(law_day(c[FROM]), list->from) == 0)
            return c;
    }
    fail_msg("lists.tsv has no case for %s", list->id);
    return NULL;
}

/* The i-th of "a,b,c"; false behind the last. */
static bool word_at(const char *list, size_t i, char ret[128])
{
    while (i-- != 0) {
        list = strchr(list, ',');
        if (list == NULL)
            return false;
        list++;
    }
    (void)snprintf(ret, 128, "%.*s", (int)strcspn(list, ","), list);
    return true;
}

/* The case's first body. */
static const char *body_of(const struct gw_law_list *list)
{
    static char name[128];
    assert_true(word_at(case_of(list)[BODIES], 0, name));
    return name;
}

/* The catalogue knows entries from then on. */
static struct gw_date first_day(const struct gw_law_list *list)
{
    struct gw_date catalogue = {2021, 12, 16};
    return gw_date_cmp(list->from, catalogue) > 0 ? list->from : catalogue;
}

static void must(const char *want, gw_record *r, struct gw_date day, const struct gw_law_list *list)
{
    const char *got = law_says(r, day, &report);
    if (strcmp(got, want) != 0)
        fail_msg("%s: %s, expected \"%s\"", list->id, got, want);
    if (want[0] != '\0')
        assert_string_equal(law_item(&report), list->id);
}

/* Every number and word of the row, as the case states it. */
static void test_columns(void **state)
{
    (void)state;
    for (size_t i = 0; i < law->list_count; i++) {
        const struct gw_law_list_row *row = &law->list[i];
        char *const *c = case_of(&row->list);
        char word[128];
        bool open = strcmp(c[UNTIL], "-") == 0;
        assert_int_equal(gw_date_is_none(row->list.until), open);
        if (!open)
            assert_int_equal(gw_date_cmp(row->list.until, law_day(c[UNTIL])), 0);
        assert_int_equal(row->list.default_months, atoi(c[DEFAULT]));
        assert_int_equal(row->list.max_months, atoi(c[MAX]));
        for (size_t k = 0; k < row->basis_count; k++)
            assert_true(law_has(c[BASIS], row->basis[k].text));
        assert_false(word_at(c[BASIS], row->basis_count, word));
    }
}

/* INVARIANTS L10 */
static void test_bodies(void **state)
{
    (void)state;
    for (size_t i = 0; i < law->list_count; i++) {
        const struct gw_law_list *list = &law->list[i].list;
        struct gw_date day = first_day(list);
        char *const *c = case_of(list);
        char body[128], name[256];
        for (size_t k = 0; word_at(c[BODIES], k, body); k++) {
            must("", entry(list->id, body, day), day, list);
            /* A name that begins like the body's, or has it inside. */
            (void)snprintf(name, sizeof(name), "%s合作公司", body);
            must("law-not-competent", entry(list->id, name, day), day, list);
        }
        must("law-not-competent", entry(list->id, c[OTHER], day), day, list);
        gw_record *r = entry(list->id, body, day);
        r->authority = NULL;
        must("law-not-competent", r, day, list);
    }
}

/* Each body of the table is that of some case. */
static void test_every_body_is_asked(void **state)
{
    (void)state;
    for (size_t i = 0; i < law->list_count; i++) {
        const struct gw_law_list_row *row = &law->list[i];
        const char *bodies = case_of(&row->list)[BODIES];
        for (size_t k = 0; k < row->bodies.count; k++) {
            struct gw_law_strings one = {&row->bodies.items[k], 1};
            char body[128];
            bool met = false;
            for (size_t n = 0; word_at(bodies, n, body); n++)
                met = met || gw_law_body_is(&one, body);
            if (!met)
                fail_msg("lists.tsv: %s has no case for %s", row->list.id, row->bodies.items[k]);
        }
    }
}

/* A body of one list is not one of another, but where the table says so. */
static void test_bodies_of_others(void **state)
{
    (void)state;
    struct gw_date day = {2026, 10, 1};
    static const char *const shared[] = {"market-serious", "market-abnormal", "tax-serious",
                                         "tax-credit-a"};
    for (size_t i = 0; i < law->list_count; i++) {
        const struct gw_law_list *list = &law->list[i].list;
        if (gw_law_list_find(law, gw_bytes_str(list->id), law_wall(day)) != list ||
            strcmp(list->id, "zhejiang-red") == 0)
            continue;
        for (size_t k = 0; k < cases.count; k++) {
            char first[128];
            assert_true(word_at(cases.row[k][BODIES], 0, first));
            bool same = strcmp(cases.row[k][0], list->id) == 0;
            bool desk = strcmp(cases.row[k][0], "zhejiang-red") == 0; /* a market regulator */
            for (size_t s = 0; s < GW_ARRAY_LEN(shared); s++) {
                size_t other = s ^ 1;
                same = same || (strcmp(list->id, shared[s]) == 0 &&
                                strcmp(cases.row[k][0], shared[other]) == 0);
            }
            if (desk)
                same = strncmp(list->id, "market-", 7) == 0;
            const char *got = law_says(entry(list->id, first, day), day, &report);
            if (strcmp(got, same ? "" : "law-not-competent") != 0)
                fail_msg("%s by %s: %s", list->id, first, got);
        }
    }
}

/* INVARIANTS L11 */
static void test_basis(void **state)
{
    (void)state;
    for (size_t i = 0; i < law->list_count; i++) {
        const struct gw_law_list_row *row = &law->list[i];
        struct gw_date day = first_day(&row->list);
        const char *body = body_of(&row->list);
        gw_record *r = entry(row->list.id, body, day);
        law_text(r, "list_entry.basis", " \t");
        must("law-list-no-basis", r, day, &row->list);
        for (size_t k = 0; k < row->basis_count; k++) {
            r = entry(row->list.id, body, day);
            r->list_entry->basis = (char *)(uintptr_t) "";
            must("law-list-no-basis", r, day, &row->list);
            law_text(r, row->basis[k].text, "（2026）1号");
            must("", r, day, &row->list);
        }
    }
}

/* In force from its first day to its last, inclusive, and not beside. INVARIANTS P4 */
static void test_in_force(void **state)
{
    (void)state;
    for (size_t i = 0; i < law->list_count; i++) {
        const struct gw_law_list *list = &law->list[i].list;
        struct gw_bytes id = gw_bytes_str(list->id);
        assert_ptr_equal(gw_law_list_find(law, id, law_wall(list->from)), list);
        assert_ptr_not_equal(gw_law_list_find(law, id, law_wall(law_days_after(list->from, -1))),
                             list);
        if (!gw_date_is_none(list->until)) {
            int64_t next = law_wall(law_days_after(list->until, 1));
            assert_ptr_equal(gw_law_list_find(law, id, next - 1), list);
            assert_ptr_not_equal(gw_law_list_find(law, id, next), list);
        }
    }
    struct gw_date before = {2010, 1, 1}, day = {2026, 10, 1};
    assert_null(gw_law_list_at(law, 0, law_wall(before)));
    size_t n = 0;
    for (const struct gw_law_list *l; (l = gw_law_list_at(law, n, law_wall(day))) != NULL; n++)
        assert_ptr_equal(gw_law_list_find(law, gw_bytes_str(l->id), law_wall(day)), l);
    size_t open = 0;
    for (size_t i = 0; i < cases.count; i++)
        open += strcmp(cases.row[i][UNTIL], "-") == 0 ? 1 : 0;
    assert_int_equal(n, open);
    assert_string_equal(law_says(entry("no-such-list", "绍兴市税务局", day), day, &report),
                        "law-list-unknown");
    assert_string_equal(law_says(entry("", "绍兴市税务局", day), day, &report), "law-list-unknown");
}

/* INVARIANTS L12 */
static void test_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < law->list_count; i++) {
        const struct gw_law_list *list = &law->list[i].list;
        struct gw_date day = first_day(list), late = law_days_after(day, 1);
        const char *body = body_of(list);
        gw_record *r = entry(list->id, body, day);
        law_date(r, "list_entry.ends_on", day);
        must("", r, day, list);
        if (gw_date_is_none(list->until))
            must("law-list-ended", r, late, list);
        r = entry(list->id, body, day);
        law_date(r, "list_entry.removed_on", late);
        must("", r, day, list);
        law_date(r, "list_entry.removed_on", day);
        must("law-list-ended", r, day, list);
        r = entry(list->id, body, day);
        r->status = XINQIAO__V1__RECORD_STATUS__RECORD_STATUS_REPAIRED;
        must("law-list-ended", r, day, list);
        /* Without an end the row's, or none at all. */
        struct gw_date end;
        bool open;
        r = entry(list->id, body, day);
        assert_int_equal(gw_law_end(law, r, GW_LAW_MEASURE, &end, &open), GW_OK);
        assert_int_equal(open, list->default_months == 0);
        if (!open)
            assert_int_equal(gw_date_cmp(end, gw_date_add_months(day, (int)list->default_months)),
                             0);
        r->decided_on = NULL;
        if (list->default_months != 0)
            assert_string_equal(law_says(r, day, &report), "record-undated");
    }
}

static void test_longest(void **state)
{
    (void)state;
    for (size_t i = 0; i < law->list_count; i++) {
        const struct gw_law_list *list = &law->list[i].list;
        struct gw_date day = first_day(list);
        struct gw_date last = gw_date_add_months(day, (int)list->max_months), end;
        bool open, bound = list->max_months != 0;
        gw_record *r = entry(list->id, body_of(list), day);
        law_date(r, "list_entry.ends_on", last);
        must("", r, day, list);
        law_date(r, "list_entry.ends_on", law_days_after(last, 1));
        must(bound ? "law-list-too-long" : "", r, day, list);
        law_set(r, "list_entry.ends_on", (struct gw_canon_value){.no_end = true});
        must(bound ? "law-list-too-long" : "", r, day, list);
        /* One that came before the limit was known ends there nevertheless. */
        assert_int_equal(gw_law_end(law, r, GW_LAW_MEASURE, &end, &open), GW_OK);
        assert_int_equal(open, !bound);
        if (bound)
            assert_int_equal(gw_date_cmp(end, last), 0);
    }
}

static void test_sharing(void **state)
{
    (void)state;
    struct gw_date day = {2026, 10, 1};
    for (size_t i = 0; i < law->list_count; i++) {
        const struct gw_law_list *list = &law->list[i].list;
        gw_record *r = entry(list->id, body_of(list), day);
        law_date(r, "list_entry.ends_on", day);
        gw_report_init(&report, arena);
        int64_t next = law_wall(law_days_after(day, 1));
        assert_int_equal(gw_law_may_share(law, r, next - 1, &report), GW_OK);
        assert_int_equal(gw_law_may_share(law, r, next, &report), GW_DENIED);
        assert_string_equal(gw_report_first_error(&report)->reason->code, "record-ended");
        law_date(r, "list_entry.ends_on", law_days_after(day, 100));
        law_date(r, "list_entry.removed_on", day);
        assert_int_equal(gw_law_may_share(law, r, next, &report), GW_DENIED);
    }
}

/* All that is wrong is told, not the first alone. INVARIANTS P6 */
static void test_all_problems(void **state)
{
    (void)state;
    struct gw_date day = {2026, 10, 1};
    gw_record *r = entry("market-serious", "绍兴市税务局", day);
    r->list_entry->basis = (char *)(uintptr_t) "";
    law_set(r, "list_entry.ends_on", (struct gw_canon_value){.no_end = true});
    char *wanted[] = {(char *)(uintptr_t) "x", (char *)(uintptr_t) "national-measures-2031.exit"};
    r->list_entry->measures = wanted;
    r->list_entry->n_measures = 2;
    static const char *const code[] = {"law-not-competent", "law-list-no-basis",
                                       "law-list-too-long", "law-measure-unlawful",
                                       "law-edition-unknown"};
    (void)law_says(r, day, &report);
    const struct gw_problem *p = report.first;
    for (size_t i = 0; i < GW_ARRAY_LEN(code); i++, p = p->next) {
        assert_non_null(p);
        assert_string_equal(p->reason->code, code[i]);
        assert_string_equal(p->params[0].name, "item");
        assert_string_equal(p->params[1].name, "basis");
    }
    assert_null(p);
}

static int setup(void **state)
{
    int st = law_group_setup(state);
    if (st == 0)
        law_cases_load("lists.tsv", &cases);
    return st;
}

static int teardown(void **state)
{
    gw_buf_fini(&cases.text);
    return law_group_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns), cmocka_unit_test(test_every_body_is_asked),
        cmocka_unit_test(test_bodies),  cmocka_unit_test(test_bodies_of_others),
        cmocka_unit_test(test_basis),   cmocka_unit_test(test_in_force),
        cmocka_unit_test(test_ends),    cmocka_unit_test(test_longest),
        cmocka_unit_test(test_sharing), cmocka_unit_test(test_all_problems),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
