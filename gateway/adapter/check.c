/* What an adapter's own tables must be: names, reasons, the pairs that only make sense together.
 * Each refusal is one sentence for who builds the adapter. */
#include <string.h>

#include "adapter/adapter_internal.h"

enum { MAX_NAME = 32, MAX_CODE = 64 /* SPEC.md 4.4 */, MAX_GRPC = 16 };

bool gw_adapter_name_ok(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= MAX_NAME && name[0] >= 'a' && name[0] <= 'z' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

/* "sanction_list" owns "sanction-list-held". */
static bool has_prefix(const char *code, const char *name)
{
    for (; *name != '\0'; name++, code++)
        if (*code != (*name == '_' ? '-' : *name))
            return false;
    return code[0] == '-' && code[1] != '\0';
}

static bool code_ok(const char *code)
{
    size_t len = strlen(code);
    return len <= MAX_CODE && strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789-.") == len;
}

static enum gw_status check_reason(const struct gw_adapter *a, const struct gw_adapter_reason *r,
                                   struct gw_buf *ret_error)
{
    if (r->code == NULL || r->zh == NULL || r->en == NULL || r->zh[0] == '\0' || r->en[0] == '\0') {
        gw_buf_printf(ret_error, "adapter %s: reason %s lacks its Chinese or English text", a->name,
                      r->code != NULL ? r->code : "without a code");
        return GW_INVALID;
    }
    if (!has_prefix(r->code, a->name)) {
        gw_buf_printf(ret_error, "adapter %s: reason %s does not begin with ", a->name, r->code);
        for (const char *p = a->name; *p != '\0'; p++)
            gw_buf_u8(ret_error, *p == '_' ? '-' : (uint8_t)*p);
        gw_buf_u8(ret_error, '-');
        return GW_INVALID;
    }
    if (!code_ok(r->code)) {
        gw_buf_printf(ret_error,
                      "adapter %s: reason %s is not at most %d lower-case letters, digits, \"-\" "
                      "and \".\"",
                      a->name, r->code, MAX_CODE);
        return GW_INVALID;
    }
    if (r->grpc > MAX_GRPC) {
        gw_buf_printf(ret_error, "adapter %s: reason %s has code %u, which is none of gRPC",
                      a->name, r->code, r->grpc);
        return GW_INVALID;
    }
    return GW_OK;
}

static enum gw_status check_counts(const struct gw_adapter *a, struct gw_buf *ret_error)
{
    const struct {
        const char *what;
        const void *rows;
        size_t count;
    } tables[] = {{"services", a->services, a->service_count},
                  {"reasons", a->reasons, a->reason_count},
                  {"options", a->options, a->option_count},
                  {"migrations", a->migrations, a->migration_count},
                  {"statements", a->statements, a->statement_count}};
    enum { MOST = 4096 };
    for (size_t i = 0; i < GW_ARRAY_LEN(tables); i++) {
        if (tables[i].count <= MOST && (tables[i].rows != NULL || tables[i].count == 0))
            continue;
        gw_buf_printf(ret_error, "adapter %s: %zu %s, and no table of as many", a->name,
                      tables[i].count, tables[i].what);
        return GW_INVALID;
    }
    return GW_OK;
}

static enum gw_status check_pairs(const struct gw_adapter *a, bool loaded, struct gw_buf *ret_error)
{
    if (a->descriptor_set == NULL && a->descriptor_set_size != 0) {
        gw_buf_printf(ret_error, "adapter %s: descriptor_set_size without descriptor_set", a->name);
        return GW_INVALID;
    }
    if (loaded && a->service_count != 0 && a->descriptor_set == NULL) {
        gw_buf_printf(ret_error, "adapter %s: services without descriptor_set", a->name);
        return GW_INVALID;
    }
    if (a->tick_ms != 0 && a->tick == NULL) {
        gw_buf_printf(ret_error, "adapter %s: tick_ms without tick()", a->name);
        return GW_INVALID;
    }
    return GW_OK;
}

enum gw_status gw_adapter_check_tables(const struct gw_adapter *a, bool loaded,
                                       struct gw_buf *ret_error)
{
    if (a->name == NULL || !gw_adapter_name_ok(a->name)) {
        gw_buf_printf(ret_error,
                      "adapter's name \"%.*s\" is not a lower-case letter and at most %d letters, "
                      "digits and \"_\" more",
                      a->name != NULL ? (int)strnlen(a->name, 64) : 0,
                      a->name != NULL ? a->name : "", MAX_NAME - 1);
        return GW_INVALID;
    }
    GW_TRY(check_counts(a, ret_error));
    GW_TRY(check_pairs(a, loaded, ret_error));
    for (size_t i = 0; i < a->reason_count; i++)
        GW_TRY(check_reason(a, &a->reasons[i], ret_error));
    return gw_adapter_conf_check_rows(a, ret_error);
}
