/* bench: store */
/* What the data set can take and give: puts in jobs of a segment, duplicates, single-record jobs of
 * many callers, changes read, subjects looked up, rows of an adapter. Prints a line per measure;
 * the CPU figure is that of the whole process. Keys are numbered as an authority numbers its
 * documents; subjects and business keys come in no order.
 *
 *   bench_store [records] [job size] [directory]      default 200000 1000 $TMPDIR */
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/store.h"

enum { PACKED_LEN = 300, ORIGINAL_LEN = 640, SINGLES = 20000, CALLERS = 64, LOOKUPS = 200000 };

static struct gw_store *store;
static unsigned long job_size;
static uint32_t class_bit;

static void must(enum gw_status st, const char *what)
{
    if (st == GW_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, gw_status_text(st));
    exit(1);
}

static int64_t cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * GW_USEC_PER_SEC + u.ru_utime.tv_usec +
           u.ru_stime.tv_usec;
}

static int64_t wall_start, cpu_start;

static void begin(void)
{
    wall_start = gw_clock_mono_us();
    cpu_start = cpu_us();
}

static void end(const char *what, unsigned long n)
{
    double wall = (double)(gw_clock_mono_us() - wall_start) / 1e6;
    double cpu = (double)(cpu_us() - cpu_start) / 1e6;
    printf("%-44s %9lu in %7.3f s  %10.0f/s  %6.2f us CPU each\n", what, n, wall, (double)n / wall,
           cpu * 1e6 / (double)n);
    fflush(stdout);
}

struct put_job {
    struct gw_store_job job;
    unsigned long first, count;
    unsigned long new_rows;
    int64_t receipt, change;
    pthread_mutex_t *lock;
    pthread_cond_t *wake;
    unsigned *running;
};

/* Text that does not compress the work away: numbers differ, the rest is filler as of a real
 * document. */
static void fill(char *mem, size_t len, const char *what, unsigned long n)
{
    memset(mem, 'x', len);
    int used = snprintf(mem, len, "{\"%s\":\"%lu\",\"decided\":\"2026-04-01\"", what, n);
    mem[used] = ',';
}

static enum gw_status put_one(struct gw_store_tx *tx, struct put_job *j, unsigned long n,
                              int64_t receipt)
{
    char key[32];
    char subject[32];
    char business[64];
    char packed[PACKED_LEN];
    char original[ORIGINAL_LEN];
    snprintf(key, sizeof(key), "HZ-%012lu", n);
    snprintf(subject, sizeof(subject), "91330500%010lu", n * 2654435761u % 4000000);
    snprintf(business, sizeof(business), "%s|doc %lu|agency|2026-04-01", subject, n);
    fill(packed, sizeof(packed), "p", n);
    fill(original, sizeof(original), "o", n);
    struct gw_store_put p = {
        .source_peer = "hangzhou",
        .kind = "penalty",
        .format = "hangzhou.penalty@1",
        .key = gw_bytes_str(key),
        .original = gw_bytes_make(original, sizeof(original)),
        .packed = gw_bytes_make(packed, sizeof(packed)),
        .class_bit = class_bit,
        .area = "330500",
        .subject_type = "CN-USCC",
        .subject_value = gw_bytes_str(subject),
        .business_key = gw_bytes_str(business),
        .authority_us = INT64_C(1775000000000000),
        .wall_us = gw_clock_wall_us(),
        .receipt = receipt,
    };
    /* The digest is the caller's work, done on a loop; here it only has to differ. */
    memcpy(p.digest.byte, &n, sizeof(n));
    GW_TRY(gw_store_record_put(tx, &p));
    j->new_rows += p.outcome == GW_PUT_NEW;
    return GW_OK;
}

static enum gw_status put_run(struct gw_store_job *job, struct gw_store_tx *tx)
{
    static const uint8_t exchange[16];
    static const uint8_t body[400];
    struct put_job *j = GW_CONTAINER_OF(job, struct put_job, job);
    int64_t receipt = gw_store_receipt_next(tx);
    for (unsigned long i = 0; i < j->count; i++)
        GW_TRY(put_one(tx, j, j->first + i, receipt));
    GW_TRY(
        gw_store_pending_put(tx, exchange, 0, 0, gw_bytes_make(body, sizeof(body)), &j->receipt));
    j->change = gw_store_change_last(tx);
    return GW_OK;
}

static void put_committed(struct gw_store_job *job, enum gw_status st)
{
    struct put_job *j = GW_CONTAINER_OF(job, struct put_job, job);
    must(st, "commit");
    gw_store_visible_advance(store, j->change);
    gw_store_pending_done(store, j->receipt, (uint64_t)j->receipt);
    pthread_mutex_lock(j->lock);
    --*j->running;
    pthread_cond_signal(j->wake);
    pthread_mutex_unlock(j->lock);
}

/* `callers` jobs under way at any time. */
static void put_all(const char *what, unsigned long first, unsigned long total, unsigned long size,
                    unsigned callers)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
    unsigned running = 0;
    size_t jobs = (total + size - 1) / size;
    struct put_job *j = calloc(jobs, sizeof(*j));
    if (j == NULL)
        exit(1);
    begin();
    for (size_t i = 0; i < jobs; i++) {
        j[i] = (struct put_job){.job = {.run = put_run, .committed = put_committed},
                                .first = first + i * size,
                                .count = i + 1 < jobs ? size : total - i * size,
                                .lock = &lock,
                                .wake = &wake,
                                .running = &running};
        pthread_mutex_lock(&lock);
        while (running >= callers)
            pthread_cond_wait(&wake, &lock);
        running++;
        pthread_mutex_unlock(&lock);
        must(gw_store_submit(store, &j[i].job), "submit");
    }
    pthread_mutex_lock(&lock);
    while (running != 0)
        pthread_cond_wait(&wake, &lock);
    pthread_mutex_unlock(&lock);
    end(what, total);
    free(j);
}

static bool count_row(void *arg, const struct gw_store_row *row)
{
    unsigned long *bytes = arg;
    *bytes += row->packed.len;
    return true;
}

static void read_all(const char *what, const char *kind)
{
    struct gw_store_reader *r;
    must(gw_store_reader_open(store, &r), "reader");
    for (int round = 0; round < 2; round++) {
        unsigned long bytes = 0;
        int64_t last = 0;
        bool more = true;
        begin();
        while (more) {
            must(gw_store_changes(r, kind, last, 200, count_row, &bytes, &last, &more), "changes");
            gw_store_reader_turn_end(r);
        }
        if (round == 1)
            end(what, bytes / PACKED_LEN);
    }
    gw_store_reader_close(r);
}

static void look_up(const char *what, const char *kind, unsigned a_turn)
{
    struct gw_store_reader *r;
    unsigned long bytes = 0;
    must(gw_store_reader_open(store, &r), "reader");
    begin();
    for (unsigned long i = 0; i < LOOKUPS; i++) {
        char subject[32];
        snprintf(subject, sizeof(subject), "91330500%010lu", i * 2654435761u % 4000000);
        struct gw_bytes value = gw_bytes_str(subject);
        must(kind == NULL ? gw_store_by_subject(r, "CN-USCC", value, count_row, &bytes)
                          : gw_store_by_subject_kind(r, kind, "CN-USCC", value, count_row, &bytes),
             "look-up");
        if (i % a_turn == 0)
            gw_store_reader_turn_end(r);
    }
    end(what, LOOKUPS);
    gw_store_reader_close(r);
}

/* ---- an adapter ---- */

static const struct gw_store_migration steps[] = {
    {1, "rows", "CREATE TABLE bench_row(k BLOB PRIMARY KEY, change_no INTEGER, t TEXT);"}};
enum { ROW_PUT, ROW_GET };
static const struct gw_store_statement statements[] = {
    {"put", true, "INSERT INTO bench_row(k, change_no, t) VALUES($1, $2, $3)"},
    {"get", false, "SELECT change_no, t FROM bench_row WHERE k = $1 AND change_no <= $2"}};
static const struct gw_store_extension extension = {.name = "bench",
                                                    .migrations = steps,
                                                    .migration_count = GW_ARRAY_LEN(steps),
                                                    .statements = statements,
                                                    .statement_count = GW_ARRAY_LEN(statements)};

static struct gw_store_cell key_cell(unsigned long n, uint8_t mem[GW_SHA256_LEN])
{
    must(gw_store_key_of(store, "CN-USCC", gw_bytes_make(&n, sizeof(n)), mem), "key");
    return (struct gw_store_cell){.type = GW_STORE_BLOB,
                                  .bytes = gw_bytes_make(mem, GW_SHA256_LEN)};
}

struct rows_job {
    struct gw_store_job job;
    unsigned long first, count;
    int64_t receipt, change;
};

static enum gw_status rows_run(struct gw_store_job *job, struct gw_store_tx *tx)
{
    static const uint8_t exchange[16];
    struct rows_job *j = GW_CONTAINER_OF(job, struct rows_job, job);
    for (unsigned long i = 0; i < j->count; i++) {
        uint8_t key[GW_SHA256_LEN];
        j->change = gw_store_change_next(tx);
        const struct gw_store_cell v[] = {
            key_cell(j->first + i, key),
            {.type = GW_STORE_NUMBER, .number = j->change},
            {.type = GW_STORE_TEXT,
             .bytes = GW_BYTES_LIT("a row of some sixty bytes of text, "
                                   "as an entry of a list may have")}};
        GW_TRY(gw_store_tx_sql(tx, 0, ROW_PUT, v, GW_ARRAY_LEN(v), NULL, NULL));
    }
    return gw_store_pending_put(tx, exchange, 0, 0, GW_BYTES_LIT("entry"), &j->receipt);
}

static void adapter_writes(const char *what, unsigned long total)
{
    begin();
    for (unsigned long at = 0; at < total; at += job_size) {
        struct rows_job j = {.job = {.run = rows_run}, .first = at, .count = job_size};
        must(gw_store_run(store, &j.job), "rows");
        gw_store_visible_advance(store, j.change);
        gw_store_pending_done(store, j.receipt, 0);
    }
    end(what, total);
}

static bool count_cells(void *arg, const struct gw_store_cell *v, size_t count)
{
    *(unsigned long *)arg += count == 2 && v[1].bytes.len != 0;
    return true;
}

static void adapter_reads(const char *what, unsigned long total, unsigned a_turn)
{
    struct gw_store_reader *r;
    unsigned long rows = 0;
    must(gw_store_reader_open(store, &r), "reader");
    begin();
    for (unsigned long i = 0; i < LOOKUPS; i++) {
        uint8_t key[GW_SHA256_LEN];
        struct gw_store_cell v[2] = {key_cell(i * 2654435761u % total, key),
                                     {.type = GW_STORE_NUMBER}};
        must(gw_store_reader_visible(r, &v[1].number), "visible");
        must(gw_store_reader_sql(r, 0, ROW_GET, v, 2, count_cells, &rows), "get");
        if (i % a_turn == 0)
            gw_store_reader_turn_end(r);
    }
    end(what, LOOKUPS);
    if (rows != LOOKUPS)
        must(GW_NOT_FOUND, "rows of the adapter");
    gw_store_reader_close(r);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
    (void)st;
    (void)flag;
    (void)f;
    return remove(path);
}

int main(int argc, char **argv)
{
    unsigned long total = argc > 1 ? strtoul(argv[1], NULL, 10) : 200000;
    job_size = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000;
    const char *tmp = argc > 3 ? argv[3] : getenv("TMPDIR");
    char root[256];
    char dir[300];
    char keys[300];
    snprintf(root, sizeof(root), "%s/xinqiao-bench-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (total == 0 || job_size == 0 || mkdtemp(root) == NULL)
        return 1;
    snprintf(dir, sizeof(dir), "%s/store", root);
    snprintf(keys, sizeof(keys), "%s/keys", root);
    must(gw_crypto_init(), "crypto");
    struct gw_store_settings set = gw_store_defaults;
    set.dir = dir;
    set.keys_dir = keys;
    set.extensions = &extension;
    set.extension_count = 1;
    struct gw_buf err;
    gw_buf_init(&err, 1024);
    must(gw_store_open(&set, &store, &err), "open");
    gw_buf_fini(&err);

    class_bit = 1;
    put_all("put, new, organisations", 0, total, job_size, 8);
    put_all("put, repeated", 0, total, job_size, 8);
    class_bit = 4;
    put_all("put, new, persons (sealed)", total, total, job_size, 8);
    put_all("put, single-record jobs, 64 callers", 2 * total, SINGLES, 1, CALLERS);
    read_all("changes, pages of 200 (half of them sealed)", "penalty");
    look_up("by subject, 32 a turn", NULL, 32);
    look_up("by subject, a turn each", NULL, 1);
    look_up("by subject and kind, 32 a turn", "penalty", 32);
    adapter_writes("rows of an adapter, written", total);
    adapter_reads("rows of an adapter, by key, 32 a turn", total, 32);
    begin();
    gw_store_close(store);
    end("close (checkpoint)", 1);
    begin();
    must(gw_store_open(&set, &store, NULL), "open again");
    end("open again", 1);
    gw_store_close(store);
    nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
