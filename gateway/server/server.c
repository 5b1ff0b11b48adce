/* Start, signals, reload and the way down. Order of the start: configuration whole, log recovered,
 * store opened, the two reconciled, then and only then sockets. */
#include "server/server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "server/server_internal.h"

static void say(const struct gw_buf *text)
{
    if (text->len > 0)
        fprintf(stderr, "%.*s%s", (int)text->len, (const char *)text->ptr,
                text->ptr[text->len - 1] == '\n' ? "" : "\n");
}

extern const unsigned char gw_proto_fds[];
extern const size_t gw_proto_fds_size;

enum gw_status gw_server_adapters(const struct gw_server_settings *s, struct gw_adapter_set **ret,
                                  struct gw_buf *ret_error)
{
    GW_CLEANUP(gw_adapter_set_freep) struct gw_adapter_set *set = NULL;
    GW_TRY(gw_adapter_set_new(&set));
    GW_TRY(gw_adapter_set_describe(set, gw_bytes_make(gw_proto_fds, gw_proto_fds_size)));
    for (const struct gw_adapter *const *a = gw_service_builtin(); *a != NULL; a++)
        GW_TRY(gw_adapter_set_add(set, *a, ret_error));
    GW_TRY(gw_adapter_set_load(set, s->adapters_dir, s->adapters_lib, ret_error));
    *ret = gw_steal(&set);
    return GW_OK;
}

static size_t loaded_count(const struct gw_adapter_set *s)
{
    size_t n = 0;
    for (size_t i = 0; i < gw_adapter_set_count(s); i++)
        n += gw_adapter_set_at(s, i)->file != NULL;
    return n;
}

/* Would the store take what the adapters keep in it? */
static enum gw_status check_extensions(const struct gw_adapter_set *set, struct gw_buf *ret_text)
{
    const struct gw_store_extension *e;
    size_t count;
    GW_CLEANUP(gw_arena_freep) struct gw_arena *arena = gw_arena_new("extensions", 16u << 20);
    if (arena == NULL)
        return GW_NOMEM;
    GW_TRY(gw_adapter_set_extensions(set, arena, &e, &count));
    return gw_store_extensions_check(e, count, ret_text);
}

enum gw_status gw_server_check(const char *conf, struct gw_buf *ret_text)
{
    GW_CLEANUP(gw_adapter_set_freep) struct gw_adapter_set *adapters = NULL;
    struct gw_generation *g = NULL;
    struct gw_server_settings settings;
    struct gw_config *config = NULL;
    GW_TRY(gw_crypto_init());
    GW_TRY(gw_server_settings_load(conf, &settings, &config, ret_text));
    enum gw_status st = gw_server_adapters(&settings, &adapters, ret_text);
    gw_server_settings_fini(&settings, config);
    GW_TRY(st);
    GW_TRY(check_extensions(adapters, ret_text));
    GW_TRY(gw_generation_new(conf, adapters, &g, ret_text));
    gw_law_warn(g->law, gw_clock_wall_us(), ret_text);
    gw_buf_printf(ret_text,
                  "%s: good: %zu formats (%s), %s, %zu peers, %zu adapters, certificate ends in %d "
                  "days\n",
                  conf, gw_format_count(g->formats), g->mapping, g->call.policy,
                  gw_authz_peer_count(g->peers), loaded_count(adapters),
                  gw_tls_context_days_left(g->tls, gw_clock_wall_us()));
    gw_generation_free(g);
    return GW_OK;
}

/* On the sequencer's thread: SPEC.md 8.3.4. The main thread ends the process; calls get
 * log-unavailable meanwhile. */
static void log_died(void *arg)
{
    struct gw_server *s = arg;
    atomic_store(&s->log_dead, true);
    GW_LOG(GW_LOG_ERROR, "server",
           "the exchange log could not be made durable: stopping, recovery at next start");
    kill(getpid(), SIGTERM);
}

static int exit_of(enum gw_status st)
{
    return st == GW_CORRUPT ? GW_EXIT_LOG_REFUSES : GW_EXIT_OS;
}

static enum gw_status open_store(struct gw_server *s, struct gw_buf *error)
{
    struct gw_store_settings set = s->settings.store;
    s->extensions = gw_arena_new("extensions", 16u << 20);
    if (s->extensions == NULL)
        return GW_NOMEM;
    GW_TRY(gw_adapter_set_extensions(s->adapters, s->extensions, &set.extensions,
                                     &set.extension_count));
    return gw_store_open(&set, &s->store, error);
}

static int open_data(struct gw_server *s, struct gw_buf *error)
{
    enum gw_status st = gw_file_mkdirs(s->settings.keys_dir, 0700);
    if (st == GW_OK)
        st = gw_file_mkdirs(s->settings.log_dir, 0700);
    if (st == GW_OK)
        st = gw_server_tie_look(&s->settings, error);
    if (st == GW_OK)
        st = gw_audit_open(&s->settings.log, &s->audit, error);
    if (st != GW_OK) {
        if (error->len == 0)
            gw_buf_printf(error, "exchange log %s: %s", s->settings.log_dir, gw_status_text(st));
        gw_buf_str(error, "\n");
        return exit_of(st);
    }
    gw_audit_on_dead(s->audit, log_died, s);
    if (gw_audit_recovered(s->audit))
        GW_LOG(
            GW_LOG_WARN, "server",
            "recovered after a crash: the run before this one was not stopped; the log is whole");
    st = gw_server_tie_look_at_log(s, error);
    if (st != GW_OK && error->len > 0)
        return exit_of(st);
    if (st == GW_OK)
        st = open_store(s, error);
    if (st != GW_OK) {
        if (error->len == 0)
            gw_buf_printf(error, "store %s: %s", s->settings.store_dir, gw_status_text(st));
        gw_buf_str(error, "\n");
        return GW_EXIT_OS;
    }
    st = gw_server_tie(s, error);
    if (st != GW_OK && error->len > 0)
        return exit_of(st);
    if (st == GW_OK)
        st = gw_server_reconcile(s);
    if (st == GW_OK)
        st = gw_service_sheet_key_load(s->settings.keys_dir, s->settings.log.host, &s->sheet_key,
                                       s->sheet_vkey);
    if (st == GW_OK)
        st = gw_server_log_generation(s, "config.start");
    if (st != GW_OK) {
        gw_buf_printf(error, "start: %s\n", gw_status_text(st));
        return exit_of(st);
    }
    return 0;
}

/* Gives the generation what lives as long as the process. */
static void lend_process(struct gw_server *s, struct gw_generation *g)
{
    gw_server_place_peers(s, g->peers);
    g->call.views.store = s->store;
    g->call.views.audit = s->audit;
    g->call.views.sheet_key = s->sheet_key;
    g->call.views.sheet_vkey = s->sheet_vkey;
}

static enum gw_status write_line(const char *path, const char *text, const char *separator,
                                 long number)
{
    char line[256];
    if (path == NULL)
        return GW_OK;
    snprintf(line, sizeof(line), "%s%s%ld\n", text, separator, number);
    return gw_file_write_atomic(path, gw_bytes_str(line), 0644);
}

/* What is not there any more is as good. */
static void remove_file(const char *path)
{
    if (path != NULL)
        (void)unlink(path);
}

static int open_loops(struct gw_server *s, struct gw_buf *error)
{
    char address[160];
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    s->loops = s->settings.loops > 0 ? (unsigned)s->settings.loops
               : cores > 0           ? (unsigned)cores
                                     : 1;
    if (s->loops > GW_MAX_LOOPS)
        s->loops = GW_MAX_LOOPS;
    snprintf(address, sizeof(address), "%s", s->settings.address);
    char *colon = strrchr(address, ':');
    enum gw_status free_port = gw_io_listen_probe(address);
    for (unsigned i = 0; i < s->loops; i++) {
        enum gw_status st = free_port;
        if (st == GW_OK)
            st = gw_server_loop_init(s, &s->loop[i], address);
        if (st == GW_EXISTS) {
            gw_buf_printf(error,
                          "listen.address: 另有进程正在监听 %s\n"
                          "listen.address: another process listens on %s\n",
                          address, address);
            return GW_EXIT_OS;
        }
        if (st != GW_OK) {
            gw_buf_printf(error, "listen.address %s: %s\n", address,
                          st == GW_INVALID ? "expected ADDRESS:PORT, as 127.0.0.1:8443"
                                           : gw_status_text(st));
            return GW_EXIT_OS;
        }
        /* Port 0: the others share what the first one got. */
        if (i == 0 && colon != NULL)
            snprintf(colon + 1, sizeof(address) - (size_t)(colon + 1 - address), "%u",
                     gw_io_listener_port(s->loop[0].listener));
    }
    if (colon != NULL)
        *colon = 0;
    if (write_line(s->settings.address_file, address, ":",
                   gw_io_listener_port(s->loop[0].listener)) != GW_OK ||
        write_line(s->settings.pid_file, "", "", (long)getpid()) != GW_OK) {
        gw_buf_printf(error, "address_file or pid_file can not be written\n");
        return GW_EXIT_OS;
    }
    atomic_store(&s->serving, true);
    for (unsigned i = 0; i < s->loops; i++) {
        if (pthread_create(&s->loop[i].thread, NULL, gw_server_loop_main, &s->loop[i]) != 0)
            return GW_EXIT_OS;
        s->loop[i].started = true;
    }
    GW_LOG(GW_LOG_INFO, "server", "serving on %s:%u with %u loops, origin %s", address,
           gw_io_listener_port(s->loop[0].listener), s->loops, gw_audit_origin(s->audit));
    return 0;
}

/* A fault a line in the text log; the first one stays for the operator's status. */
static void note_refused(struct gw_server *s, struct gw_bytes faults)
{
    char when[28];
    struct gw_bytes first = GW_BYTES_NONE;
    gw_clock_rfc3339(gw_clock_wall_us(), when);
    GW_LOG(GW_LOG_ERROR, "server", "reload refused, the old configuration stays");
    while (faults.len > 0) {
        const uint8_t *nl = memchr(faults.ptr, '\n', faults.len);
        struct gw_bytes line =
            gw_bytes_make(faults.ptr, nl != NULL ? (size_t)(nl - faults.ptr) : faults.len);
        GW_LOG(GW_LOG_ERROR, "server", "reload refused: %.*s", GW_BYTES_FMT(line));
        if (first.len == 0)
            first = line;
        size_t used = line.len + (nl != NULL ? 1 : 0);
        faults = gw_bytes_make(faults.ptr + used, faults.len - used);
    }
    first = gw_utf8_cut(first, sizeof(s->reload_refused) - sizeof(when) - 2);
    pthread_mutex_lock(&s->refused_lock);
    snprintf(s->reload_refused, sizeof(s->reload_refused), "%s %.*s", when, GW_BYTES_FMT(first));
    pthread_mutex_unlock(&s->refused_lock);
}

/* Adapters are given another chance with each configuration. */
static void use_adapters(struct gw_server *s, struct gw_generation *g)
{
    const struct gw_call_limits *lim = &g->settings.limits;
    gw_adapter_budgets(lim->adapter_loop_budget_ms, lim->adapter_worker_budget_ms);
    gw_adapter_set_enable(s->adapters);
    if (s->ticker != NULL)
        gw_ticker_use(s->ticker, &g->call);
}

/* On any thread. */
static void method_disabled(void *arg, const struct gw_adapter_target *t)
{
    struct gw_server *s = arg;
    gw_audit_alarm(s->audit, "adapter.disabled", t->name);
}

/* What adapters need beside loops; the work by the clock is done once before anybody is served. */
static enum gw_status open_adapters(struct gw_server *s)
{
    use_adapters(s, s->generation);
    GW_TRY(gw_adapter_watch_start(method_disabled, s));
    GW_TRY(gw_call_workers_new(s->store, s->settings.limits.adapter_workers, &s->workers));
    GW_TRY(gw_ticker_new(s->adapters, s->store, s->audit, &s->generation->call, &s->ticker));
    gw_ticker_run_all(s->ticker);
    return GW_OK;
}

/* All or nothing: what is refused changes nothing. */
static void reload(struct gw_server *s)
{
    struct gw_buf error;
    struct gw_generation *g = NULL;
    gw_buf_init(&error, 1u << 20);
    enum gw_status st = gw_generation_new(s->conf, s->adapters, &g, &error);
    if (st == GW_OK)
        st = gw_server_settings_reloadable(&s->settings, &g->settings, &error);
    struct gw_generation *before = s->generation;
    if (st == GW_OK) {
        lend_process(s, g);
        s->generation = g;
        st = gw_server_log_generation(s, "config.reload");
    }
    if (st != GW_OK) {
        note_refused(s, gw_buf_view(&error));
        s->generation = before;
        gw_generation_free(g);
        gw_buf_fini(&error);
        return;
    }
    gw_generation_commit(g);
    use_adapters(s, g);
    for (unsigned i = 0; i < s->loops; i++)
        if (gw_server_loop_change(&s->loop[i], g, false) != GW_OK)
            GW_LOG(GW_LOG_ERROR, "server", "loop %u keeps the old configuration: out of memory", i);
    gw_call_generation_unref(&before->call);
    s->drain_ms = g->settings.drain_ms;
    gw_log_setup(s->text_log_fd, (enum gw_log_level)g->settings.log_level, false);
    pthread_mutex_lock(&s->refused_lock);
    s->reload_refused[0] = '\0';
    pthread_mutex_unlock(&s->refused_lock);
    GW_LOG(GW_LOG_INFO, "server", "reloaded: %s", g->mapping);
    gw_buf_fini(&error);
}

static void serve_until_told(struct gw_server *s, const sigset_t *set)
{
    for (;;) {
        int sig = 0;
        if (sigwait(set, &sig) != 0)
            continue;
        if (sig == SIGHUP) {
            reload(s);
            continue;
        }
        GW_LOG(GW_LOG_INFO, "server", "stopping: open calls get up to %llu ms",
               (unsigned long long)s->drain_ms);
        return;
    }
}

static void stop(struct gw_server *s)
{
    atomic_store(&s->serving, false);
    if (atomic_load(&s->log_dead))
        s->drain_ms = 1000;
    for (unsigned i = 0; i < s->loops; i++)
        if (s->loop[i].started && gw_server_loop_change(&s->loop[i], NULL, true) != GW_OK)
            _exit(GW_EXIT_OS); /* no memory for 40 bytes: recovery at the next start is the orderly
                                  way */
    for (unsigned i = 0; i < s->loops; i++)
        if (s->loop[i].started)
            pthread_join(s->loop[i].thread, NULL);
    gw_ticker_free(s->ticker);
    s->ticker = NULL;
    if (s->audit != NULL && s->generation != NULL && !atomic_load(&s->log_dead) &&
        gw_server_log_config(s, "config.stop", &s->generation->conf_digest,
                             s->generation->mapping) != GW_OK)
        GW_LOG(GW_LOG_ERROR, "server", "the stop could not be logged");
}

static void server_fini(struct gw_server *s)
{
    gw_call_workers_free(s->workers);
    gw_adapter_watch_stop();
    for (unsigned i = 0; i < s->loops; i++)
        gw_server_loop_fini(&s->loop[i]);
    if (s->store != NULL)
        gw_store_close(s->store);
    gw_arena_free(s->extensions);
    if (s->audit != NULL)
        gw_audit_close(s->audit);
    gw_crypto_sign_key_free(s->sheet_key);
    if (s->generation != NULL)
        gw_call_generation_unref(&s->generation->call);
    gw_adapter_set_free(s->adapters);
    if (s->config != NULL)
        gw_server_settings_fini(&s->settings, s->config);
    pthread_mutex_destroy(&s->refused_lock);
    free(s);
}

/* When it can not be made, opening the file says why. */
static void make_folder_of(const char *path)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path || (size_t)(slash - path) >= sizeof(dir))
        return;
    memcpy(dir, path, (size_t)(slash - path));
    dir[slash - path] = 0;
    (void)!gw_file_mkdirs(dir, 0750);
}

static void log_loaded(const struct gw_adapter_set *set)
{
    for (size_t i = 0; i < gw_adapter_set_count(set); i++) {
        const struct gw_adapter_held *h = gw_adapter_set_at(set, i);
        if (h->file != NULL)
            GW_LOG(GW_LOG_INFO, "server", "adapter %s loaded from %s, ABI %u.%u",
                   h->published->name, h->file, h->published->abi_major, h->published->abi_minor);
    }
}

/* Everything up to the point where signals are waited for; 0 or an exit status, text in `error`. */
static int start(struct gw_server *s, struct gw_buf *error)
{
    if (gw_crypto_init() != GW_OK)
        return GW_EXIT_OS;
    if (gw_server_settings_load(s->conf, &s->settings, &s->config, error) != GW_OK ||
        gw_server_adapters(&s->settings, &s->adapters, error) != GW_OK ||
        gw_generation_new(s->conf, s->adapters, &s->generation, error) != GW_OK)
        return GW_EXIT_CONFIG;
    s->drain_ms = s->settings.drain_ms;
    s->text_log_fd = STDERR_FILENO;
    if (s->settings.text_log != NULL) {
        make_folder_of(s->settings.text_log);
        s->text_log_fd =
            open(s->settings.text_log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
        if (s->text_log_fd < 0) {
            gw_buf_printf(error, "text_log.file %s can not be opened for writing (errno %d)\n",
                          s->settings.text_log, errno);
            return GW_EXIT_OS;
        }
    }
    gw_log_setup(s->text_log_fd, (enum gw_log_level)s->settings.log_level, false);
    log_loaded(s->adapters);
    int rc = open_data(s, error);
    if (rc != 0)
        return rc;
    lend_process(s, s->generation);
    gw_generation_commit(s->generation);
    if (open_adapters(s) != GW_OK)
        return GW_EXIT_OS;
    rc = open_loops(s, error);
    return rc == 0 && gw_ticker_start(s->ticker) != GW_OK ? GW_EXIT_OS : rc;
}

int gw_server_run(const char *conf)
{
    struct gw_server *s = calloc(1, sizeof(*s));
    struct gw_buf error;
    sigset_t set;
    if (s == NULL)
        return GW_EXIT_OS;
    pthread_mutex_init(&s->refused_lock, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    s->conf = conf;
    s->started_us = gw_clock_wall_us();
    gw_buf_init(&error, 1u << 20);
    int rc = start(s, &error);
    say(&error);
    gw_buf_fini(&error);
    if (rc == 0)
        serve_until_told(s, &set);
    stop(s);
    if (rc == 0) {
        remove_file(s->settings.address_file);
        remove_file(s->settings.pid_file);
    }
    if (rc == 0 && atomic_load(&s->log_dead))
        rc = GW_EXIT_LOG_DEAD;
    server_fini(s);
    if (rc == 0)
        GW_LOG(GW_LOG_INFO, "server", "stopped");
    return rc;
}
