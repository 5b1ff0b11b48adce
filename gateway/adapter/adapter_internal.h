/* Shared inside adapter/: the table of operations that handlers are lent, and the parts of the set,
 * of the files behind it and of what a generation says to adapters. */
#ifndef GW_ADAPTER_INTERNAL_H
#define GW_ADAPTER_INTERNAL_H

#include "adapter/adapter.h"

extern const struct gw_adapter_host gw_adapter_host_ops;

/* Notes a word beside those that the segment has already. */
enum { GW_NOTE_TEXT_MAX = 64, GW_NOTE_BASIS_MAX = 128 }; /* SPEC.md 4.4 */
void gw_adapter_note_word(struct gw_segment *s, const char **noted, const char *word, size_t max);

/* A copy up to the first byte that is not UTF-8: it goes into messages, which must be. */
const char *gw_adapter_keep_text(struct gw_segment *s, const char *text);

/* ---- host_lent.c: operations of 1.2, as in gw_adapter.h ---- */

int32_t gw_adapter_host_record_read(struct gw_adapter_call *c, const char *format,
                                    const uint8_t *bytes, size_t len,
                                    const ProtobufCMessageDescriptor *type,
                                    ProtobufCMessage **ret_record);
int32_t gw_adapter_host_record_admit(struct gw_adapter_call *c, ProtobufCMessage *record);
int32_t gw_adapter_host_record_write(struct gw_adapter_call *c, const ProtobufCMessage *record,
                                     const char *format, uint32_t flags, const uint8_t **ret,
                                     size_t *ret_len);
int32_t gw_adapter_host_finding(struct gw_adapter_call *c, size_t i,
                                struct gw_adapter_finding *ret);
int32_t gw_adapter_host_records_of_subject(
    struct gw_adapter_call *c, const char *kind, const char *id_type, const char *id, size_t len,
    const ProtobufCMessageDescriptor *type,
    int32_t (*fn)(void *arg, const ProtobufCMessage *record, int64_t received_us), void *arg);
const char *gw_adapter_host_covers(struct gw_adapter_call *c, const char *kind, const char *list,
                                   uint32_t class_bit, const char *area);
int32_t gw_adapter_host_granted(struct gw_adapter_call *c, const char *word);
const char *gw_adapter_host_purpose(struct gw_adapter_call *c);
int32_t gw_adapter_host_law_list(struct gw_adapter_call *c, const char *id,
                                 struct gw_adapter_list *ret);
int32_t gw_adapter_host_law_list_at(struct gw_adapter_call *c, size_t i,
                                    struct gw_adapter_list *ret);
int32_t gw_adapter_host_law_measures(struct gw_adapter_call *c, const ProtobufCMessage *record,
                                     const struct gw_adapter_measure **ret, size_t *ret_count);
int32_t gw_adapter_host_law_end(struct gw_adapter_call *c, const ProtobufCMessage *record,
                                uint32_t clock, int32_t *ret_day);
int32_t gw_adapter_host_law_benefit_purpose(struct gw_adapter_call *c, const char *purpose);
const char *gw_adapter_host_log_origin(struct gw_adapter_call *c);
void gw_adapter_host_note_list(struct gw_adapter_call *c, const char *list, const char *version);
void gw_adapter_host_note_agreement(struct gw_adapter_call *c, const char *agreement);
void gw_adapter_host_note_consent(struct gw_adapter_call *c, const char *consent);
void gw_adapter_host_random(struct gw_adapter_call *c, uint8_t *ret, size_t len);
void gw_adapter_host_status_line(struct gw_adapter_call *c, const char *item, const char *state,
                                 const char *zh, const char *en, int32_t red);
void gw_adapter_host_wait_change(struct gw_adapter_call *c, int64_t after, uint32_t timeout_ms);
void *gw_adapter_host_generation(struct gw_adapter_call *c);

/* ---- host_store.c: the store's operations, as in gw_adapter.h ---- */

int32_t gw_adapter_host_sql(struct gw_adapter_call *c, uint32_t statement,
                            const struct gw_adapter_value *params, size_t count,
                            gw_adapter_row_fn *fn, void *arg);
int64_t gw_adapter_host_change_next(struct gw_adapter_call *c);
int64_t gw_adapter_host_change_visible(struct gw_adapter_call *c);
int64_t gw_adapter_host_receipt(struct gw_adapter_call *c);
void gw_adapter_host_key_of(struct gw_adapter_call *c, const char *type, const void *value,
                            size_t len, uint8_t ret[32]);
int32_t gw_adapter_host_seal(struct gw_adapter_call *c, const char *ad, const uint8_t *bytes,
                             size_t len, const uint8_t **ret, size_t *ret_len);
int32_t gw_adapter_host_unseal(struct gw_adapter_call *c, const char *ad, const uint8_t *bytes,
                               size_t len, const uint8_t **ret, size_t *ret_len);
int32_t gw_adapter_host_cursor_seal(struct gw_adapter_call *c, const char *ad, const uint8_t *bytes,
                                    size_t len, const char **ret);
int32_t gw_adapter_host_cursor_open(struct gw_adapter_call *c, const char *ad, const char *text,
                                    const uint8_t **ret, size_t *ret_len);

/* ---- watch.c: around each run of a handler, on its thread ---- */

struct gw_adapter_timing {
    const struct gw_adapter_target *target;
    int64_t since_us, budget_us;
};
struct gw_adapter_timing gw_adapter_enter(const struct gw_adapter_target *t, bool in_tx);
/* False: it took longer than it may. */
bool gw_adapter_leave(const struct gw_adapter_timing *w);

/* Ends the call from our side, if the handler has not: its own failure. */
void gw_adapter_fail(struct gw_adapter_call *c, const char *reason);

/* ---- set.c ---- */

/* gw_adapter_set_add() in two halves: all that is checked, then init(). Between them the options of
 * one from a file are read. `file` and `digest`: of the shared object; NULL: built in. The text of
 * a refusal has no newline. */
GW_MUST_USE enum gw_status gw_adapter_set_enter(struct gw_adapter_set *s,
                                                const struct gw_adapter *a, const char *file,
                                                const struct gw_hash *digest,
                                                struct gw_buf *ret_error);
/* Takes back the one that was entered last and has not been started. */
void gw_adapter_set_leave(struct gw_adapter_set *s);
/* init() of the one that was entered last; taken back when that fails. */
GW_MUST_USE enum gw_status gw_adapter_set_start(struct gw_adapter_set *s, struct gw_buf *ret_error);
/* The set closes it when it is freed; GW_TOO_LARGE when it has no room for another. */
GW_MUST_USE enum gw_status gw_adapter_set_keep(struct gw_adapter_set *s, void *library);
/* load.c: after fini(), with nothing left that points into it. */
void gw_adapter_library_close(void *library);

/* ---- check.c: an adapter's own tables ---- */

/* [a-z][a-z0-9_]{0,31} */
bool gw_adapter_name_ok(const char *name);
/* What an adapter says of itself, apart from services. One sentence. */
GW_MUST_USE enum gw_status gw_adapter_check_tables(const struct gw_adapter *a, bool loaded,
                                                   struct gw_buf *ret_error);

/* ---- descriptors.c: one FileDescriptorSet of all ---- */

struct gw_adapter_descriptors {
    struct gw_buf set;
    struct gw_map *files; /* by name; keys in the set's arena */
    struct gw_arena *arena;
};
GW_MUST_USE enum gw_status gw_adapter_descriptors_init(struct gw_adapter_descriptors *d,
                                                       struct gw_arena *arena);
void gw_adapter_descriptors_fini(struct gw_adapter_descriptors *d);
/* Adds the files that are not there yet. GW_INVALID: no FileDescriptorSet. */
GW_MUST_USE enum gw_status gw_adapter_descriptors_add(struct gw_adapter_descriptors *d,
                                                      struct gw_bytes set);
/* Before its set is added: its services and their methods must stand there, as its rows say them,
 * in files that nobody else has brought. One sentence. */
GW_MUST_USE enum gw_status gw_adapter_descriptors_check(const struct gw_adapter_descriptors *d,
                                                        const struct gw_adapter *a,
                                                        struct gw_buf *ret_error);

/* ---- adapter_conf.c: files of conf/adapters/ ---- */

struct gw_config;
struct gw_adapter_conf {
    const char *name; /* of the file, without .conf */
    const char *file; /* absolute path of the shared object */
    struct gw_config *config;
};
struct gw_adapter_confs {
    struct gw_arena *arena;
    struct gw_adapter_conf *conf;
    size_t count;
    struct gw_buf digests;
};
/* No folder: none. All faults in ret_error, a line each. */
GW_MUST_USE enum gw_status gw_adapter_confs_load(const char *dir, const char *lib,
                                                 struct gw_adapter_confs **ret,
                                                 struct gw_buf *ret_error);
void gw_adapter_confs_free(struct gw_adapter_confs *c);
GW_DEFINE_FREEP(struct gw_adapter_confs, gw_adapter_confs_free)

/* An option as it was read; in the order of the adapter's rows. */
struct gw_adapter_setting {
    int64_t number; /* numbers, durations, bytes */
    const char *text;
    bool flag;
};
/* The adapter's rows themselves. One sentence. */
GW_MUST_USE enum gw_status gw_adapter_conf_check_rows(const struct gw_adapter *a,
                                                      struct gw_buf *ret_error);
/* Reads group `options` by checked rows; unknown names are refused. `*ret` and its texts live as
 * long as `c`. */
GW_MUST_USE enum gw_status gw_adapter_conf_settings(struct gw_adapter_confs *all,
                                                    struct gw_adapter_conf *c,
                                                    const struct gw_adapter *a,
                                                    const struct gw_adapter_setting **ret,
                                                    struct gw_buf *ret_error);
/* "file:line: file: text\n", where the shared object is named. */
void gw_adapter_conf_complain(const struct gw_adapter_conf *c, struct gw_bytes text,
                              struct gw_buf *ret_error);
/* "file:line: path: text\n" of any node; without one, of the whole file. */
void gw_adapter_conf_complain_at(const struct gw_adapter_conf *c,
                                 const struct gw_adapter_node *node, const char *text,
                                 struct gw_buf *ret_error);

/* The operations on nodes, as in gw_adapter.h: a node is a node of config/. */
const struct gw_adapter_node *gw_adapter_node_child(const struct gw_adapter_node *n,
                                                    const char *path);
const struct gw_adapter_node *gw_adapter_node_at(const struct gw_adapter_node *n, size_t i);
size_t gw_adapter_node_count(const struct gw_adapter_node *n);
const char *gw_adapter_node_name(const struct gw_adapter_node *n);
const char *gw_adapter_node_text(const struct gw_adapter_node *n);
int64_t gw_adapter_node_number(const struct gw_adapter_node *n, int64_t fallback);

/* ---- config_view.c: the operations on a configuration, as in gw_adapter.h ---- */

int64_t gw_adapter_view_option_number(const struct gw_adapter_config *g, const char *name);
const char *gw_adapter_view_option_text(const struct gw_adapter_config *g, const char *name);
const struct gw_adapter_node *gw_adapter_view_agreement_at(const struct gw_adapter_config *g,
                                                           size_t i);
int32_t gw_adapter_view_benefit_purpose(const struct gw_adapter_config *g, const char *purpose);
void gw_adapter_view_complain(const struct gw_adapter_config *g, const struct gw_adapter_node *n,
                              const char *text);

#endif
