/* Loads adapters from files: only what the operator alone can have put there, version first, and
 * refused in one sentence each, told where the configuration names the file. A loaded file stays
 * for the life of the process. */
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapter/adapter_internal.h"
#include "base/file.h"

enum { MAX_LIBRARY = 256 << 20, MAX_SENTENCE = 8192 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif

void gw_adapter_library_close(void *library)
{
#ifdef SANITIZED
    (void)library; /* so that reports at the end of the process keep their names */
#else
    (void)dlclose(library);
#endif
}

/* Who could change it could run anything as us: root and ourselves only, for the file and the
 * folders it lies in. */
static enum gw_status check_owner(const char *what, const char *path, const struct stat *st,
                                  struct gw_buf *error)
{
    if (st->st_uid != 0 && st->st_uid != geteuid()) {
        gw_buf_printf(error, "%s %s belongs to user %u, neither root nor the gateway's: chown it",
                      what, path, (unsigned)st->st_uid);
        return GW_DENIED;
    }
    if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        gw_buf_printf(error, "%s %s may be written by %s: chmod go-w", what, path,
                      (st->st_mode & S_IWOTH) != 0 ? "everybody" : "its group");
        return GW_DENIED;
    }
    return GW_OK;
}

/* The folders above: who may rename in one of them puts another tree in its place. In a sticky one
 * (/tmp) only the owner may. Cuts `path` up to "/". */
static enum gw_status check_above(char *path, struct gw_buf *error)
{
    struct stat st;
    char *slash;
    while (path[1] != '\0' && (slash = strrchr(path, '/')) != NULL) {
        slash[slash == path ? 1 : 0] = '\0';
        if (stat(path, &st) != 0) {
            gw_buf_printf(error, "the folder %s can not be looked at", path);
            return GW_IO;
        }
        if ((st.st_mode & S_ISVTX) != 0)
            st.st_mode &= ~(mode_t)(S_IWGRP | S_IWOTH);
        GW_TRY(check_owner("the folder", path, &st, error));
    }
    return GW_OK;
}

static enum gw_status check_file(const char *path, struct gw_buf *error)
{
    struct stat st;
    char *folder = strdup(path);
    if (folder == NULL)
        return GW_NOMEM;
    char *slash = strrchr(folder, '/');
    slash[slash == folder ? 1 : 0] = '\0';
    enum gw_status good = GW_OK;
    if (stat(path, &st) != 0) {
        gw_buf_printf(error, "there is no file %s", path);
        good = GW_NOT_FOUND;
    } else if (!S_ISREG(st.st_mode)) {
        gw_buf_printf(error, "%s is no regular file", path);
        good = GW_INVALID;
    } else if ((good = check_owner("the file", path, &st, error)) == GW_OK) {
        if (stat(folder, &st) != 0) {
            gw_buf_printf(error, "the folder %s can not be looked at", folder);
            good = GW_IO;
        } else {
            good = check_owner("the folder", folder, &st, error);
            if (good == GW_OK)
                good = check_above(folder, error);
        }
    }
    free(folder);
    return good;
}

static enum gw_status digest_of(const char *path, struct gw_hash *ret, struct gw_buf *error)
{
    struct gw_buf text;
    gw_buf_init(&text, MAX_LIBRARY);
    enum gw_status st = gw_file_read(path, &text);
    if (st == GW_OK)
        gw_crypto_sha256(gw_buf_view(&text), GW_BYTES_NONE, GW_BYTES_NONE, ret);
    else
        gw_buf_printf(error, "%s: %s", path, gw_status_text(st));
    gw_buf_fini(&text);
    return st;
}

/* Links of the path are followed once, so that what is checked is what is loaded. */
static enum gw_status open_library(struct gw_adapter_set *s, const char *file,
                                   gw_adapter_entry_fn **ret_entry, struct gw_hash *ret_digest,
                                   struct gw_buf *error)
{
    char *path = realpath(file, NULL);
    if (path == NULL) {
        gw_buf_printf(error, "there is no file %s", file);
        return GW_NOT_FOUND;
    }
    void *library = NULL;
    enum gw_status st = check_file(path, error);
    if (st == GW_OK)
        st = digest_of(path, ret_digest, error);
    if (st == GW_OK && (library = dlopen(path, RTLD_NOW | RTLD_LOCAL)) == NULL) {
        gw_buf_printf(error, "can not be loaded: %s", dlerror());
        st = GW_INVALID;
    }
    free(path);
    if (st != GW_OK)
        return st;
    st = gw_adapter_set_keep(s, library);
    if (st != GW_OK) {
        gw_adapter_library_close(library);
        gw_buf_printf(error, "there are too many adapters");
        return st;
    }
    *(void **)ret_entry = dlsym(library, GW_ADAPTER_ENTRY);
    if (*ret_entry == NULL) {
        gw_buf_printf(error,
                      "exports no %s, so it is no adapter: define it, with default visibility",
                      GW_ADAPTER_ENTRY);
        return GW_INVALID;
    }
    return GW_OK;
}

/* `sentence` gets ours; faults of options go to ret_error with lines of their own. */
static enum gw_status load(struct gw_adapter_set *s, struct gw_adapter_confs *all,
                           struct gw_adapter_conf *c, struct gw_buf *sentence,
                           struct gw_buf *ret_error)
{
    gw_adapter_entry_fn *entry = NULL;
    struct gw_hash digest;
    GW_TRY(open_library(s, c->file, &entry, &digest, sentence));
    const struct gw_adapter *a = entry();
    if (a == NULL) {
        gw_buf_printf(sentence, "%s() answers nothing", GW_ADAPTER_ENTRY);
        return GW_INVALID;
    }
    GW_TRY(gw_adapter_set_enter(s, a, c->file, &digest, sentence));
    const struct gw_adapter *entered = gw_adapter_set_at(s, gw_adapter_set_count(s) - 1)->published;
    if (strcmp(entered->name, c->name) != 0) {
        gw_buf_printf(sentence, "it is adapter %s, not %s: name the file %s.conf", entered->name,
                      c->name, entered->name);
        gw_adapter_set_leave(s);
        return GW_INVALID;
    }
    const struct gw_adapter_setting *settings;
    enum gw_status st = gw_adapter_conf_settings(all, c, entered, &settings, ret_error);
    if (st != GW_OK) {
        gw_adapter_set_leave(s);
        return st;
    }
    return gw_adapter_set_start(s, sentence);
}

enum gw_status gw_adapter_set_load(struct gw_adapter_set *s, const char *dir, const char *lib,
                                   struct gw_buf *ret_error)
{
    GW_CLEANUP(gw_adapter_confs_freep) struct gw_adapter_confs *all = NULL;
    GW_TRY(gw_adapter_confs_load(dir, lib, &all, ret_error));
    enum gw_status worst = GW_OK;
    for (size_t i = 0; i < all->count; i++) {
        struct gw_buf sentence;
        gw_buf_init(&sentence, MAX_SENTENCE);
        enum gw_status st = load(s, all, &all->conf[i], &sentence, ret_error);
        if (sentence.len > 0)
            gw_adapter_conf_complain(&all->conf[i], gw_buf_view(&sentence), ret_error);
        gw_buf_fini(&sentence);
        worst = st != GW_OK ? st : worst;
    }
    return worst;
}
