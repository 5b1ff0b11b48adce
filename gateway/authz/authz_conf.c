/* Reads conf/peers/: one file per peer, named <peer>.conf. Every mistake is named with file and
 * line; one mistake fails the load, because a grant that is half read grants something else. */
#include <stdlib.h>

#include "authz/authz_internal.h"
#include "base/file.h"
#include "base/text.h"
#include "config/config.h"
#include "crypto/crypto.h"

enum {
    ARENA_BUDGET = 32 << 20,
    MAX_PEERS = 4096,
    MAX_GRANTS = 256,
    MAX_NAME = 64,
    MAX_LIST = 64,
    MAX_FIELDS = 256
};

struct peer_text {
    const char *name, *role, *title_zh, *title_en, *org_uscc, *confirmed_by, *format;
    bool production;
    uint32_t max_message_bytes, max_calls;
    const struct gw_config_node *grants, *defaults;
};

#define ROW(field, type, def, min, max, doc)                                                       \
    GW_CONFIG_OPTION(struct peer_text, field, #field, type, def, min, max, true, doc)
static const struct gw_config_option peer_options[] = {
    ROW(name, GW_CONFIG_STRING, NULL, 1, MAX_NAME, "As in the certificate and the file's name."),
    ROW(role, GW_CONFIG_STRING, NULL, 1, MAX_NAME,
        "As in the certificate: xinqiao://<role>/<peer>."),
    ROW(title_zh, GW_CONFIG_STRING, NULL, 1, 200, "Name for people, Chinese."),
    ROW(title_en, GW_CONFIG_STRING, NULL, 1, 200, "Name for people, English."),
    ROW(org_uscc, GW_CONFIG_STRING, NULL, 18, 18, "Its unified social credit code, for the log."),
    ROW(production, GW_CONFIG_BOOL, "true", 0, 0, "Inferred mapping rows need a confirmation."),
    ROW(confirmed_by, GW_CONFIG_STRING, "", 0, 200, "Who confirmed inferred rows, and when."),
    ROW(format, GW_CONFIG_STRING, "", 0, 100, "Format it speaks by default."),
    ROW(max_message_bytes, GW_CONFIG_BYTES, "4 MiB", 1024, 67108864, "Largest message accepted."),
    ROW(max_calls, GW_CONFIG_INT, "64", 1, 10000, "Calls in flight."),
    ROW(grants, GW_CONFIG_NODE, NULL, 0, 0, "What it may do; nothing else."),
    ROW(defaults, GW_CONFIG_NODE, "", 0, 0, "Values for target fields without a source."),
};
#undef ROW

struct grant_text {
    const char *method, *basis;
    struct gw_config_strings kinds, classes, areas, purposes, lists, allow;
    const struct gw_config_node *fields; /* absent is not empty */
};

#define ROW(field, type, def, min, max, doc)                                                       \
    GW_CONFIG_OPTION(struct grant_text, field, #field, type, def, min, max, true, doc)
static const struct gw_config_option grant_options[] = {
    ROW(method, GW_CONFIG_STRING, NULL, 3, 128, "Service/Method or Service/*."),
    ROW(kinds, GW_CONFIG_STRINGS, "", 0, MAX_LIST, "Record kinds; \"*\": all."),
    ROW(classes, GW_CONFIG_STRINGS, "organisation", 0, 3, "Subject classes."),
    ROW(areas, GW_CONFIG_STRINGS, "", 0, MAX_LIST, "Prefixes of area codes; \"*\": all."),
    ROW(purposes, GW_CONFIG_STRINGS, "", 0, MAX_LIST,
        "Purposes; \"*\": any one; none: no purpose is needed, not where records leave."),
    ROW(lists, GW_CONFIG_STRINGS, "", 0, MAX_LIST, "Ids of conf/law/lists.conf; \"*\": all."),
    ROW(allow, GW_CONFIG_STRINGS, "", 0, MAX_LIST, "Words that the method's adapter knows."),
    ROW(fields, GW_CONFIG_NODE, "", 0, 0, "Canonical fields that may leave; absent: all."),
    ROW(basis, GW_CONFIG_STRING, "", 0, 500, "Agreement or statute; a must for persons."),
};
#undef ROW

static const char *const roles[] = {"nation",     "province",    "peer",    "municipal",
                                    "department", "institution", "auditor", "operator"};

/* ---- words ---- */

typedef bool (*char_fn)(unsigned char c);

static bool is_name_char(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

static bool is_code_char(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static bool is_path_char(unsigned char c)
{
    return is_name_char(c) || c == '_' || c == '.' || c == '*';
}

static bool all_chars(const char *s, char_fn ok)
{
    if (*s == '\0')
        return false;
    for (; *s != '\0'; s++) {
        if (!ok((unsigned char)*s))
            return false;
    }
    return true;
}

static bool is_word(const char *s)
{
    return all_chars(s, is_name_char);
}

/* A prefix of GB/T 2260: province, city or county. */
static bool is_area(const char *s)
{
    size_t len = strlen(s);
    return all_chars(s, is_digit) && (len == 2 || len == 4 || len == 6);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_method(const char *s)
{
    const char *slash = strchr(s, '/');
    if (slash == NULL || slash == s)
        return false;
    for (const char *p = s; p < slash; p++) {
        if (!is_letter(*p))
            return false;
    }
    if (strcmp(slash, "/*") == 0)
        return true;
    for (const char *p = slash + 1; *p != '\0'; p++) {
        if (!is_letter(*p))
            return false;
    }
    return slash[1] != '\0';
}

typedef bool (*word_fn)(const char *s);

/* A list of words as one text with spaces between; "*" only when it stands alone. */
static enum gw_status join(struct gw_peer_set *s, const struct gw_config_node *n, const char *name,
                           const struct gw_config_strings *list, word_fn ok, const char *expected,
                           const char **ret, struct gw_buf *err)
{
    size_t size = 1;
    for (size_t i = 0; i < list->count; i++) {
        const char *item = list->items[i];
        if (!ok(item) && !(strcmp(item, "*") == 0 && list->count == 1)) {
            gw_config_node_complain(n, err, "%s: seen \"%s\", expected %s, or \"*\" alone", name,
                                    item, expected);
            return GW_INVALID;
        }
        size += strlen(item) + 1;
    }
    char *text = gw_arena_alloc(s->arena, size);
    if (text == NULL)
        return GW_NOMEM;
    char *at = text;
    for (size_t i = 0; i < list->count; i++) {
        size_t len = strlen(list->items[i]);
        if (i != 0)
            *at++ = ' ';
        memcpy(at, list->items[i], len);
        at += len;
    }
    *at = '\0';
    *ret = text;
    return GW_OK;
}

/* ---- grants ---- */

static const struct gw_config_choice classes[] = {{"organisation", GW_CLASS_ORGANISATION},
                                                  {"sole-trader", GW_CLASS_SOLE_TRADER},
                                                  {"person", GW_CLASS_PERSON},
                                                  {NULL, 0}};

static enum gw_status fields_of(struct gw_peer_set *s, const struct gw_config_node *list,
                                struct gw_grant *g, struct gw_buf *err)
{
    if (list == NULL)
        return GW_OK;
    size_t count = gw_config_node_count(list);
    if (gw_config_node_kind(list) != GW_CONFIG_KIND_LIST || count == 0 || count > MAX_FIELDS) {
        gw_config_node_complain(
            list, err, "expected a list of 1 to %d fields, or no line for all fields", MAX_FIELDS);
        return GW_INVALID;
    }
    const char **field = gw_arena_calloc(s->arena, count, sizeof(*field));
    if (field == NULL)
        return GW_NOMEM;
    for (size_t i = 0; i < count; i++) {
        const struct gw_config_node *item = gw_config_node_at(list, i);
        field[i] = gw_config_node_string(item);
        if (field[i] == NULL || !all_chars(field[i], is_path_char)) {
            gw_config_node_complain(item, err,
                                    "expected a canonical field as \"subject.name\" or "
                                    "\"penalty.*\"");
            return GW_INVALID;
        }
    }
    g->fields = field;
    g->field_count = count;
    return GW_OK;
}

/* Do two purpose lists have a purpose in common ("" needs none, so it meets every one). */
static bool purposes_meet(const char *a, const char *b)
{
    if (a[0] == '\0' || b[0] == '\0' || strcmp(a, "*") == 0 || strcmp(b, "*") == 0)
        return true;
    while (*a != '\0') {
        size_t len = strcspn(a, " ");
        if (gw_authz_has_word(b, gw_bytes_make(a, len)))
            return true;
        a += len + (a[len] == ' ' ? 1 : 0);
    }
    return false;
}

/* Two grants for one method and purpose: which one decides would be chance. */
static enum gw_status check_grant_unique(const struct gw_peer *p, const struct gw_grant *g,
                                         const struct gw_config_node *n, struct gw_buf *err)
{
    for (size_t i = 0; i < p->grant_count; i++) {
        const struct gw_grant *other = &p->grant[i];
        if (strcmp(other->method, g->method) != 0 || !purposes_meet(other->purposes, g->purposes))
            continue;
        gw_config_node_complain(
            n, err,
            "a second grant of %s for the same purpose: join them, or give each "
            "its own purposes",
            g->method);
        return GW_INVALID;
    }
    return GW_OK;
}

/* Methods whose answers carry what is held about a subject; "Service/" is all of a service. */
static const char *const records_leave_by[] = {"RecordExchange/Pull", "ListExchange/Pull",
                                               "ListExchange/Check", "ListExchange/CheckBatch",
                                               "ScoreRecognition/"};

static bool records_leave(const char *pattern)
{
    const size_t service = strcspn(pattern, "/") + 1;
    for (size_t i = 0; i < GW_ARRAY_LEN(records_leave_by); i++) {
        const char *by = records_leave_by[i];
        if (strcmp(pattern, by) == 0 ||
            (strncmp(pattern, by, service) == 0 && (pattern[service] == '*' || by[service] == 0)))
            return true;
    }
    return false;
}

/* "" needs no purpose and allows every one: for what hands out records that must not come of a
 * forgotten line. */
static enum gw_status check_purposes_said(const struct gw_grant *g, const struct gw_config_node *n,
                                          struct gw_buf *err)
{
    if (g->purposes[0] != '\0' || !records_leave(g->method))
        return GW_OK;
    gw_config_node_complain(n, err,
                            "purposes: missing; a grant of %s hands out records: name its purposes "
                            "as [\"credit-supervision\"], or say [\"*\"] for all of them",
                            g->method);
    return GW_INVALID;
}

static enum gw_status load_grant(struct gw_peer_set *s, const struct gw_config_node *n,
                                 const struct gw_peer *p, struct gw_grant *ret, struct gw_buf *err)
{
    struct grant_text t;
    GW_TRY(gw_config_node_fill(n, grant_options, GW_ARRAY_LEN(grant_options), &t, err));
    struct gw_grant g = {.method = t.method, .basis = t.basis, .node = n};
    if (!is_method(t.method)) {
        gw_config_node_complain(n, err,
                                "method: seen \"%s\", expected \"RecordExchange/Pull\" or "
                                "\"RecordExchange/*\"",
                                t.method);
        return GW_INVALID;
    }
    GW_TRY(join(s, n, "kinds", &t.kinds, is_word, "a record kind as \"penalty\"", &g.kinds, err));
    GW_TRY(
        join(s, n, "areas", &t.areas, is_area, "2, 4 or 6 digits of an area code", &g.areas, err));
    GW_TRY(join(s, n, "purposes", &t.purposes, is_word, "a purpose as \"credit-supervision\"",
                &g.purposes, err));
    GW_TRY(join(s, n, "lists", &t.lists, is_word, "a list as \"market-serious\"", &g.lists, err));
    GW_TRY(join(s, n, "allow", &t.allow, is_word, "a word as \"reasons\"", &g.allow, err));
    if (strcmp(g.allow, "*") == 0) {
        gw_config_node_complain(n, err, "allow: seen \"*\", expected each word by itself");
        return GW_INVALID;
    }
    GW_TRY(gw_config_choices_mask(n, "classes", &t.classes, classes, &g.classes, err));
    GW_TRY(fields_of(s, t.fields, &g, err));
    if ((g.classes & GW_CLASS_PERSON) != 0 && t.basis[0] == '\0') {
        gw_config_node_complain(n, err,
                                "basis: a grant for persons must name an agreement or a statute");
        return GW_INVALID;
    }
    GW_TRY(check_grant_unique(p, &g, n, err));
    GW_TRY(check_purposes_said(&g, n, err));
    *ret = g;
    return GW_OK;
}

static enum gw_status load_grants(struct gw_peer_set *s, const struct gw_config_node *root,
                                  const struct gw_config_node *list, struct gw_peer *p,
                                  struct gw_buf *err)
{
    size_t count = gw_config_node_count(list);
    if (list == NULL || gw_config_node_kind(list) != GW_CONFIG_KIND_LIST || count > MAX_GRANTS) {
        gw_config_node_complain(list != NULL ? list : root, err,
                                "grants: expected a list of at most %d grants; () grants nothing",
                                MAX_GRANTS);
        return GW_INVALID;
    }
    struct gw_grant *grant = gw_arena_calloc(s->arena, count, sizeof(*grant));
    if (grant == NULL)
        return GW_NOMEM;
    p->grant = grant;
    enum gw_status st = GW_OK;
    for (size_t i = 0; i < count; i++) {
        enum gw_status one =
            load_grant(s, gw_config_node_at(list, i), p, &grant[p->grant_count], err);
        if (one == GW_OK)
            p->grant_count++;
        else if (st == GW_OK)
            st = one;
    }
    return st;
}

/* ---- peers ---- */

static enum gw_status check_role(const struct gw_config_node *n, const char *role,
                                 struct gw_buf *err)
{
    const char *near = roles[0];
    unsigned best = 64;
    for (size_t i = 0; i < GW_ARRAY_LEN(roles); i++) {
        if (strcmp(roles[i], role) == 0)
            return GW_OK;
        unsigned d = gw_text_distance(gw_bytes_str(roles[i]), gw_bytes_str(role), 64);
        if (d < best) {
            best = d;
            near = roles[i];
        }
    }
    gw_config_node_complain(n, err, "role: seen \"%s\", did you mean \"%s\"?", role, near);
    return GW_INVALID;
}

/* The file's name is the peer's: so two files can not claim one peer. */
static enum gw_status check_name(const struct gw_config_node *n, const char *name, const char *file,
                                 struct gw_buf *err)
{
    size_t stem = strlen(file) - strlen(".conf");
    if (is_word(name) && strlen(name) == stem && memcmp(name, file, stem) == 0)
        return GW_OK;
    gw_config_node_complain(n, err, "name: seen \"%s\", expected the file's own name, \"%.*s\"",
                            name, (int)stem, file);
    return GW_INVALID;
}

static enum gw_status load_peer(struct gw_peer_set *s, const struct gw_config_node *root,
                                const char *file, struct gw_peer *p,
                                const struct gw_config_node **ret_defaults, struct gw_buf *err)
{
    struct peer_text t;
    GW_TRY(gw_config_node_fill(root, peer_options, GW_ARRAY_LEN(peer_options), &t, err));
    GW_TRY(check_name(root, t.name, file, err));
    GW_TRY(check_role(root, t.role, err));
    if (!all_chars(t.org_uscc, is_code_char)) {
        gw_config_node_complain(root, err, "org_uscc: expected a unified social credit code");
        return GW_INVALID;
    }
    p->node = root;
    p->name = t.name;
    p->role = t.role;
    p->title_zh = t.title_zh;
    p->title_en = t.title_en;
    p->org_uscc = t.org_uscc;
    p->production = t.production;
    p->confirmed_by = t.confirmed_by;
    p->format = t.format;
    p->max_message_bytes = t.max_message_bytes;
    p->max_calls = t.max_calls;
    *ret_defaults = t.defaults;
    GW_TRY(load_grants(s, root, t.grants, p, err));
    char *key = gw_arena_printf(s->arena, "%s/%s", p->role, p->name);
    if (key == NULL)
        return GW_NOMEM;
    return gw_map_add(s->by_identity, gw_bytes_str(key), p);
}

/* The set takes the file over, also when it is refused. */
static enum gw_status add_file(struct gw_peer_set *s, struct gw_config *config, const char *file,
                               struct gw_buf *err)
{
    size_t i = s->peer_count++;
    struct gw_peer *p = &s->peer[i];
    s->config[i] = config;
    p->index = i;
    gw_crypto_digest_put(&s->digest_list, gw_config_text(config), "peers/", file);
    return load_peer(s, gw_config_root(config), file, p, &s->defaults[i], err);
}

static enum gw_status load_file(struct gw_peer_set *s, const char *dir, const char *file,
                                struct gw_buf *err)
{
    struct gw_config *config = NULL;
    GW_TRY(gw_config_load_in(dir, file, &config, err));
    return add_file(s, config, file, err);
}

static enum gw_status reserve(struct gw_peer_set *s, size_t count)
{
    s->peer = gw_arena_calloc(s->arena, count, sizeof(*s->peer));
    s->config = gw_arena_calloc(s->arena, count, sizeof(struct gw_config *));
    s->defaults = gw_arena_calloc(s->arena, count, sizeof(struct gw_config_node *));
    return gw_arena_failed(s->arena) ? GW_NOMEM : GW_OK;
}

static enum gw_status load_files(struct gw_peer_set *s, const char *dir, char *const *names,
                                 struct gw_buf *err)
{
    size_t count = 0;
    for (size_t i = 0; names[i] != NULL; i++)
        count += gw_config_is_file_name(names[i]) ? 1 : 0;
    if (count == 0 || count > MAX_PEERS) {
        gw_buf_printf(err, "%s: seen %zu peer files, expected 1 to %d named <peer>.conf\n", dir,
                      count, MAX_PEERS);
        return GW_INVALID;
    }
    GW_TRY(reserve(s, count));
    enum gw_status st = GW_OK;
    for (size_t i = 0; names[i] != NULL; i++) {
        if (!gw_config_is_file_name(names[i]))
            continue;
        enum gw_status one = load_file(s, dir, names[i], err);
        st = st == GW_OK ? one : st;
    }
    return st == GW_OK ? gw_buf_failed(&s->digest_list) : st;
}

void gw_authz_conf_free(struct gw_peer_set *s)
{
    for (size_t i = 0; i < s->peer_count; i++)
        gw_config_free(s->config[i]);
}

static void names_freep(char ***names)
{
    if (*names != NULL)
        gw_file_names_free(*names);
}

static enum gw_status set_new(struct gw_peer_set **ret)
{
    GW_CLEANUP(gw_authz_freep) struct gw_peer_set *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return GW_NOMEM;
    gw_buf_init(&s->digest_list, 1 << 20);
    s->arena = gw_arena_new("peers", ARENA_BUDGET);
    s->by_identity = gw_map_new();
    if (s->arena == NULL || s->by_identity == NULL)
        return GW_NOMEM;
    *ret = gw_steal(&s);
    return GW_OK;
}

enum gw_status gw_authz_parse(const char *file, struct gw_bytes text, struct gw_peer_set **ret,
                              struct gw_buf *ret_error)
{
    GW_CLEANUP(gw_authz_freep) struct gw_peer_set *s = NULL;
    struct gw_config *config = NULL;
    if (GW_BUG_ON(!gw_config_is_file_name(file)))
        return GW_INTERNAL;
    GW_TRY(set_new(&s));
    GW_TRY(reserve(s, 1));
    GW_TRY(gw_config_parse(text, file, &config, ret_error));
    GW_TRY(add_file(s, config, file, ret_error));
    *ret = gw_steal(&s);
    return GW_OK;
}

enum gw_status gw_authz_load(const char *dir, struct gw_peer_set **ret, struct gw_buf *ret_error)
{
    GW_CLEANUP(gw_authz_freep) struct gw_peer_set *s = NULL;
    GW_CLEANUP(names_freep) char **names = NULL;
    GW_TRY(set_new(&s));
    enum gw_status st = gw_file_list(dir, &names);
    if (st != GW_OK) {
        gw_buf_printf(ret_error, "%s: %s\n", dir, gw_status_text(st));
        return st;
    }
    GW_TRY(load_files(s, dir, names, ret_error));
    *ret = gw_steal(&s);
    return GW_OK;
}
