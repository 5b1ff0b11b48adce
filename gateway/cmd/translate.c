/* `xinqiao translate`: a package from one format to another of its kind, offline, record by record.
 * A record that is refused does not stop the others. */
#include "cmd/package.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

enum { ARENA_MAX = 16 * 1024 * 1024, RECORD_MAX = 4 * 1024 * 1024 };

struct translate {
    const struct gw_cmd_ctx *c;
    const struct gw_format *from, *to;
    struct gw_format_defaults *defaults;
    struct gw_arena *arena;
    struct gw_buf record;
    struct gw_cmd_tally tally;
    FILE *report; /* one JSON object a finding */
    FILE *says;   /* where people read the summary */
    uint64_t total, translated;
};

static void report_row(struct translate *t, const struct gw_report *r)
{
    for (const struct gw_problem *p = r->first; t->report != NULL && p != NULL; p = p->next) {
        struct gw_cmd_json j;
        struct gw_buf text;
        gw_buf_init(&text, 4096);
        gw_problem_text(p, TR(t->c, "zh", "en"), &text);
        gw_cmd_json_init(&j);
        gw_cmd_json_open(&j, NULL, '{');
        gw_cmd_json_u64(&j, "row", t->total);
        gw_cmd_json_str(&j, "kind", gw_cmd_kind_code((int)p->kind));
        gw_cmd_json_str(&j, "reason", p->reason->code);
        gw_cmd_json_str(&j, "field", p->field);
        gw_cmd_json_bytes(&j, "text", gw_buf_view(&text));
        gw_cmd_json_close(&j, '}');
        gw_cmd_json_print(&j, t->report);
        gw_buf_fini(&text);
    }
}

/* The reasons of a refused row, at once, for people; not more than a screen of them. */
static void say_refused(const struct translate *t, const struct gw_report *r)
{
    uint64_t refused = t->total - t->translated;
    if (t->c->json || refused > 20)
        return;
    for (const struct gw_problem *p = r->first; p != NULL; p = p->next) {
        if (p->kind != GW_PROBLEM_ERROR)
            continue;
        struct gw_buf text;
        gw_buf_init(&text, 4096);
        gw_problem_text(p, TR(t->c, "zh", "en"), &text);
        fprintf(t->says,
                TR(t->c, "第 %" PRIu64 " 条拒绝：%.*s（%s）\n",
                   "record %" PRIu64 " refused: %.*s (%s)\n"),
                t->total, GW_BYTES_FMT(gw_buf_view(&text)), p->reason->code);
        gw_buf_fini(&text);
    }
    if (refused == 20)
        fputs(TR(t->c, "（其余拒绝的记录见 --report 文件）\n",
                 "(further ones are in the --report file)\n"),
              t->says);
}

static int one(struct translate *t, struct gw_bytes bytes, struct gw_cmd_writer *w)
{
    struct gw_format_clock clock = {gw_clock_wall_us()};
    struct gw_report report;
    gw_arena_reset(t->arena);
    gw_report_init(&report, t->arena);
    gw_buf_reset(&t->record);
    t->total++;
    gw_record *r = NULL;
    enum gw_status st = gw_format_decode(t->from, bytes, &clock, t->arena, &report, &r);
    if (st == GW_OK)
        st = gw_format_encode(t->to, r, &clock, t->defaults, NULL, t->arena, &report, &t->record);
    if (st == GW_OK && !gw_report_has_errors(&report) && gw_buf_failed(&t->record) == GW_OK) {
        int rc = gw_cmd_writer_add(w, gw_buf_view(&t->record));
        if (rc != GW_EXIT_OK)
            return rc;
        t->translated++;
    } else {
        if (!gw_report_has_errors(&report))
            gw_report_add(&report, GW_PROBLEM_ERROR, "internal", "", NULL);
        say_refused(t, &report);
    }
    gw_cmd_tally_report(&t->tally, &report);
    report_row(t, &report);
    return GW_EXIT_OK;
}

static void summary(struct translate *t)
{
    uint64_t refused = t->total - t->translated;
    if (t->c->json) {
        struct gw_cmd_json j;
        gw_cmd_json_init(&j);
        gw_cmd_json_open(&j, NULL, '{');
        gw_cmd_json_str(&j, "from", gw_format_id(t->from));
        gw_cmd_json_str(&j, "to", gw_format_id(t->to));
        gw_cmd_json_u64(&j, "total", t->total);
        gw_cmd_json_u64(&j, "translated", t->translated);
        gw_cmd_json_u64(&j, "refused", refused);
        gw_cmd_tally_json(&t->tally, &j, "findings");
        gw_cmd_json_close(&j, '}');
        gw_cmd_json_print(&j, t->says);
        return;
    }
    fprintf(t->says,
            TR(t->c, "%s → %s：共 %" PRIu64 " 条，转换 %" PRIu64 " 条，拒绝 %" PRIu64 " 条\n",
               "%s -> %s: %" PRIu64 " records, %" PRIu64 " translated, %" PRIu64 " refused\n"),
            gw_format_id(t->from), gw_format_id(t->to), t->total, t->translated, refused);
    gw_cmd_tally_print(t->c, &t->tally, t->says);
}

static int run(struct translate *t, const char *in, const char *out)
{
    struct gw_cmd_reader reader;
    int rc = gw_cmd_reader_open(t->c, t->from, in, &reader);
    if (rc != GW_EXIT_OK)
        return rc;
    struct gw_cmd_writer writer;
    rc = gw_cmd_writer_open(t->c, t->to, &writer);
    if (rc != GW_EXIT_OK) {
        gw_cmd_reader_close(&reader);
        return rc;
    }
    struct gw_cmd_progress bar;
    gw_cmd_progress_begin(&bar, TR(t->c, "转换", "translating"));
    enum gw_status st;
    struct gw_bytes record;
    while (rc == GW_EXIT_OK && (st = gw_cmd_reader_next(&reader, &record)) != GW_NOT_FOUND) {
        rc = st == GW_OK ? one(t, record, &writer) : GW_EXIT_FAILED;
        gw_cmd_progress(&bar, reader.offset, reader.size);
    }
    gw_cmd_progress_end(&bar);
    if (rc == GW_EXIT_OK) {
        char part[4096];
        bool to_stdout = strcmp(out, "-") == 0;
        snprintf(part, sizeof(part), to_stdout ? "%s" : "%s.part", out);
        rc = gw_cmd_writer_save(&writer, part, gw_format_splitter_package(reader.splitter));
        if (rc == GW_EXIT_OK && !to_stdout && rename(part, out) != 0)
            rc = gw_cmd_file_failed(t->c, out, GW_IO);
    }
    gw_cmd_writer_close(&writer);
    gw_cmd_reader_close(&reader);
    if (rc != GW_EXIT_OK)
        return rc;
    summary(t);
    return t->translated == t->total ? GW_EXIT_OK : GW_EXIT_SOME_REFUSED;
}

static const char notes_zh[] =
    "缺省值文件：对接方配置（conf/peers/"
    "*.conf）或只含缺省值的文件，用于目标格式中没有来源的必填字段。\n"
    "退出码：0 全部转换；3 有记录被拒绝；2 用法错误；1 失败（文件不完整、格式目录不可用等）。\n";
static const char notes_en[] =
    "The defaults file is a peer's configuration (conf/peers/*.conf) or a file of defaults only; "
    "it "
    "fills\nmandatory fields of the target that have no source.\n"
    "exit codes: 0 all translated; 3 some records refused; 2 usage; 1 failed (file incomplete, no "
    "formats ...).\n";

int gw_cmd_translate(struct gw_cmd_ctx *c, int argc, char **argv)
{
    const char *from = NULL, *to = NULL, *in = NULL, *out = "-", *formats = NULL, *defaults = NULL,
               *report = NULL;
    const struct gw_cmd_opt opts[] = {
        {GW_OPT_TEXT, "--from", "FORMAT", &from, "源格式编号，如 national.penalty.org@2018",
         "format of the input, e.g. national.penalty.org@2018"},
        {GW_OPT_TEXT, "--to", "FORMAT", &to, "目标格式编号，如 zhejiang.penalty.unified@1",
         "format of the output, e.g. zhejiang.penalty.unified@1"},
        {GW_OPT_TEXT, "--in", "FILE", &in, "数据包或单条记录；- 为标准输入",
         "package or single record; - is standard input"},
        {GW_OPT_TEXT, "--out", "FILE", &out, "输出文件；缺省为标准输出",
         "output file; standard output by default"},
        {GW_OPT_TEXT, "--defaults", "FILE", &defaults, "声明的缺省值", "declared defaults"},
        {GW_OPT_TEXT, "--formats", "DIR", &formats, "格式目录，缺省为 conf/formats",
         "folder of the formats, conf/formats by default"},
        {GW_OPT_TEXT, "--report", "FILE", &report, "逐条问题清单，每行一个 JSON",
         "every finding by row, one JSON object a line"},
        {.type = GW_OPT_END},
    };
    const struct gw_cmd_usage usage = {"--from FORMAT --to FORMAT --in FILE|- [--out FILE|-]", opts,
                                       NULL, notes_zh, notes_en};
    size_t n;
    int rc = gw_cmd_parse(c, &usage, argc, argv, NULL, 0, &n);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    if (from == NULL || to == NULL || in == NULL) {
        gw_cmd_err(c, "--from、--to 和 --in 都必须给出", "--from, --to and --in must be given");
        return gw_cmd_usage_hint(c);
    }
    GW_CLEANUP(gw_format_set_freep) struct gw_format_set *set = NULL;
    rc = gw_cmd_formats_load(c, formats, &set);
    if (rc != GW_EXIT_OK)
        return rc;
    struct translate t = {.c = c, .says = strcmp(out, "-") == 0 ? stderr : stdout};
    t.from = gw_cmd_format_find(c, set, from);
    t.to = t.from != NULL ? gw_cmd_format_find(c, set, to) : NULL;
    if (t.to == NULL)
        return GW_EXIT_USAGE;
    if (!gw_format_pair(t.from, t.to)) {
        gw_cmd_err(c, "%s 与 %s 的信息种类不同，不能互相转换",
                   "%s and %s are of different kinds and can not be translated into each other",
                   from, to);
        return GW_EXIT_USAGE;
    }
    if (defaults != NULL &&
        (rc = gw_cmd_defaults_load(c, set, defaults, &t.defaults)) != GW_EXIT_OK)
        return rc;
    if (report != NULL && (t.report = fopen(report, "we")) == NULL) {
        gw_format_defaults_free(t.defaults);
        return gw_cmd_file_failed(c, report, GW_DENIED);
    }
    t.arena = gw_arena_new("translate", ARENA_MAX);
    gw_buf_init(&t.record, RECORD_MAX);
    gw_cmd_tally_init(&t.tally);
    rc = t.arena != NULL ? run(&t, in, out) : GW_EXIT_FAILED;
    if (t.report != NULL && fclose(t.report) != 0 && rc == GW_EXIT_OK)
        rc = gw_cmd_file_failed(c, report, GW_NOSPACE);
    gw_cmd_tally_fini(&t.tally);
    gw_buf_fini(&t.record);
    gw_arena_free(t.arena);
    gw_format_defaults_free(t.defaults);
    return rc;
}
