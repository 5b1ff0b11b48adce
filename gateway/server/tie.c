/* Log and store belong together: each entry of an exchange has its records there, each record its
 * entry here. When one of the two was moved away or put back from another time, the start is
 * refused: an empty one beside it would serve as if nothing had ever been. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "server/server_internal.h"

static bool has_store(const struct gw_server_settings *s)
{
    char path[PATH_MAX];
    return gw_file_join(path, sizeof(path), s->store_dir, "xinqiao.db") == GW_OK &&
           access(path, F_OK) == 0;
}

/* The log makes more than its lock before the store is made. */
static bool has_log(const struct gw_server_settings *s)
{
    char **names;
    bool found = false;
    if (gw_file_list(s->log_dir, &names) != GW_OK)
        return false;
    for (char **n = names; *n != NULL; n++)
        found = found || (strcmp(*n, "lock") != 0 && (*n)[0] != '.');
    gw_file_names_free(names);
    return found;
}

enum gw_status gw_server_tie_look(const struct gw_server_settings *s, struct gw_buf *ret_error)
{
    if (!has_store(s) || has_log(s))
        return GW_OK;
    gw_buf_printf(ret_error,
                  "数据集 %s 在，而存证日志 %s 不在：请将原日志放回后再启动；未作任何改动。\n"
                  "the store %s is there and the exchange log %s is not: put the log that belongs "
                  "to it back, then start; nothing was changed\n",
                  s->store_dir, s->log_dir, s->store_dir, s->log_dir);
    return GW_CORRUPT;
}

static enum gw_status new_store(struct gw_server *s, struct gw_buf *ret_error)
{
    const struct gw_server_settings *t = &s->settings;
    bool exchanged = false;
    GW_TRY(gw_audit_has_exchange(s->audit, &exchanged));
    if (!exchanged)
        return GW_OK;
    if (t->accept_new_store) {
        GW_LOG(GW_LOG_WARN, "server",
               "accept_new_store: an empty store beside a log with exchanges is taken; set it back "
               "to false");
        gw_audit_alarm(s->audit, "store.new", "accepted");
        return GW_OK;
    }
    gw_buf_printf(
        ret_error,
        "存证日志 %s 记有交换，而数据集 %s 是空的：请将原数据集放回（先移走这个空的）后再启动；"
        "原数据集确已丢失时，在 gateway.conf 设 accept_new_store = true。\n"
        "the exchange log %s has exchanges and the store %s is empty: put the store that belongs "
        "to it back (in place of the empty one), then start; when it is lost for good, set "
        "accept_new_store = true in gateway.conf\n",
        t->log_dir, t->store_dir, t->log_dir, t->store_dir);
    return GW_CORRUPT;
}

enum gw_status gw_server_tie_look_at_log(struct gw_server *s, struct gw_buf *ret_error)
{
    return has_store(&s->settings) || s->settings.accept_new_store ? GW_OK
                                                                   : new_store(s, ret_error);
}

enum gw_status gw_server_tie(struct gw_server *s, struct gw_buf *ret_error)
{
    const struct gw_server_settings *t = &s->settings;
    const char *origin = gw_audit_origin(s->audit);
    const uint64_t size = gw_audit_size(s->audit);
    struct gw_store_log known;
    gw_store_log_known(s->store, &known);
    if (known.blank)
        GW_TRY(new_store(s, ret_error));
    if (known.origin[0] != '\0' && strcmp(known.origin, origin) != 0) {
        gw_buf_printf(ret_error,
                      "数据集 %s 属于存证日志 %s，而 %s 是 %s：请将两者配套放回后再启动。\n"
                      "the store %s belongs to the exchange log %s, and %s is %s: put back the two "
                      "that belong together, then start\n",
                      t->store_dir, known.origin, t->log_dir, origin, t->store_dir, known.origin,
                      t->log_dir, origin);
        return GW_CORRUPT;
    }
    if (known.size > size) {
        gw_buf_printf(ret_error,
                      "存证日志 %s 只有 %" PRIu64 " 条，而数据集 %s 知其至少有 %" PRIu64
                      " 条：日志不全或是旧备份，请放回完整的日志后再启动。\n"
                      "the exchange log %s has %" PRIu64 " entries, the store %s knows of %" PRIu64
                      ": it is cut or an old copy; put the whole log back, then start\n",
                      t->log_dir, size, t->store_dir, known.size, t->log_dir, size, t->store_dir,
                      known.size);
        return GW_CORRUPT;
    }
    return gw_store_log_tie(s->store, origin, size);
}
