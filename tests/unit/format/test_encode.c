/* Encode: losses, refusals, derivations, defaults, grants; and every pair of formats of a kind. */
#include "base/text.h"
#include "config/config.h"
#include "format_test.h"

#define ORG    "national.penalty.org@2018"
#define PERSON "national.penalty.person@2018"
#define PERMIT "national.permit.org@2018"
#define PP     "national.permit.person@2018"
#define ZJ     "zhejiang.penalty.unified@1"
#define SZ     "suzhou.penalty@1"
#define SZP    "suzhou.permit@1"
#define CANON  "canonical.record@1"

static const char profile[] =
    "d = (\n"
    " { format = \"" ORG
    "\"; values = { CF_FRDB = \"未提供\"; CF_WFXW = \"未分类\"; CF_SY = \"见处罚内容\";\n"
    "   CF_CFJG = \"绍兴市行政执法机关\"; CF_CFJGDM = \"11330600002500009G\";\n"
    "   CF_SJLY = \"绍兴市公共信用信息平台\"; CF_SJLYDM = \"11330600002500009G\"; }; },\n"
    " { format = \"" PERSON "\"; values = { CF_WFXW = \"未分类\"; CF_SY = \"见处罚内容\";\n"
    "   CF_CFJG = \"绍兴市行政执法机关\"; CF_CFJGDM = \"11330600002500009G\";\n"
    "   CF_SJLY = \"绍兴市公共信用信息平台\"; CF_SJLYDM = \"11330600002500009G\"; }; },\n"
    " { format = \"" ZJ "\"; values = { PUNISH_BASE_INFO_CODE = \"B-${penalty.document_no}\";\n"
    "   PUNISH_CASE_CODE = \"C-${penalty.document_no}\"; PUNISH_ACTION_NAME = \"行政处罚\";\n"
    "   ILLEGAL_FACT = \"见处罚内容\"; ILLEGAL_BASIS = \"${penalty.basis}\"; }; },\n"
    " { format = \"" SZ
    "\"; values = { PUNISHMENT_AUTH = \"机关\"; PUNISHMENT_AUTH_USCC = \"11330600002500009G\";\n"
    "   SOURCE_UNIT = \"平台\"; SOURCE_UNIT_USCC = \"11330600002500009G\"; }; } );\n";

static struct gw_format_defaults *defaults_of(const char *text, struct gw_buf *error,
                                              enum gw_status *ret)
{
    struct gw_config *c = NULL;
    struct gw_format_defaults *d = NULL;
    assert_int_equal(gw_config_parse(gw_bytes_str(text), "peer.conf", &c, error), GW_OK);
    *ret = gw_format_defaults_load(set, gw_config_node_child(gw_config_root(c), "d"), &d, error);
    gw_config_free(c);
    return d;
}

static struct gw_format_defaults *profile_new(void)
{
    struct gw_buf error;
    enum gw_status st;
    gw_buf_init(&error, 65536);
    struct gw_format_defaults *d = defaults_of(profile, &error, &st);
    if (st != GW_OK)
        fail_msg("%.*s", GW_BYTES_FMT(gw_buf_view(&error)));
    gw_buf_fini(&error);
    return d;
}

/* ---- pairs ---- */

static bool path_lost(const char *name, const struct gw_format *source)
{
    /* The report speaks in the source's field names. */
    for (const struct gw_problem *p = report.first; p != NULL; p = p->next) {
        if (p->kind != GW_PROBLEM_LOSS)
            continue;
        if (strcmp(p->field, name) == 0)
            return true;
        for (size_t i = 0; i < source->row_count; i++) {
            const struct gw_row *row = &source->row[i];
            for (size_t k = 0; k < row->write_count; k++) {
                if (strcmp(row->path[k].text, name) == 0 &&
                    strcmp(source->field[row->field].cname, p->field) == 0)
                    return true;
            }
        }
    }
    return false;
}

/* A -> canonical -> B -> canonical is the original, but for the declared losses; nothing that the
 * original had is another value. */
static void check_pair(const struct gw_format *a, const struct gw_format *b, const gw_record *r,
                       const struct gw_format_defaults *d, size_t *translated)
{
    char *text = NULL;
    gw_report_init(&report, arena);
    if (try_encode(b->id, r, d, &text) != GW_OK) {
        assert_true(gw_report_has_errors(&report));
        return;
    }
    struct gw_report losses = report;
    gw_record *back = decode(b->id, text);
    report = losses;
    ++*translated;
    for (size_t i = 0; i < set->path_count; i++) {
        const struct gw_canon_path *p = &set->path[i];
        struct gw_canon_value was;
        struct gw_canon_value is;
        gw_canon_get(r, p, &was);
        gw_canon_get(back, p, &is);
        if (!was.present || gw_value_same(&was, &is))
            continue;
        if (is.present || !path_lost(p->text, a))
            fail_msg("%s -> %s: %s is lost or changed and not declared", a->id, b->id, p->text);
        if (gw_loss_is_protected(p->text))
            assert_true(strcmp(p->text, "procedure") == 0 ||
                        strcmp(p->text, "penalty.valid_to") == 0 || was.text.len == 1);
    }
}

static void each_record(const struct gw_format *f,
                        void (*fn)(const struct gw_format *, const gw_record *, void *), void *user)
{
    GW_CLEANUP(gw_format_splitter_freep) struct gw_format_splitter *s = NULL;
    const char *reason;
    struct gw_bytes bytes;
    char *text = file_text(
        gw_arena_printf(arena, "tests/data/formats/%s/package.%s", f->id, gw_format_media(f)));
    assert_int_equal(gw_format_splitter_new(f, &s), GW_OK);
    assert_int_equal(gw_format_splitter_feed(s, gw_bytes_str(text), true), GW_OK);
    while (gw_format_splitter_next(s, &bytes, &reason) == GW_OK) {
        struct gw_arena_mark mark = gw_arena_mark(arena);
        gw_report_init(&report, arena);
        fn(f, decode(f->id, gw_arena_strndup(arena, bytes.ptr, bytes.len)), user);
        gw_arena_rewind(arena, mark);
    }
}

struct matrix {
    const struct gw_format_defaults *defaults;
    size_t translated[16][16];
};

static void into_all(const struct gw_format *f, const gw_record *r, void *user)
{
    struct matrix *m = user;
    for (size_t i = 0; i < gw_format_count(set); i++) {
        const struct gw_format *b = gw_format_at(set, i);
        if (b->kind == f->kind && b->media != GW_MEDIA_PROTOBUF)
            check_pair(f, b, r, m->defaults, &m->translated[f->index][i]);
    }
}

static void test_matrix_of_pairs(void **state)
{
    (void)state;
    static const char *const works[][2] = {
        {ORG, ZJ}, {PERSON, ZJ}, {ORG, SZ},     {PERSON, SZ}, {ZJ, ORG},  {ZJ, SZ},  {SZ, ZJ},
        {SZ, ORG}, {ZJ, PERSON}, {PERMIT, SZP}, {PP, SZP},    {ORG, ORG}, {SZP, SZP}};
    struct matrix m = {.defaults = profile_new()};
    for (size_t i = 0; i < gw_format_count(set); i++) {
        if (gw_format_at(set, i)->media != GW_MEDIA_PROTOBUF)
            each_record(gw_format_at(set, i), into_all, &m);
    }
    for (size_t i = 0; i < GW_ARRAY_LEN(works); i++) {
        if (m.translated[format(works[i][0])->index][format(works[i][1])->index] == 0)
            fail_msg("not one record of %s could be written as %s", works[i][0], works[i][1]);
    }
    gw_format_defaults_free((struct gw_format_defaults *)(uintptr_t)m.defaults);
}

/* Canonical protobuf holds all: what was packed and unpacked writes the same bytes in its own
 * format. */
static void through_protobuf(const struct gw_format *f, const gw_record *r, void *user)
{
    (void)user;
    char *direct = encode(f->id, r, NULL);
    struct gw_buf b;
    gw_buf_init(&b, 1 << 20);
    gw_record *back = NULL;
    assert_int_equal(gw_format_encode(format(CANON), r, &today, NULL, NULL, arena, &report, &b),
                     GW_OK);
    if (gw_format_decode(format(CANON), gw_buf_view(&b), &today, arena, &report, &back) != GW_OK) {
        print_report();
        fail_msg("a record of %s is no canonical record", f->id);
    }
    assert_string_equal(encode(f->id, back, NULL), direct);
    gw_buf_fini(&b);
}

static void test_canonical_keeps_everything(void **state)
{
    (void)state;
    for (size_t i = 0; i < gw_format_count(set); i++) {
        if (gw_format_at(set, i)->media != GW_MEDIA_PROTOBUF)
            each_record(gw_format_at(set, i), through_protobuf, NULL);
    }
}

/* ---- losses and refusals ---- */

static void expect_no(const char *id, const gw_record *r, const struct gw_format_defaults *d,
                      const char *code, const char *field)
{
    char *text = NULL;
    gw_report_init(&report, arena);
    enum gw_status st = try_encode(id, r, d, &text);
    if (st != GW_INVALID || !reported(GW_PROBLEM_ERROR, code, field)) {
        print_report();
        fail_msg("expected %s of %s, got %s", code, field, gw_status_name(st));
    }
    assert_string_equal(text, "");
}

static void test_losses_are_listed_in_the_source_s_names(void **state)
{
    (void)state;
    struct gw_format_defaults *d = profile_new();
    encode(ZJ, decode(ORG, sample(ORG)), d);
    static const char *const lost[] = {"CF_XDR_ZZJG", "CF_CFJG", "CF_CFJGDM", "CF_SJLY",
                                       "CF_SJLYDM",   "CF_WFXW", "CF_YXQ"};
    for (size_t i = 0; i < GW_ARRAY_LEN(lost); i++)
        assert_true(reported(GW_PROBLEM_LOSS, "loss", lost[i]));
    assert_int_equal(report.count[GW_PROBLEM_LOSS], GW_ARRAY_LEN(lost));
    gw_format_defaults_free(d);
}

static void test_what_must_not_be_lost_is_refused(void **state)
{
    (void)state;
    struct gw_format_defaults *d = profile_new();
    /* A measure with an end, and Zhejiang has no column for it. A fine has no such clock: there it
     * is a loss. */
    char *text = element(sample(ORG), "CF_YXQ", "2027/01/01");
    encode(ZJ, decode(ORG, text), d);
    assert_true(reported(GW_PROBLEM_LOSS, "loss", "CF_YXQ"));
    text = element(text, "CF_CFLB", "罚款;没收违法所得;限制从业");
    expect_no(ZJ, decode(ORG, text), d, "target-no-place", "CF_YXQ");
    /* The summary procedure makes a breach minor (trap 17). */
    text = member(sample(ZJ), "CASE_PROCESS_TYPE", "\"01\"");
    expect_no(ORG, decode(ZJ, text), d, "target-no-place", "CASE_PROCESS_TYPE");
    /* For the eyes of the government only. */
    text = member(sample(SZ), "USAGE_RANGE", "\"1\"");
    expect_no(ORG, decode(SZ, text), d, "target-no-place", "USAGE_RANGE");
    text = member(sample(SZ), "DISCREDIT_LEVEL", "\"3\"");
    expect_no(ZJ, decode(SZ, text), d, "target-no-place", "DISCREDIT_LEVEL");
    /* Set by a law step, whatever the source could fill. */
    gw_record *r = decode(ORG, sample(ORG));
    r->breach_class = XINQIAO__V1__BREACH_CLASS__BREACH_CLASS_MINOR;
    expect_no(ORG, r, d, "target-no-place", "breach_class");
    gw_format_defaults_free(d);
}

static void test_no_column_for_the_state_means_in_force(void **state)
{
    (void)state;
    struct gw_format_defaults *d = profile_new();
    char *text = member(sample(ZJ), "PUBLICSTATUS", "\"已修复\"");
    expect_no(ORG, decode(ZJ, text), d, "target-status", "status");
    text = element(sample(PERMIT), "XK_ZT", "2");
    expect_no(SZP, decode(PERMIT, text), d, "target-status", "status");
    expect_no(PERMIT, decode(SZP, sample(SZP)), d, "target-class", "subject.subject_class");
    gw_format_defaults_free(d);
}

static void test_persons_and_organisations_kept_apart(void **state)
{
    (void)state;
    expect_no(ORG, decode(PERSON, sample(PERSON)), NULL, "target-class", "subject.subject_class");
    expect_no(PERSON, decode(ORG, sample(ORG)), NULL, "target-class", "subject.subject_class");
    expect_no(PERMIT, decode(ORG, sample(ORG)), NULL, "format-pair", "");
}

static void test_procedure_by_article_51(void **state)
{
    (void)state;
    struct gw_format_defaults *d = profile_new();
    static const struct {
        const char *id, *kinds, *fine;
        bool decided;
    } row[] = {
        {ORG, "罚款", "0.3", false},     {ORG, "罚款", "0.300001", true},
        {ORG, "警告", "", false},        {ORG, "警告;通报批评", "", true},
        {PERSON, "罚款", "0.02", false}, {PERSON, "罚款", "0.020001", true},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        gw_report_init(&report, arena);
        char *text =
            element(element(sample(row[i].id), "CF_CFLB", row[i].kinds), "CF_NR_FK", row[i].fine);
        gw_record *r = decode(row[i].id, element(text, "CF_NR_WFFF", ""));
        if (!row[i].decided) {
            expect_no(ZJ, r, d, "target-field-missing", "CASE_PROCESS_TYPE");
            continue;
        }
        assert_non_null(strstr(encode(ZJ, r, d), "\"CASE_PROCESS_TYPE\":\"02\""));
        assert_true(reported(GW_PROBLEM_DEFAULTED, "derived", "CASE_PROCESS_TYPE"));
    }
    gw_format_defaults_free(d);
}

static void test_no_end_for_kinds_without_duration(void **state)
{
    (void)state;
    struct gw_format_defaults *d = profile_new();
    char *out = encode(ORG, decode(ZJ, sample(ZJ)), d);
    assert_non_null(strstr(out, "<CF_YXQ>2099/12/31</CF_YXQ>"));
    assert_true(reported(GW_PROBLEM_DEFAULTED, "derived", "CF_YXQ"));
    /* With duration it can not be told. */
    char *text = member(sample(ZJ), "PUNISH_TYPE", "\"罚款;限制从业\"");
    expect_no(ORG, decode(ZJ, text), d, "target-field-missing", "CF_YXQ");
    gw_format_defaults_free(d);
}

static void test_confiscated_sum_and_parts(void **state)
{
    (void)state;
    struct gw_format_defaults *d = profile_new();
    /* 300.50 + 1200.00 yuan */
    assert_non_null(
        strstr(encode(ORG, decode(ZJ, sample(ZJ)), d), "<CF_NR_WFFF>0.15005</CF_NR_WFFF>"));
    char *out = encode(ZJ, decode(ORG, sample(ORG)), d);
    assert_non_null(
        strstr(out, "\"CONFISCATE_ILLEGAL_INCOM\":\"2000.00\",\"CONFISCATE_ILLEGAL_ASSET\":\"\""));
    char *text = element(sample(ORG), "CF_CFLB", "没收非法财物;罚款");
    out = encode(ZJ, decode(ORG, text), d);
    assert_non_null(
        strstr(out, "\"CONFISCATE_ILLEGAL_INCOM\":\"\",\"CONFISCATE_ILLEGAL_ASSET\":\"2000.00\""));
    text = element(sample(ORG), "CF_CFLB", "没收违法所得;没收非法财物;罚款");
    expect_no(ZJ, decode(ORG, text), d, "target-split", "CONFISCATE_ILLEGAL_INCOM");
    gw_format_defaults_free(d);
}

static void test_values_wider_than_the_target(void **state)
{
    (void)state;
    struct gw_format_defaults *d = profile_new();
    char *fact = gw_arena_calloc(arena, 1, 4002);
    memset(fact, 'a', 4001);
    expect_no(ZJ, decode(ORG, element(sample(ORG), "CF_SY", fact)), d, "target-width",
              "ILLEGAL_FACT");
    fact[4000] = '\0';
    gw_report_init(&report, arena);
    encode(ZJ, decode(ORG, element(sample(ORG), "CF_SY", fact)), d);
    /* A date that the target would read as "never". */
    gw_record *r = decode(ORG, sample(ORG));
    r->publicity_to->date->year = 9999;
    r->publicity_to->date->month = 9;
    r->publicity_to->date->day = 9;
    expect_no(ZJ, r, d, "target-value", "PUBLIC_END_DATE");
    gw_format_defaults_free(d);
}

static void test_traders_without_a_code(void **state)
{
    (void)state;
    struct gw_format_defaults *d = profile_new();
    char *text = element(sample(ORG), "CF_XDR_LB", "个体工商户");
    text = element(text, "CF_XDR_SHXYM", "00000000000000000X");
    text = element(text, "CF_XDR_GSZC", "330604600000014");
    expect_accepted(ORG, text);
    gw_record *r = decode(ORG, text);
    assert_string_equal(r->subject->uscc, "");
    assert_true(r->subject->uscc_filler);
    char *out = encode(ZJ, r, d);
    assert_non_null(strstr(
        out, "\"ADMIN_CP_CERT_TYPE\":\"工商注册号\",\"ADMIN_CP_CERT_CODE\":\"330604600000014\""));
    assert_string_equal(decode(ZJ, out)->subject->registration_no, "330604600000014");
    out = encode(SZ, r, d);
    assert_non_null(strstr(out, "\"CERT_NUM\":\"330604600000014\""));
    assert_true(decode(SZ, out)->subject->uscc_filler);
    /* With a code, the registration number has no place there. */
    text = element(text, "CF_XDR_SHXYM", "92330604MA2TT003XJ");
    gw_report_init(&report, arena);
    encode(SZ, decode(ORG, text), d);
    assert_true(reported(GW_PROBLEM_LOSS, "loss", "CF_XDR_GSZC"));
    gw_format_defaults_free(d);
}

static void test_documents_of_persons(void **state)
{
    (void)state;
    struct gw_format_defaults *d = profile_new();
    char *text = element(sample(PERSON), "CF_NR_FK", "1");
    char *out = encode(SZ, decode(PERSON, text), d);
    assert_non_null(strstr(out, "\"CERT_NUM\":\"330603190002289927\""));
    assert_false(reported(GW_PROBLEM_LOSS, "loss", "CF_XDR_ZJLX"));
    assert_int_equal(decode(SZ, out)->subject->document->kind,
                     XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_CITIZEN_ID);
    /* A passport's kind is lost there, and can not be made up again. */
    text = element(element(text, "CF_XDR_ZJLX", "护照号"), "CF_XDR_ZJHM", "E12345678");
    gw_report_init(&report, arena);
    out = encode(SZ, decode(PERSON, text), d);
    assert_true(reported(GW_PROBLEM_LOSS, "loss", "CF_XDR_ZJLX"));
    expect_no(PERSON, decode(SZ, out), d, "target-field-missing", "CF_XDR_ZJLX");
    gw_format_defaults_free(d);
}

/* ---- defaults ---- */

static void test_defaults_are_used_and_reported(void **state)
{
    (void)state;
    struct gw_format_defaults *d = profile_new();
    gw_record *r = decode(ORG, sample(ORG));
    expect_no(ZJ, r, NULL, "target-field-missing", "PUNISH_CASE_CODE");
    gw_report_init(&report, arena);
    char *out = encode(ZJ, r, d);
    assert_non_null(strstr(out, "\"PUNISH_CASE_CODE\":\"C-绍越市监罚字〔2026〕001号\""));
    assert_true(reported(GW_PROBLEM_DEFAULTED, "defaulted", "PUNISH_CASE_CODE"));
    gw_format_defaults_free(d);
}

static void test_defaults_that_may_not_be(void **state)
{
    (void)state;
    static const struct {
        const char *format, *value, *said;
    } row[] = {
        {ZJ, "PUBLICSTATUS = \"已公示\"", "may not be defaulted"},
        {ZJ, "PUBLIC_END_DATE = \"2027-01-01\"", "may not be defaulted"},
        {ZJ, "CASE_PROCESS_TYPE = \"02\"", "may not be defaulted"},
        {ZJ, "FINE = \"1\"", "may not be defaulted"},
        {ZJ, "PUNISH_BASIS = \"x\"", "may not be defaulted"},
        {ORG, "CF_XDR_LB = \"个体工商户\"", "may not be defaulted"},
        {PERMIT, "XK_YXQZI = \"2099/12/31\"", "may not be defaulted"},
        {ORG, "CF_CFJGD = \"x\"", "did you mean CF_CFJG"},
        {ORG, "CF_CFJGDM = \"11330600002500009H\"", "uscc-check"},
        {ORG, "CF_CFJG = \"${penalty.document_nr}\"", "broken ${...}"},
        {ORG, "CF_CFJG = \"${penalty.document_no\"", "broken ${...}"},
        {ORG, "CF_CFJG = \"${decided_on}\"", "broken ${...}"},
        {ORG, "CF_CFJG = 3", "expected a text"},
        {ORG, "CF_XDR_ZJHM = \"1\"", "has no such field"},
        {"national.penalty@2018", "CF_CFJG = \"x\"", "no format"},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        struct gw_buf error;
        enum gw_status st;
        gw_buf_init(&error, 65536);
        char *text = gw_arena_printf(arena, "d = (\n { format = \"%s\"; values = {\n %s; }; } );\n",
                                     row[i].format, row[i].value);
        struct gw_format_defaults *d = defaults_of(text, &error, &st);
        gw_buf_u8(&error, 0);
        if (st != GW_INVALID || strstr((char *)error.ptr, row[i].said) == NULL ||
            strstr((char *)error.ptr, "peer.conf:") == NULL)
            fail_msg("%s: %s", row[i].value, (char *)error.ptr);
        gw_format_defaults_free(d);
        gw_buf_fini(&error);
    }
}

/* ---- grants ---- */

static char *encode_granted(const char *id, const gw_record *r, const char *const *paths,
                            size_t count, enum gw_status *ret)
{
    struct gw_format_fields *fields = NULL;
    struct gw_buf error;
    struct gw_buf b;
    gw_buf_init(&error, 4096);
    gw_buf_init(&b, 1 << 20);
    assert_int_equal(gw_format_fields_new(paths, count, &fields, &error), GW_OK);
    *ret = gw_format_encode(format(id), r, &today, NULL, fields, arena, &report, &b);
    char *s = gw_arena_calloc(arena, 1, b.len + 1);
    if (b.len != 0)
        memcpy(s, b.ptr, b.len);
    gw_format_fields_free(fields);
    gw_buf_fini(&error);
    gw_buf_fini(&b);
    return s;
}

static void test_a_grant_withholds_fields_and_spellings(void **state)
{
    (void)state;
    static const char *const paths[] = {"subject.name", "subject.uscc",  "subject.legal_rep_name",
                                        "authority.*",  "source_unit.*", "penalty.*",
                                        "decided_on",   "publicity_to"};
    enum gw_status st;
    /* The organisation code is no mandatory field; its odd spelling must not slip through either.
     */
    gw_record *r = decode(ORG, element(sample(ORG), "CF_XDR_ZZJG", "ma2tt0013"));
    char *out = encode_granted(ORG, r, paths, GW_ARRAY_LEN(paths), &st);
    assert_int_equal(st, GW_OK);
    assert_null(strstr(out, "MA2TT0013<"));
    assert_null(strstr(out, "ma2tt0013"));
    assert_null(strstr(out, "330602190001019910"));
    assert_true(reported(GW_PROBLEM_WITHHELD, "withheld-field", "CF_XDR_ZZJG"));
    assert_true(reported(GW_PROBLEM_WITHHELD, "withheld-field", "CF_FR_ZJHM"));
    assert_false(reported(GW_PROBLEM_LOSS, "loss", NULL));
    encode_granted(ORG, r, paths, 2, &st);
    assert_int_equal(st, GW_INVALID);
    assert_true(reported(GW_PROBLEM_ERROR, "target-field-missing", "CF_WSH"));
}

static void test_a_grant_over_the_canonical_record(void **state)
{
    (void)state;
    static const char *const paths[] = {"subject.name", "penalty.document_no"};
    enum gw_status st;
    gw_record *r = decode(ORG, element(sample(ORG), "CF_XDR_SHXYM", "91330602ma2tt00136"));
    struct gw_format_fields *fields = NULL;
    struct gw_buf b;
    gw_buf_init(&b, 1 << 20);
    assert_int_equal(gw_format_fields_new(paths, 2, &fields, &b), GW_OK);
    st = gw_format_encode(format(CANON), r, &today, NULL, fields, arena, &report, &b);
    assert_int_equal(st, GW_OK);
    gw_record *back = NULL;
    assert_int_equal(gw_canon_unpack(gw_buf_view(&b), arena, &back), GW_OK);
    assert_string_equal(back->subject->uscc, "");
    assert_int_equal(back->n_extension, 0);
    assert_int_equal(back->subject->subject_class, r->subject->subject_class);
    assert_string_equal(back->penalty->document_no, r->penalty->document_no);
    assert_string_equal(back->penalty->facts, "");
    assert_string_equal(r->subject->uscc, "91330602MA2TT00136");
    gw_format_fields_free(fields);
    gw_buf_fini(&b);
}

static void test_paths_of_grants_are_checked(void **state)
{
    (void)state;
    static const char *const bad[] = {"subject.nam", "penalties.*", "",
                                      ".*",          "subject",     "penalty.kinds.*"};
    for (size_t i = 0; i < GW_ARRAY_LEN(bad); i++) {
        struct gw_format_fields *fields = NULL;
        struct gw_buf error;
        gw_buf_init(&error, 4096);
        assert_int_equal(gw_format_fields_new(&bad[i], 1, &fields, &error), GW_INVALID);
        assert_true(error.len != 0);
        gw_buf_fini(&error);
    }
}

/* ---- what a peer's canonical record may try ---- */

static Xinqiao__V1__Extension extension_of(const char *field, const char *text, bool spelling,
                                           int form)
{
    Xinqiao__V1__Extension e;
    xinqiao__v1__extension__init(&e);
    e.format = (char *)(uintptr_t)ZJ;
    e.field = (char *)(uintptr_t)field;
    e.text = (char *)(uintptr_t)text;
    e.spelling = spelling;
    e.form = (Xinqiao__V1__ExtensionForm)form;
    return e;
}

static void test_extensions_can_not_smuggle(void **state)
{
    (void)state;
    const struct {
        const char *field, *text;
        bool spelling;
        int form;
    } row[] = {
        {"X", "1,\"FINE\":\"0\"", false, GW_FORM_TOKEN},
        {"FINE", "0", false, GW_FORM_TEXT},
        {"FINE", "0", true, GW_FORM_TEXT},
        {"FINE", "20000}", true, GW_FORM_TOKEN},
        {"", "FINE", true, GW_FORM_OMITTED},
        {"PUBLICSTATUS", "已修复", true, GW_FORM_TEXT},
        {"X", "\"a\" ", false, GW_FORM_TOKEN},
        {"X", "", false, 77},
    };
    char *good = sample(ZJ);
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        gw_record *r = decode(ZJ, good);
        Xinqiao__V1__Extension e =
            extension_of(row[i].field, row[i].text, row[i].spelling, row[i].form);
        Xinqiao__V1__Extension *list[] = {&e};
        r->extension = list;
        r->n_extension = 1;
        char *out = encode(ZJ, r, NULL);
        assert_non_null(strstr(out, "\"FINE\":\"20000.00\""));
        assert_non_null(strstr(out, "\"PUBLICSTATUS\":\"已公示\""));
        assert_null(strstr(out, "\"X\""));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_matrix_of_pairs),
        TEST(test_canonical_keeps_everything),
        TEST(test_losses_are_listed_in_the_source_s_names),
        TEST(test_what_must_not_be_lost_is_refused),
        TEST(test_no_column_for_the_state_means_in_force),
        TEST(test_persons_and_organisations_kept_apart),
        TEST(test_procedure_by_article_51),
        TEST(test_no_end_for_kinds_without_duration),
        TEST(test_confiscated_sum_and_parts),
        TEST(test_values_wider_than_the_target),
        TEST(test_traders_without_a_code),
        TEST(test_documents_of_persons),
        TEST(test_defaults_are_used_and_reported),
        TEST(test_defaults_that_may_not_be),
        TEST(test_a_grant_withholds_fields_and_spellings),
        TEST(test_a_grant_over_the_canonical_record),
        TEST(test_paths_of_grants_are_checked),
        TEST(test_extensions_can_not_smuggle),
    };
    return cmocka_run_group_tests(tests, load_all, unload_all);
}
