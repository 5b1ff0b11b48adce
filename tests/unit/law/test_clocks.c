/* Each row of classes.conf, clocks.conf and workdays.tsv, and the retention of the catalogue: what
 * it decides and what it leaves alone. A row without a case in tests/data/law/ fails. */
#include <stdlib.h>

#include "law_test.h"

static struct gw_report report;
static struct law_cases catalogue, classes, clocks, deadlines, workdays;

static const char *const class_names[] = {"-", "minor", "general", "serious"};

static unsigned class_no(const char *name)
{
    unsigned i = 0;
    while (strcmp(class_names[i], name) != 0)
        assert_true(++i < GW_ARRAY_LEN(class_names));
    return i;
}

/* "confiscate-income" */
static int kind_no(const char *name)
{
    char upper[64];
    size_t n = (size_t)snprintf(upper, sizeof(upper), "PENALTY_KIND_%s", name);
    for (size_t i = 0; i < n; i++)
        upper[i] = (char)(upper[i] == '-'                      ? '_'
                          : upper[i] >= 'a' && upper[i] <= 'z' ? upper[i] - 32
                                                               : upper[i]);
    const ProtobufCEnumValue *v =
        protobuf_c_enum_descriptor_get_value_by_name(&xinqiao__v1__penalty_kind__descriptor, upper);
    assert_non_null(v);
    return v->value;
}

static void set_kinds(gw_record *r, const char *list)
{
    char words[128];
    int32_t kind[8];
    size_t n = 0;
    char *at;
    if (strcmp(list, "-") == 0)
        return;
    (void)snprintf(words, sizeof(words), "%s", list);
    for (char *w = strtok_r(words, ",", &at); w != NULL; w = strtok_r(NULL, ",", &at))
        kind[n++] = kind_no(w);
    law_set(r, "penalty.kinds", (struct gw_canon_value){.list = kind, .list_len = n});
}

static gw_record *penalty(void)
{
    return law_penalty(XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_ORGANISATION);
}

/* ---- classes ---- */

/* INVARIANTS L15 */
static void test_classes(void **state)
{
    (void)state;
    for (size_t i = 0; i < law->class_rule_count; i++) {
        unsigned bites = 0, passes = 0;
        for (size_t k = 0; k < classes.count; k++) {
            char *const *c = classes.row[k];
            if (strcmp(c[0], law->class_rule[i].id) != 0)
                continue;
            gw_record *r = penalty();
            r->procedure = strcmp(c[2], "summary") == 0 ? XINQIAO__V1__PROCEDURE__PROCEDURE_SUMMARY
                           : strcmp(c[2], "ordinary") == 0
                               ? XINQIAO__V1__PROCEDURE__PROCEDURE_ORDINARY
                               : 0;
            set_kinds(r, c[3]);
            if (gw_law_class(law, r) != class_no(c[4]))
                fail_msg("%s, %s %s: class %d", c[0], c[2], c[3], (int)gw_law_class(law, r));
            bool bite = strcmp(c[1], "bite") == 0;
            bites += bite ? 1 : 0;
            passes += bite ? 0 : 1;
            /* What the record says goes before. */
            r->breach_class = XINQIAO__V1__BREACH_CLASS__BREACH_CLASS_SERIOUS;
            assert_int_equal(gw_law_class(law, r), r->breach_class);
        }
        if (bites == 0 || passes == 0)
            fail_msg("classes.tsv: %s has %u bites, %u passes", law->class_rule[i].id, bites,
                     passes);
    }
    gw_record *permit = gw_canon_record_new(arena);
    permit->kind = XINQIAO__V1__KIND__KIND_PERMIT;
    law_text(permit, "permit.document_no", "x");
    permit->procedure = XINQIAO__V1__PROCEDURE__PROCEDURE_SUMMARY;
    assert_int_equal(gw_law_class(law, permit), 0);
}

/* ---- regimes ---- */

static gw_record *penalty_of(char *const *c)
{
    gw_record *r = penalty();
    law_date(r, "decided_on", law_day(c[2]));
    law_date(r, "penalty.published_on", law_day(c[2]));
    law_text(r, "authority.name", c[3]);
    r->breach_class = (Xinqiao__V1__BreachClass)class_no(c[4]);
    set_kinds(r, c[5]);
    law_text(r, "penalty.violation_kind", c[6]);
    return r;
}

static void must(const char *want, gw_record *r, const char *row)
{
    struct gw_date day = law_days_after(gw_law_date_of(r->decided_on), 40);
    const char *got = law_says(r, day, &report);
    if (strcmp(got, want) != 0)
        fail_msg("%s: \"%s\", expected \"%s\"", row, got, want);
    if (want[0] != '\0')
        assert_string_equal(law_item(&report), row);
}

/* A record that the regime limits: to the last day, not a day longer, not for ever. */
static void limited(gw_record *r, const struct gw_law_regime *g)
{
    struct gw_date from = gw_law_date_of(r->decided_on), end;
    struct gw_date last = gw_date_add_months(from, (int)g->max_months);
    const char *too_long = g->max_months != 0 ? "law-publicity-too-long" : "";
    bool open;
    if (from.year < 2022)
        return; /* before the editions of the catalogue that a test can still be within */
    law_date(r, "publicity_to", last);
    must("", r, g->row);
    law_date(r, "publicity_to", law_days_after(last, 1));
    must(too_long, r, g->row);
    law_set(r, "publicity_to", (struct gw_canon_value){.no_end = true});
    must(too_long, r, g->row);
    assert_int_equal(gw_law_end(law, r, GW_LAW_PUBLICITY, &end, &open), GW_OK);
    assert_int_equal(open, g->max_months == 0);
    if (!open)
        assert_int_equal(gw_date_cmp(end, last), 0);
    r->publicity_to = NULL;
    must("", r, g->row);
    assert_int_equal(gw_law_end(law, r, GW_LAW_PUBLICITY, &end, &open),
                     g->published && g->max_months != 0 ? GW_OK : GW_NOT_FOUND);
}

static void regime_case(char *const *c, unsigned *bites, unsigned *passes)
{
    struct gw_law_regime g = {.row = ""};
    gw_record *r = penalty_of(c);
    enum gw_status st = gw_law_regime(law, r, law_day(c[2]), &g);
    bool bite = strcmp(c[1], "bite") == 0;
    if ((strcmp(g.row, c[0]) == 0) != bite)
        fail_msg("%s on %s by %s: %s %s", c[0], c[2], c[3], gw_status_name(st), g.row);
    *bites += bite ? 1 : 0;
    *passes += bite ? 0 : 1;
    if (!bite)
        return;
    assert_int_equal(g.published, strcmp(c[7], "yes") == 0);
    assert_int_equal(g.min_months, atoi(c[8]));
    assert_int_equal(g.max_months, atoi(c[9]));
    assert_true(g.source[0] != '\0' && strncmp(g.row, g.id, strlen(g.id)) == 0);
    limited(r, &g);
}

/* INVARIANTS L16 */
static void test_regimes(void **state)
{
    (void)state;
    for (size_t i = 0; i < law->regime_count; i++) {
        for (size_t p = 0; p < law->regime[i].publicity_count; p++) {
            const char *id = law->regime[i].publicity[p].id;
            unsigned bites = 0, passes = 0;
            for (size_t k = 0; k < clocks.count; k++) {
                if (strcmp(clocks.row[k][0], id) == 0)
                    regime_case(clocks.row[k], &bites, &passes);
            }
            if (bites == 0 || passes == 0)
                fail_msg("clocks.tsv: %s has %u bites, %u passes", id, bites, passes);
        }
    }
}

/* One penalty, decided on the last day of decree 58 or on the first of decree 36. */
static void test_both_decrees_by_date(void **state)
{
    (void)state;
    static const struct {
        struct gw_date day;
        const char *authority, *id;
        uint32_t decide_days;
    } row[] = {
        {{2023, 4, 30}, "绍兴市生态环境局", "zhejiang-2019", 0},
        {{2023, 5, 1}, "绍兴市生态环境局", "decree-58", 0},
        {{2026, 3, 31}, "绍兴市生态环境局", "decree-58", 0},
        {{2026, 4, 1}, "绍兴市生态环境局", "decree-36", 10},
        {{2025, 12, 24}, "绍兴市市场监督管理局", "decree-58", 0},
        {{2025, 12, 25}, "绍兴市市场监督管理局", "samr-107", 7},
        {{2026, 4, 1}, "国家市场监督管理总局", "samr-107", 7},
        {{2026, 4, 1}, "", "decree-36", 10},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        struct gw_law_regime g;
        gw_record *r = penalty();
        if (row[i].authority[0] != '\0')
            law_text(r, "authority.name", row[i].authority);
        assert_int_equal(gw_law_regime(law, r, row[i].day, &g), GW_OK);
        assert_string_equal(g.id, row[i].id);
        assert_int_equal(g.decide_days, row[i].decide_days);
        /* One year of publicity for a warning: lawful under 58, too long under the others. */
        r->breach_class = XINQIAO__V1__BREACH_CLASS__BREACH_CLASS_MINOR;
        law_date(r, "decided_on", row[i].day);
        law_date(r, "publicity_to", gw_date_add_months(row[i].day, 12));
        bool minor = strcmp(row[i].id, "samr-107") == 0 || strcmp(row[i].id, "decree-36") == 0;
        assert_string_equal(law_says(r, law_days_after(row[i].day, 10), &report),
                            minor ? "law-publicity-too-long" : "");
    }
    struct gw_law_regime g;
    assert_int_equal(gw_law_regime(law, penalty(), (struct gw_date){2019, 2, 11}, &g),
                     GW_NOT_FOUND);
}

/* A class that nobody decides is not limited, and not refused for it. */
static void test_undecided_class(void **state)
{
    (void)state;
    struct gw_law_regime g;
    struct gw_date day = {2026, 4, 1};
    gw_record *r = penalty();
    law_date(r, "decided_on", day);
    law_set(r, "publicity_to", (struct gw_canon_value){.no_end = true});
    set_kinds(r, "fine");
    assert_int_equal(gw_law_regime(law, r, day, &g), GW_OK);
    assert_string_equal(g.row, "");
    assert_true(g.published && g.max_months == 0);
    assert_string_equal(law_says(r, day, &report), "");
}

/* Without a day of publication it is counted from the latest lawful one: seven working days. */
static void test_start_of_publicity(void **state)
{
    (void)state;
    static const struct {
        struct gw_date decided, last;
    } row[] = {
        {{2026, 9, 24}, {2027, 1, 12}},  /* the holidays in between: to 12 October */
        {{2026, 12, 25}, {2027, 4, 22}}, /* no table of 2027: four weeks */
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        gw_record *r = penalty();
        r->breach_class = XINQIAO__V1__BREACH_CLASS__BREACH_CLASS_MINOR;
        law_date(r, "decided_on", row[i].decided);
        law_date(r, "publicity_to", row[i].last);
        assert_string_equal(law_says(r, row[i].decided, &report), "");
        law_date(r, "publicity_to", law_days_after(row[i].last, 1));
        assert_string_equal(law_says(r, row[i].decided, &report), "law-publicity-too-long");
        assert_string_equal(gw_report_first_error(&report)->field, "publicity_to");
    }
}

/* ---- deadlines and working days ---- */

static void test_deadlines(void **state)
{
    (void)state;
    for (size_t i = 0; i < law->deadline_count; i++) {
        const struct gw_law_deadline_row *row = &law->deadline[i];
        unsigned bites = 0, passes = 0;
        for (size_t k = 0; k < deadlines.count; k++) {
            char *const *c = deadlines.row[k];
            struct gw_date due;
            if (strcmp(c[0], row->id) != 0)
                continue;
            bool bite = strcmp(c[2], "-") != 0;
            assert_int_equal(gw_law_due(law, row->duty, law_day(c[1]), &due),
                             bite ? GW_OK : GW_NOT_FOUND);
            if (bite && gw_date_cmp(due, law_day(c[2])) != 0)
                fail_msg("%s from %s: %d-%d-%d", c[0], c[1], due.year, due.month, due.day);
            bites += bite ? 1 : 0;
            passes += bite ? 0 : 1;
        }
        if (bites == 0 || passes == 0)
            fail_msg("deadlines.tsv: %s has %u bites, %u passes", row->id, bites, passes);
    }
}

/* INVARIANTS L19 */
static void test_workdays(void **state)
{
    (void)state;
    for (size_t k = 0; k < workdays.count; k++) {
        char *const *c = workdays.row[k];
        struct gw_date due;
        bool found = strcmp(c[2], "-") != 0;
        assert_int_equal(gw_law_add_workdays(law, law_day(c[0]), (uint32_t)atoi(c[1]), &due),
                         found ? GW_OK : GW_NOT_FOUND);
        if (found && gw_date_cmp(due, law_day(c[2])) != 0)
            fail_msg("%s + %s: %d-%d-%d", c[0], c[1], due.year, due.month, due.day);
    }
    struct gw_date none = {0, 0, 0}, due;
    assert_int_equal(gw_law_add_workdays(law, none, 1, &due), GW_NOT_FOUND);
}

/* Every day of every year: the next working day is one, and none is passed over. */
static void test_every_day(void **state)
{
    (void)state;
    for (size_t y = 0; y < law->year_count; y++) {
        const struct gw_law_year *year = &law->year[y];
        struct gw_date first = {year->year, 1, 1}, due;
        unsigned off = 0, work = 0, sum = 0;
        for (size_t i = 0; i < GW_ARRAY_LEN(year->day); i++) {
            struct gw_date day = law_days_after(first, (int)i);
            if (day.year != year->year)
                break;
            bool weekend = (gw_date_to_days(day) + 3) % 7 >= 5;
            bool works = year->day[i] == GW_LAW_DAY_WORK ||
                         (year->day[i] == GW_LAW_DAY_ORDINARY && !weekend);
            off += year->day[i] == GW_LAW_DAY_OFF ? 1 : 0;
            work += year->day[i] == GW_LAW_DAY_WORK ? 1 : 0;
            sum += works ? 1 : 0;
            enum gw_status st = gw_law_add_workdays(law, law_days_after(day, -1), 1, &due);
            assert_int_equal(st == GW_OK && gw_date_cmp(due, day) == 0, works);
        }
        /* Eleven to thirteen days of holiday by law; the notices move the weeks' ends around. */
        assert_in_range(off, 25, 34);
        assert_in_range(work, 5, 8);
        assert_in_range(sum, 246, 252);
    }
}

static void test_warns_of_a_year_without_a_table(void **state)
{
    (void)state;
    static const struct {
        struct gw_date day;
        const char *year;
    } row[] = {
        {{2026, 11, 30}, NULL},
        {{2026, 12, 1}, "2027"},
        {{2027, 3, 1}, "2027"},
        {{2022, 1, 1}, "2022"},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        struct gw_buf b;
        gw_buf_init(&b, 4096);
        gw_law_warn(law, law_wall(row[i].day), &b);
        gw_buf_u8(&b, 0);
        assert_int_equal(b.len > 1, row[i].year != NULL);
        if (row[i].year != NULL)
            assert_non_null(strstr((char *)b.ptr, row[i].year));
        gw_buf_fini(&b);
    }
}

/* ---- retention: every row of the catalogue ---- */

static gw_record *record_of(Xinqiao__V1__Kind kind, struct gw_date day)
{
    if (kind == XINQIAO__V1__KIND__KIND_PENALTY) {
        gw_record *r = penalty();
        law_date(r, "decided_on", day);
        return r;
    }
    gw_record *r = gw_canon_record_new(arena);
    r->kind = kind;
    law_date(r, "decided_on", day);
    if (kind == XINQIAO__V1__KIND__KIND_SCORE)
        law_date(r, "score.as_of", day);
    else if (kind == XINQIAO__V1__KIND__KIND_PERMIT)
        law_text(r, "permit.document_no", "x");
    else {
        law_text(r, "list_entry.list", "court-defaulter");
        law_text(r, "list_entry.basis", "x");
        law_text(r, "authority.name", "绍兴市越城区人民法院");
        law_set(r, "list_entry.ends_on", (struct gw_canon_value){.no_end = true});
    }
    return r;
}

/* INVARIANTS L17 */
static void test_retention(void **state)
{
    (void)state;
    struct gw_date day = {2031, 10, 15}, end;
    bool open;
    for (size_t i = 0; i < law->entry_count; i++) {
        const struct gw_law_entry *e = &law->entry[i];
        struct gw_date on = gw_date_add_months(day, -(int)e->row.keep_months);
        bool kept = e->row.keep_months == 0 || e->kind == XINQIAO__V1__KIND__KIND_LIST_ENTRY;
        struct gw_date from[] = {on, law_days_after(on, -1)};
        for (size_t k = 0; k < GW_ARRAY_LEN(from); k++) {
            gw_record *r = record_of(e->kind, from[k]);
            law_text(r, "legal_basis", e->row.id);
            assert_string_equal(law_says(r, day, &report),
                                kept || k == 0 ? "" : "law-retention-ended");
            assert_int_equal(gw_law_end(law, r, GW_LAW_RETENTION, &end, &open), GW_OK);
            assert_int_equal(open, kept);
            if (kept || k == 0)
                continue;
            assert_string_equal(law_item(&report), e->row.id);
            /* An end of its own outlives the row's, until it has come too. */
            law_date(r, "use_to", day);
            assert_string_equal(law_says(r, day, &report), "");
            law_date(r, "use_to", law_days_after(day, -1));
            assert_string_equal(law_says(r, day, &report), "law-retention-ended");
        }
    }
}

/* Every number and day of the row, as the case states it. */
static void test_catalogue_columns(void **state)
{
    (void)state;
    for (size_t i = 0; i < law->entry_count; i++) {
        const struct gw_law_row *row = &law->entry[i].row;
        char *const *c = NULL;
        for (size_t k = 0; k < catalogue.count; k++)
            c = strcmp(catalogue.row[k][0], row->id) == 0 ? catalogue.row[k] : c;
        if (c == NULL)
            fail_msg("catalogue.tsv has no case for %s", row->id);
        bool open = strcmp(c[2], "-") == 0;
        assert_int_equal(gw_date_cmp(row->from, law_day(c[1])), 0);
        assert_int_equal(gw_date_is_none(row->until), open);
        if (!open)
            assert_int_equal(gw_date_cmp(row->until, law_day(c[2])), 0);
        assert_int_equal(row->keep_months, atoi(c[3]));
        assert_int_equal(row->share_public, strcmp(c[4], "yes") == 0);
    }
}

/* In force from its first day to its last, and its record is taken then. */
static void test_catalogue_by_date(void **state)
{
    (void)state;
    const struct gw_law_row *row;
    for (size_t i = 0; i < law->entry_count; i++) {
        const struct gw_law_entry *e = &law->entry[i];
        gw_record *r = record_of(e->kind, e->row.from);
        assert_string_equal(law_says(r, e->row.from, &report), "");
        assert_int_equal(gw_law_basis(law, e->kind, law_wall(e->row.from), &row), GW_OK);
        assert_ptr_equal(row, &e->row);
        enum gw_status before = gw_law_basis(law, e->kind, law_wall(e->row.from) - 1, &row);
        assert_true(before != GW_OK || row != &e->row);
        if (gw_date_is_none(e->row.until))
            continue;
        int64_t next = law_wall(law_days_after(e->row.until, 1));
        assert_int_equal(gw_law_basis(law, e->kind, next - 1, &row), GW_OK);
        assert_ptr_equal(row, &e->row);
        enum gw_status after = gw_law_basis(law, e->kind, next, &row);
        assert_true(after != GW_OK || row != &e->row);
    }
}

/* Each clock ends for itself. INVARIANTS L5 */
static void test_clocks_are_four(void **state)
{
    (void)state;
    struct gw_date day = {2026, 4, 10}, end;
    bool open;
    gw_record *r = penalty();
    law_date(r, "decided_on", day);
    r->breach_class = XINQIAO__V1__BREACH_CLASS__BREACH_CLASS_GENERAL;
    law_date(r, "publicity_to", (struct gw_date){2026, 10, 10});
    law_date(r, "use_to", (struct gw_date){2027, 4, 10});
    law_date(r, "penalty.valid_to", (struct gw_date){2028, 4, 10});
    static const int year[] = {0, 2026, 2027, 2028, 2031};
    for (unsigned c = GW_LAW_PUBLICITY; c <= GW_LAW_RETENTION; c++) {
        assert_int_equal(gw_law_end(law, r, (enum gw_law_clock)c, &end, &open), GW_OK);
        assert_false(open);
        assert_int_equal(end.year, year[c]);
    }
    r = penalty();
    r->decided_on = NULL;
    for (unsigned c = GW_LAW_PUBLICITY; c <= GW_LAW_RETENTION; c++)
        assert_int_equal(gw_law_end(law, r, (enum gw_law_clock)c, &end, &open), GW_NOT_FOUND);
}

static int setup(void **state)
{
    int st = law_group_setup(state);
    if (st != 0)
        return st;
    law_cases_load("catalogue.tsv", &catalogue);
    law_cases_load("classes.tsv", &classes);
    law_cases_load("clocks.tsv", &clocks);
    law_cases_load("deadlines.tsv", &deadlines);
    law_cases_load("workdays.tsv", &workdays);
    return 0;
}

static int teardown(void **state)
{
    gw_buf_fini(&catalogue.text);
    gw_buf_fini(&classes.text);
    gw_buf_fini(&clocks.text);
    gw_buf_fini(&deadlines.text);
    gw_buf_fini(&workdays.text);
    return law_group_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_regimes),
        cmocka_unit_test(test_both_decrees_by_date),
        cmocka_unit_test(test_undecided_class),
        cmocka_unit_test(test_start_of_publicity),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_workdays),
        cmocka_unit_test(test_every_day),
        cmocka_unit_test(test_warns_of_a_year_without_a_table),
        cmocka_unit_test(test_retention),
        cmocka_unit_test(test_catalogue_columns),
        cmocka_unit_test(test_catalogue_by_date),
        cmocka_unit_test(test_clocks_are_four),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
