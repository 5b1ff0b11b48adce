/* Operations of version 1.2 on the data set: statements, change numbers, keys, seals and cursors of
 * the adapter whose handler runs. In a transaction they work on that, else on the thread's reader.
 */
#include "adapter/adapter_internal.h"
#include "base/log.h"

_Static_assert(GW_VALUE_NULL == GW_STORE_NULL && GW_VALUE_NUMBER == GW_STORE_NUMBER &&
                   GW_VALUE_TEXT == GW_STORE_TEXT && GW_VALUE_BLOB == GW_STORE_BLOB,
               "types of values are those of the store");

static struct gw_segment *segment_of(struct gw_adapter_call *c)
{
    GW_MAGIC_CHECK(c, GW_ADAPTER_CALL_MAGIC);
    return c->segment;
}

static struct gw_store_tx *tx_of(struct gw_adapter_call *c)
{
    struct gw_segment *s = segment_of(c);
    return s != NULL ? s->tx : NULL;
}

/* ---- statements ---- */

static const char *statement_name(const struct gw_adapter_call *c, uint32_t statement)
{
    const struct gw_adapter *a = c->target->published;
    return statement < a->statement_count ? a->statements[statement].name : "?";
}

static int32_t fail(const struct gw_adapter_call *c, uint32_t statement, const char *why)
{
    GW_LOG(GW_LOG_ERROR, "adapter", "%s: statement %u (%s): %s", c->target->published->name,
           statement, statement_name(c, statement), why);
    return -1;
}

/* What a status of gw_store_tx_sql() says to the adapter's author. */
static const char *text_of(enum gw_status st)
{
    switch ((int)st) {
    case GW_INVALID:
        return "there is none such, or it takes another number of parameters";
    case GW_PRECONDITION:
        return "it writes and there is no transaction, or it is running";
    case GW_EXISTS:
        return "a constraint of the table";
    case GW_UNSUPPORTED:
        return "it answers a floating-point number";
    case GW_TOO_LARGE:
        return "it takes too long or answers too much for a loop";
    default:
        return gw_status_text(st);
    }
}

struct rows {
    gw_adapter_row_fn *fn;
    void *arg;
};

static bool on_row(void *arg, const struct gw_store_cell *column, size_t count)
{
    const struct rows *r = arg;
    struct gw_adapter_value value[GW_STORE_CELLS_MAX];
    for (size_t i = 0; i < count; i++)
        value[i] = (struct gw_adapter_value){.type = (uint32_t)column[i].type,
                                             .number = column[i].number,
                                             .bytes = column[i].bytes.ptr,
                                             .len = column[i].bytes.len};
    return r->fn(r->arg, value, count) == 0;
}

int32_t gw_adapter_host_sql(struct gw_adapter_call *c, uint32_t statement,
                            const struct gw_adapter_value *params, size_t count,
                            gw_adapter_row_fn *fn, void *arg)
{
    struct gw_store_tx *tx = tx_of(c);
    struct gw_store_cell cell[GW_STORE_CELLS_MAX];
    struct rows rows = {fn, arg};
    gw_store_cells_fn *each = fn != NULL ? on_row : NULL;
    if (count > GW_STORE_CELLS_MAX)
        return fail(c, statement, "too many parameters");
    for (size_t i = 0; i < count; i++) {
        if (params[i].type > GW_VALUE_BLOB)
            return fail(c, statement, "a parameter of no known type");
        cell[i] = (struct gw_store_cell){.type = (enum gw_store_type)params[i].type,
                                         .number = params[i].number,
                                         .bytes = gw_bytes_make(params[i].bytes, params[i].len)};
    }
    if (tx == NULL && c->reader == NULL)
        return fail(c, statement, "the store can not be asked here");
    enum gw_status st =
        tx != NULL
            ? gw_store_tx_sql(tx, c->target->index, statement, cell, count, each, &rows)
            : gw_store_reader_sql(c->reader, c->target->index, statement, cell, count, each, &rows);
    if (st == GW_TOO_LARGE && c->segment != NULL)
        c->segment->over_limit = true;
    return st == GW_OK ? 0 : fail(c, statement, text_of(st));
}

/* ---- changes ---- */

/* The adapter asks for what only a transaction has. */
static int64_t no_transaction(struct gw_adapter_call *c, const char *what)
{
    GW_LOG(GW_LOG_ERROR, "adapter", "%s: %s outside of a transaction", c->target->published->name,
           what);
    if (c->segment != NULL)
        gw_adapter_fail(c, "internal");
    return 0;
}

int64_t gw_adapter_host_change_next(struct gw_adapter_call *c)
{
    struct gw_store_tx *tx = tx_of(c);
    return tx != NULL ? gw_store_change_next(tx) : no_transaction(c, "change_next()");
}

int64_t gw_adapter_host_receipt(struct gw_adapter_call *c)
{
    struct gw_store_tx *tx = tx_of(c);
    return tx != NULL ? gw_store_receipt_use(tx) : no_transaction(c, "receipt()");
}

int64_t gw_adapter_host_change_visible(struct gw_adapter_call *c)
{
    int64_t visible = 0;
    if (tx_of(c) != NULL || c->reader == NULL)
        return gw_store_visible(c->store);
    /* Not a later one than the rows that this turn of the reader sees. */
    return gw_store_reader_visible(c->reader, &visible) == GW_OK ? visible : 0;
}

/* ---- keys, seals, cursors ---- */

void gw_adapter_host_key_of(struct gw_adapter_call *c, const char *type, const void *value,
                            size_t len, uint8_t ret[32])
{
    memset(ret, 0, GW_SHA256_LEN);
    if (gw_store_key_of(c->store, type, gw_bytes_make(value, len), ret) == GW_OK)
        return;
    GW_LOG(GW_LOG_ERROR, "adapter", "%s: key_of() with a type of more than 255 bytes",
           c->target->published->name);
    if (segment_of(c) != NULL)
        gw_adapter_fail(c, "internal");
}

/* A part with its length before it: no two lists of parts read the same. */
static void put_part(struct gw_buf *b, const char *part)
{
    size_t mark = gw_buf_begin_u32be(b);
    gw_buf_str(b, part);
    gw_buf_end_u32be(b, mark);
}

/* What binds a seal: whose it is and what for; a cursor also to the caller. */
static enum gw_status bind(struct gw_adapter_call *c, const char *use, const char *peer,
                           const char *ad, struct gw_buf *ret)
{
    gw_buf_init(ret, 64u << 10);
    put_part(ret, use);
    put_part(ret, c->target->published->name);
    put_part(ret, peer != NULL ? peer : "");
    put_part(ret, ad != NULL ? ad : "");
    return gw_buf_failed(ret);
}

/* A buffer in the segment's memory. */
static enum gw_status room(struct gw_adapter_call *c, size_t size, struct gw_buf *ret)
{
    struct gw_segment *s = segment_of(c);
    void *mem = s != NULL ? gw_arena_alloc(s->arena, size) : NULL;
    if (mem == NULL)
        return GW_NOMEM;
    gw_buf_init_fixed(ret, mem, size);
    return GW_OK;
}

typedef enum gw_status seal_fn(const struct gw_store *s, struct gw_bytes in, struct gw_bytes ad,
                               struct gw_buf *ret);

static int32_t through(struct gw_adapter_call *c, seal_fn *fn, const char *ad, struct gw_bytes in,
                       size_t size, struct gw_bytes *ret)
{
    struct gw_buf bound;
    struct gw_buf out;
    enum gw_status st = bind(c, "seal", NULL, ad, &bound);
    if (st == GW_OK)
        st = room(c, size, &out);
    if (st == GW_OK)
        st = fn(c->store, in, gw_buf_view(&bound), &out);
    gw_buf_fini(&bound);
    if (st != GW_OK)
        return -1;
    *ret = gw_buf_view(&out);
    return 0;
}

int32_t gw_adapter_host_seal(struct gw_adapter_call *c, const char *ad, const uint8_t *bytes,
                             size_t len, const uint8_t **ret, size_t *ret_len)
{
    struct gw_bytes out;
    size_t size;
    if (__builtin_add_overflow(len, (size_t)GW_SEAL_OVERHEAD, &size) ||
        through(c, gw_store_seal, ad, gw_bytes_make(bytes, len), size, &out) != 0)
        return -1;
    *ret = out.ptr;
    *ret_len = out.len;
    return 0;
}

int32_t gw_adapter_host_unseal(struct gw_adapter_call *c, const char *ad, const uint8_t *bytes,
                               size_t len, const uint8_t **ret, size_t *ret_len)
{
    struct gw_bytes out;
    if (through(c, gw_store_unseal, ad, gw_bytes_make(bytes, len), len, &out) != 0)
        return -1;
    *ret = out.ptr;
    *ret_len = out.len;
    return 0;
}

/* As the store has it: sealed 4 KiB at most. */
enum { CURSOR_TEXT_MAX = 4096 / 3 * 4 + 4 };

int32_t gw_adapter_host_cursor_seal(struct gw_adapter_call *c, const char *ad, const uint8_t *bytes,
                                    size_t len, const char **ret)
{
    struct gw_buf bound;
    struct gw_buf out;
    if (len > CURSOR_TEXT_MAX)
        return -1;
    enum gw_status st = bind(c, "cursor", c->peer, ad, &bound);
    if (st == GW_OK)
        st = room(c, (len + GW_SEAL_OVERHEAD) / 3 * 4 + 5, &out);
    if (st == GW_OK)
        st = gw_store_cursor_seal(c->store, gw_bytes_make(bytes, len), gw_buf_view(&bound), &out);
    gw_buf_fini(&bound);
    if (st != GW_OK)
        return -1;
    gw_buf_u8(&out, '\0');
    *ret = (const char *)out.ptr;
    return gw_buf_failed(&out) == GW_OK ? 0 : -1;
}

int32_t gw_adapter_host_cursor_open(struct gw_adapter_call *c, const char *ad, const char *text,
                                    const uint8_t **ret, size_t *ret_len)
{
    struct gw_buf bound;
    struct gw_buf out;
    size_t len = text != NULL ? strnlen(text, CURSOR_TEXT_MAX + 1) : 0;
    if (len == 0 || len > CURSOR_TEXT_MAX)
        return 1;
    enum gw_status st = bind(c, "cursor", c->peer, ad, &bound);
    if (st == GW_OK)
        st = room(c, len, &out);
    if (st == GW_OK)
        st = gw_store_cursor_open(c->store, gw_bytes_make(text, len), gw_buf_view(&bound), &out);
    gw_buf_fini(&bound);
    if (st != GW_OK)
        return st == GW_INVALID ? 1 : -1;
    *ret = out.ptr;
    *ret_len = out.len;
    return 0;
}
