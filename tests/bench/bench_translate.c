/* bench: format */
/* Records translated a second and core (CPU time of this thread): national XML to Zhejiang JSON, to
 * protobuf, and back; with all checks and reports, an arena per record as in a call. Arguments:
 * seconds per line (default 2). */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/file.h"
#include "config/config.h"
#include "crypto/crypto.h"
#include "format/format.h"

static struct gw_format_set *set;
static struct gw_format_defaults *defaults;
static const struct gw_format_clock today = {INT64_C(1795406400) * GW_USEC_PER_SEC};

static void must(enum gw_status st, const char *what)
{
    if (st == GW_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, gw_status_text(st));
    exit(1);
}

static double cpu_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void load(void)
{
    static const char profile[] =
        "d = ( { format = \"zhejiang.penalty.unified@1\"; values = {"
        " PUNISH_BASE_INFO_CODE = \"${penalty.document_no}\"; PUNISH_CASE_CODE = "
        "\"${penalty.document_no}\";"
        " PUNISH_ACTION_NAME = \"行政处罚\"; ILLEGAL_BASIS = \"${penalty.basis}\"; }; } );";
    struct gw_buf error;
    struct gw_config *c = NULL;
    gw_buf_init(&error, 1 << 20);
    must(gw_crypto_init(), "crypto");
    must(gw_format_set_load("conf/formats", &set, &error), "conf/formats");
    must(gw_config_parse(gw_bytes_str(profile), "bench", &c, &error), "profile");
    must(gw_format_defaults_load(set, gw_config_node_child(gw_config_root(c), "d"), &defaults,
                                 &error),
         "defaults");
    gw_config_free(c);
    gw_buf_fini(&error);
}

/* NULL target: decode alone. */
static void run(const char *name, const char *from, struct gw_bytes in, const char *to,
                double seconds)
{
    const struct gw_format *f = gw_format_find(set, gw_bytes_str(from), NULL);
    const struct gw_format *t = to != NULL ? gw_format_find(set, gw_bytes_str(to), NULL) : NULL;
    struct gw_arena *arena = gw_arena_new("bench", (size_t)1 << 20);
    struct gw_buf out;
    gw_buf_init(&out, 1 << 20);
    unsigned long n = 0;
    double start = cpu_now();
    double spent = 0;
    while (spent < seconds) {
        for (int i = 0; i < 200; i++, n++) {
            struct gw_report report;
            gw_record *r = NULL;
            gw_arena_reset(arena);
            gw_buf_reset(&out);
            gw_report_init(&report, arena);
            must(gw_format_decode(f, in, &today, arena, &report, &r), name);
            if (t != NULL)
                must(gw_format_encode(t, r, &today, defaults, NULL, arena, &report, &out), name);
        }
        spent = cpu_now() - start;
    }
    printf("%-36s %9.0f records/s  (%zu bytes in, %zu out)\n", name, (double)n / spent, in.len,
           out.len);
    gw_buf_fini(&out);
    gw_arena_free(arena);
}

/* A package of many records, split, checked (count, digest) and decoded. */
static void run_package(const char *name, const char *from, struct gw_bytes record, double seconds)
{
    enum { RECORDS = 2000, PIECE = 65536 };
    const struct gw_format *f = gw_format_find(set, gw_bytes_str(from), NULL);
    struct gw_arena *arena = gw_arena_new("bench", (size_t)1 << 20);
    struct gw_format_package p = {.guid = "bench", .count = RECORDS};
    struct gw_buf file;
    unsigned long n = 0;
    gw_buf_init(&file, (size_t)64 << 20);
    must(gw_format_join_begin(f, &p, &file), name);
    for (uint64_t i = 0; i < RECORDS; i++)
        must(gw_format_join_record(f, i, record, &file), name);
    must(gw_format_join_end(f, &p, &file), name);
    double start = cpu_now();
    double spent = 0;
    for (; spent < seconds; spent = cpu_now() - start) {
        struct gw_format_splitter *s = NULL;
        const char *reason = NULL;
        must(gw_format_splitter_new(f, &s), name);
        for (size_t at = 0; at < file.len; at += PIECE) {
            size_t len = file.len - at < PIECE ? file.len - at : PIECE;
            struct gw_bytes one;
            must(
                gw_format_splitter_feed(s, gw_bytes_make(file.ptr + at, len), at + len == file.len),
                name);
            for (; gw_format_splitter_next(s, &one, &reason) == GW_OK; n++) {
                struct gw_report report;
                gw_record *r = NULL;
                gw_arena_reset(arena);
                gw_report_init(&report, arena);
                must(gw_format_decode(f, one, &today, arena, &report, &r), name);
            }
        }
        must(gw_format_splitter_check(s, &reason), name);
        gw_format_splitter_free(s);
    }
    printf("%-36s %9.0f records/s  (%zu bytes a package)\n", name, (double)n / spent, file.len);
    gw_buf_fini(&file);
    gw_arena_free(arena);
}

static struct gw_bytes read_sample(const char *path, struct gw_buf *b)
{
    gw_buf_init(b, 1 << 20);
    must(gw_file_read(path, b), path);
    return gw_buf_view(b);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 2;
    static const char org[] = "national.penalty.org@2018";
    static const char zj[] = "zhejiang.penalty.unified@1";
    static const char canon[] = "canonical.record@1";
    struct gw_buf xml;
    struct gw_buf json;
    load();
    struct gw_bytes x =
        read_sample("tests/unit/format/samples/national.penalty.org@2018.xml", &xml);
    struct gw_bytes j =
        read_sample("tests/unit/format/samples/zhejiang.penalty.unified@1.json", &json);
    run("xml decode", org, x, NULL, seconds);
    run("xml -> protobuf", org, x, canon, seconds);
    run("xml -> zhejiang json", org, x, zj, seconds);
    run("xml -> xml", org, x, org, seconds);
    run("json decode", zj, j, NULL, seconds);
    run("json -> protobuf", zj, j, canon, seconds);
    run("json -> json", zj, j, zj, seconds);
    run_package("xml package: split + decode", org, x, seconds);
    run_package("json package: split + decode", zj, j, seconds);
    gw_buf_fini(&xml);
    gw_buf_fini(&json);
    gw_format_defaults_free(defaults);
    gw_format_set_free(set);
    return 0;
}
