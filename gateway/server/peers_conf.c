/* What the peers' files say is held against the methods, the law and the canonical record: a grant
 * that names what is not there grants nothing, and nobody would notice. */
#include <string.h>

#include "base/text.h"
#include "canon/canon.h"
#include "config/config.h"
#include "server/server_internal.h"

enum gw_status gw_server_check_peer(const struct gw_peer *p, struct gw_buf *ret_error)
{
    const char *why = "";
    if (gw_canon_uscc_check(gw_bytes_str(p->org_uscc), false, &why) == GW_OK)
        return GW_OK;
    gw_config_node_complain(gw_config_node_child(p->node, "org_uscc"), ret_error,
                            "seen \"%s\", expected a unified social credit code with "
                            "its check digit (%s)",
                            p->org_uscc, why);
    return GW_INVALID;
}

static bool is_method(const struct gw_adapter_set *adapters, const char *name)
{
    size_t len = strlen(name);
    if (len > 2 && strcmp(name + len - 2, "/*") == 0)
        return true;
    for (size_t i = 0; i < gw_adapter_target_count(adapters); i++)
        if (strcmp(gw_adapter_target_at(adapters, i)->name, name) == 0)
            return true;
    return false;
}

static bool is_kind(struct gw_bytes word)
{
    for (int k = XINQIAO__V1__KIND__KIND_UNSPECIFIED + 1; k < 32; k++)
        if (gw_bytes_eq_str(word, gw_canon_kind_name((Xinqiao__V1__Kind)k)))
            return true;
    return false;
}

enum gw_status gw_server_check_grant(const struct gw_grant *grant,
                                     const struct gw_adapter_set *adapters,
                                     const struct gw_law *law, struct gw_buf *ret_error)
{
    enum gw_status st = GW_OK;
    if (!is_method(adapters, grant->method)) {
        gw_config_node_complain(grant->node, ret_error,
                                "method: seen \"%s\", and there is no such method", grant->method);
        st = GW_INVALID;
    }
    struct gw_bytes rest = gw_bytes_str(grant->kinds), word;
    while (gw_text_word(&rest, &word)) {
        if (gw_bytes_eq_str(word, "*") || is_kind(word))
            continue;
        gw_config_node_complain(grant->node, ret_error, "grant %s: kind %.*s is no kind of record",
                                grant->method, GW_BYTES_FMT(word));
        st = GW_INVALID;
    }
    rest = gw_bytes_str(grant->purposes);
    while (gw_text_word(&rest, &word)) {
        if (gw_bytes_eq_str(word, "*") || gw_law_purpose_find(law, word) != NULL)
            continue;
        gw_config_node_complain(grant->node, ret_error,
                                "grant %s: purpose %.*s is not in law/purposes.conf", grant->method,
                                GW_BYTES_FMT(word));
        st = GW_INVALID;
    }
    return st;
}

enum gw_status gw_server_grant_fields(const struct gw_grant *grant, struct gw_format_fields **ret,
                                      struct gw_buf *ret_error)
{
    struct gw_buf faults;
    gw_buf_init(&faults, 1u << 16);
    enum gw_status st = gw_format_fields_new(grant->fields, grant->field_count, ret, &faults);
    struct gw_bytes rest = gw_buf_view(&faults);
    while (rest.len > 0) {
        const uint8_t *nl = memchr(rest.ptr, '\n', rest.len);
        size_t line = nl != NULL ? (size_t)(nl - rest.ptr) : rest.len;
        gw_config_node_complain(grant->node, ret_error, "%.*s",
                                GW_BYTES_FMT(gw_bytes_make(rest.ptr, line)));
        size_t used = nl != NULL ? line + 1 : line;
        rest = gw_bytes_make(rest.ptr + used, rest.len - used);
    }
    gw_buf_fini(&faults);
    return st;
}
