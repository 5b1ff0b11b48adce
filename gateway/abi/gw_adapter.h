/* What an adapter compiles against, nothing more (DESIGN section 6). An adapter is a shared object
 * that exports gw_adapter_entry(); the gateway's own services publish the same struct.
 *
 * Versions: 1.0 first form. 1.1 send_receipt_of(); note_batch() in prepare(). 1.2 loaded from
 * files: options, migrations and statements, prepare/commit/abort per configuration generation,
 * tick(), status(), GW_PLACE_WORKER; the host's records, law, store, cursor and configuration
 * operations. Rules: major equal, minor not above the host's; fields are only appended; struct_size
 * says how far a struct reaches, the rest counts as zero. Opaque handles, fixed-width types, no
 * enums by value. */
#ifndef GW_ADAPTER_H
#define GW_ADAPTER_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#define GW_ADAPTER_ABI_MAJOR 1u
#define GW_ADAPTER_ABI_MINOR 2u

struct gw_adapter_call;   /* one RPC, or one run of tick() or status(); lent for its life */
struct gw_adapter_node;   /* a value of a configuration file; lives as long as its generation */
struct gw_adapter_config; /* what one configuration generation says to one adapter */

/* ---- what the host lends --------------------------------------------------------------------- */

/* Answers of send(). */
#define GW_SEND_OK      0 /* accepted; more may be sent */
#define GW_SEND_BLOCKED 1 /* accepted; send no more until writable() is called */

/* Levels of log(). */
#define GW_ADAPTER_LOG_INFO  2
#define GW_ADAPTER_LOG_WARN  3
#define GW_ADAPTER_LOG_ERROR 4

/* ---- 1.2: values that cross the border ---- */

/* A value of a statement. Text is UTF-8 and, in results, borrowed until the row function returns.
 */
#define GW_VALUE_NULL   0u
#define GW_VALUE_NUMBER 1u
#define GW_VALUE_TEXT   2u
#define GW_VALUE_BLOB   3u
struct gw_adapter_value {
    uint32_t type; /* GW_VALUE_* */
    uint32_t reserved;
    int64_t number;
    const uint8_t *bytes;
    size_t len;
};
/* One row of a result; nonzero stops, and sql() answers 0 all the same. */
typedef int32_t gw_adapter_row_fn(void *arg, const struct gw_adapter_value *columns, size_t count);

/* A thing found in, or done to, a record (the contract's Finding). Strings live as long as the
 * segment. */
#define GW_FINDING_ERROR     1u
#define GW_FINDING_WARNING   2u
#define GW_FINDING_LOSS      3u
#define GW_FINDING_DEFAULTED 4u
#define GW_FINDING_REPAIRED  5u
#define GW_FINDING_WITHHELD  6u
#define GW_FINDINGS_MAX      64u
struct gw_adapter_finding {
    uint32_t type; /* GW_FINDING_*: also the numbers of the contract */
    uint32_t row;
    const char *reason, *field, *text_zh, *text_en;
};

/* A legal date as a number: yyyymmdd; 0 absent; GW_DAY_NO_END never. */
#define GW_DAY_NO_END 99991231

/* A row of conf/law/lists.conf. Strings live as long as the call's generation. */
#define GW_LIST_BLACK 1u /* serious breach */
#define GW_LIST_RED   2u /* good faith */
struct gw_adapter_list {
    const char *id, *title_zh, *title_en, *basis;
    uint32_t colour;       /* GW_LIST_* */
    uint32_t public_;      /* 1: published; persons appear masked */
    uint32_t max_age_days; /* without a new version it is stale; 0 never */
    uint32_t reserved;
};
/* A row of conf/law/measures.conf. */
struct gw_adapter_measure {
    const char *id, *content_zh, *basis, *agency, *edition;
};
/* Clocks of a record (DESIGN section 5). */
#define GW_CLOCK_PUBLICITY 1u
#define GW_CLOCK_USE       2u /* end of sharing and use */
#define GW_CLOCK_MEASURE   3u /* end of the listing, or of the measure */
#define GW_CLOCK_RETENTION 4u

/* Flags of record_write(). */
#define GW_WRITE_MASK (1u << 0) /* names and numbers of natural persons masked */

/* Operations on a call, valid in every handler of that call, on the handler's thread only; in
 * cancel() and close(), when there is no segment any more, log() and lend() alone. Strings are
 * copied. */
struct gw_adapter_host {
    uint32_t abi_major, abi_minor;
    size_t struct_size;
    /* Memory that lives as long as the present segment (message and its answers); NULL over budget.
     */
    void *(*alloc)(struct gw_adapter_call *c, size_t size);
    /* Packs and queues one response message. */
    int32_t (*send)(struct gw_adapter_call *c, const ProtobufCMessage *message);
    /* The same for a message that is packed already. */
    int32_t (*send_packed)(struct gw_adapter_call *c, const uint8_t *bytes, size_t len);
    /* send() of a message whose top-level fixed64 field `field` must name the index of this
     * segment's entry in the exchange log: set it to any non-zero value, the host writes the index
     * when the entry is durable. */
    int32_t (*send_receipt)(struct gw_adapter_call *c, const ProtobufCMessage *message,
                            uint32_t field);
    /* Ends the call with a public reason ("ok" for success). Nothing may be sent after it. */
    void (*finish)(struct gw_adapter_call *c, const char *reason);
    /* Adds a parameter to the reason's texts ({name}): a code or a field name, never data. Before
     * finish(). */
    void (*parameter)(struct gw_adapter_call *c, const char *name, const char *value);
    /* Adds a field violation to the error details. Before finish(). */
    void (*violation)(struct gw_adapter_call *c, const char *field, const char *reason);
    /* The call's clock: microseconds since 1970 UTC; fixed for the segment. */
    int64_t (*now_us)(struct gw_adapter_call *c);
    /* Evidence: what the entry of this segment says. */
    void (*note_subject)(struct gw_adapter_call *c, const char *type, const char *value,
                         size_t len);
    /* Formats, kinds and bases are codes; those of a segment stand in its entry side by side. A
     * batch stands there when the segment had one only. 1.1: noted in prepare(), a message of
     * another batch than those before it begins a new segment, so that each entry names its batch;
     * prepare() runs once more for it then. */
    void (*note_formats)(struct gw_adapter_call *c, const char *source, const char *target);
    void (*note_kind)(struct gw_adapter_call *c, const char *record_kind, const char *legal_basis);
    void (*note_batch)(struct gw_adapter_call *c, const uint8_t id[16]);
    void (*note_counts)(struct gw_adapter_call *c, uint32_t records, uint32_t refused);
    void (*note_reason)(struct gw_adapter_call *c, const char *reason);
    void (*log)(struct gw_adapter_call *c, int32_t level, const char *text);
    /* Things lent by number (GW_LEND_*); NULL when this host does not lend it here. */
    const void *(*lend)(struct gw_adapter_call *c, uint32_t what);
    /* GW_PLACE_LOOP methods that answer with a stream: a long stretch of work without output gives
     * the loop back here and returns; writable() is called again soon, as if send() had blocked.
     * Last thing a handler does. */
    void (*again)(struct gw_adapter_call *c);
    /* 1.1: send_receipt() for an answer that was proven before: the host writes `entry`, the index
     * of that entry; where it is not known yet (UINT64_MAX), the index of the entry that the
     * store's receipt id `receipt` stands for, or of this segment's when that is not to be had. As
     * with send_receipt(), this segment's commitment covers the eight bytes as zero. */
    int32_t (*send_receipt_of)(struct gw_adapter_call *c, const ProtobufCMessage *message,
                               uint32_t field, uint64_t entry, int64_t receipt);

    /* ---- 1.2 ---- */

    /* Records. The engine and the law's tables behind them are those of the call's generation.
     * What these three find is asked for by finding(); the next of them begins anew. 0: good;
     * 1: refused, an error is among the findings; -1: no memory, or a fault of ours: return it.
     *
     * Reads one record of `format` and checks it by the format's rules. *ret_record is a message
     * of `type`, which is your own generated descriptor of xinqiao.v1.Record; in the segment's
     * memory. Pure: also in prepare(). */
    int32_t (*record_read)(struct gw_adapter_call *c, const char *format, const uint8_t *bytes,
                           size_t len, const ProtobufCMessageDescriptor *type,
                           ProtobufCMessage **ret_record);
    /* Asks the caller's grant and the law whether the record may come in: kind, class and area; for
     * a list entry also list, competent body, basis and every measure. Sets legal_basis and, where
     * the record does not say it, the end that the row of the law gives. */
    int32_t (*record_admit)(struct gw_adapter_call *c, ProtobufCMessage *record);
    /* Writes a record in `format`, as far as grant and law let it leave. */
    int32_t (*record_write)(struct gw_adapter_call *c, const ProtobufCMessage *record,
                            const char *format, uint32_t flags, const uint8_t **ret,
                            size_t *ret_len);
    /* The i-th finding of the last record operation, errors first; nonzero: there is none. A
     * record has GW_FINDINGS_MAX at most, however much is wrong with it. */
    int32_t (*finding)(struct gw_adapter_call *c, size_t i, struct gw_adapter_finding *ret);
    /* Records of a kind that RecordExchange has taken about a subject, latest state each, as far
     * as visible; not in WRITER methods. `type` as above; the record is lent to `fn`, which stops
     * by nonzero. 0, or -1. */
    int32_t (*records_of_subject)(
        struct gw_adapter_call *c, const char *kind, const char *id_type, const char *id,
        size_t len, const ProtobufCMessageDescriptor *type,
        int32_t (*fn)(void *arg, const ProtobufCMessage *record, int64_t received_us), void *arg);

    /* Access. NULL when the caller's grant covers it, else the public reason of withholding.
     * `list` and `area` may be NULL: any. class_bit: 1 organisation, 2 sole trader, 4 person. */
    const char *(*covers)(struct gw_adapter_call *c, const char *kind, const char *list,
                          uint32_t class_bit, const char *area);
    /* Is the word among the grant's `allow`: 1 or 0. An adapter's words are documented by it. */
    int32_t (*granted)(struct gw_adapter_call *c, const char *word);
    /* "" when none was given. */
    const char *(*purpose)(struct gw_adapter_call *c);

    /* Law. Rows in force at the call's time. 0; 1: there is no such row (for law_end: no such
     * clock). law_measures: those that may be imposed on the subject of this record today. */
    int32_t (*law_list)(struct gw_adapter_call *c, const char *id, struct gw_adapter_list *ret);
    int32_t (*law_list_at)(struct gw_adapter_call *c, size_t i, struct gw_adapter_list *ret);
    int32_t (*law_measures)(struct gw_adapter_call *c, const ProtobufCMessage *record,
                            const struct gw_adapter_measure **ret, size_t *ret_count);
    int32_t (*law_end)(struct gw_adapter_call *c, const ProtobufCMessage *record, uint32_t clock,
                       int32_t *ret_day);
    /* Is it a purpose that is in force and may be granted for benefits (denies, prices or ranks no
     * basic service): 1 or 0. */
    int32_t (*law_benefit_purpose)(struct gw_adapter_call *c, const char *purpose);

    /* Store. `statement` is the index of a row of the adapter's `statements`, `count` the number of
     * its parameters. In WRITER methods and tick() everything is part of the host's transaction;
     * elsewhere statements that write are refused, and on loops those that take long or answer many
     * rows (options store.query_steps and store.query_rows): page by a key and LIMIT.
     * Floating-point results are refused. 0, or -1, a broken constraint too: return it; the text
     * log says why. */
    int32_t (*sql)(struct gw_adapter_call *c, uint32_t statement,
                   const struct gw_adapter_value *params, size_t count, gw_adapter_row_fn *fn,
                   void *arg);
    /* The next change number, in commit order over all adapters and records; in transactions only.
     * A tick() that took one, or receipt(), must note counts: without an entry it is undone. */
    int64_t (*change_next)(struct gw_adapter_call *c);
    /* Readers treat rows with a higher change number as not there yet: their entry in the log is
     * not durable. */
    int64_t (*change_visible)(struct gw_adapter_call *c);
    /* The receipt id of this transaction's entry, for send_receipt_of() of later duplicates. */
    int64_t (*receipt)(struct gw_adapter_call *c);
    /* HMAC under the data set's key: how a subject or another value that names a person is looked
     * up; the same in all adapters. `type` as for note_subject(), or a word of your own, of 255
     * bytes at most. */
    void (*key_of)(struct gw_adapter_call *c, const char *type, const void *value, size_t len,
                   uint8_t ret[32]);
    /* Sealed under the data set's key; `ad` is what it is for and must be the same to open it. 0,
     * or -1. Results in the segment's memory. */
    int32_t (*seal)(struct gw_adapter_call *c, const char *ad, const uint8_t *bytes, size_t len,
                    const uint8_t **ret, size_t *ret_len);
    int32_t (*unseal)(struct gw_adapter_call *c, const char *ad, const uint8_t *bytes, size_t len,
                      const uint8_t **ret, size_t *ret_len);
    /* The same as a text that a caller keeps and brings back; also bound to the caller. 1: not
     * ours, or of another caller or `ad`. */
    int32_t (*cursor_seal)(struct gw_adapter_call *c, const char *ad, const uint8_t *bytes,
                           size_t len, const char **ret);
    int32_t (*cursor_open)(struct gw_adapter_call *c, const char *ad, const char *text,
                           const uint8_t **ret, size_t *ret_len);
    void (*random)(struct gw_adapter_call *c, uint8_t *ret, size_t len);
    /* Name of this gateway's log, for receipts. */
    const char *(*log_origin)(struct gw_adapter_call *c);

    /* Evidence. A consent enters as its keyed digest. */
    void (*note_list)(struct gw_adapter_call *c, const char *list, const char *version);
    void (*note_agreement)(struct gw_adapter_call *c, const char *agreement);
    void (*note_consent)(struct gw_adapter_call *c, const char *consent);

    /* Streams of LOOP methods: as again(), but writable() is called when a change later than
     * `after` is visible, or after `timeout_ms`. Last thing a handler does. */
    void (*wait_change)(struct gw_adapter_call *c, int64_t after, uint32_t timeout_ms);

    /* status(): one line of it. `red`: somebody must do something about it. */
    void (*status_line)(struct gw_adapter_call *c, const char *item, const char *state,
                        const char *zh, const char *en, int32_t red);

    /* Configuration. The state that prepare() made for the call's generation. */
    void *(*generation)(struct gw_adapter_call *c);
    /* Options by name, as the adapter's rows declare them (durations in milliseconds, flags 0/1).
     */
    int64_t (*option_number)(const struct gw_adapter_config *g, const char *name);
    const char *(*option_text)(const struct gw_adapter_config *g, const char *name);
    /* Files of conf/agreements/: checked for id, parties, purposes, dates, source and certainty;
     * `terms` is for adapters. NULL past the end. */
    const struct gw_adapter_node *(*agreement_at)(const struct gw_adapter_config *g, size_t i);
    /* Is the purpose code a row of the law and grantable for benefits: 1 or 0. */
    int32_t (*config_benefit_purpose)(const struct gw_adapter_config *g, const char *purpose);
    /* Nodes. NULL is an empty node everywhere. Member by name ("terms.bands"), by place; how many;
     * its text (NULL: is none); its number or flag (fallback: is none). */
    const struct gw_adapter_node *(*node_child)(const struct gw_adapter_node *n, const char *path);
    const struct gw_adapter_node *(*node_at)(const struct gw_adapter_node *n, size_t i);
    size_t (*node_count)(const struct gw_adapter_node *n);
    const char *(*node_name)(const struct gw_adapter_node *n);
    const char *(*node_text)(const struct gw_adapter_node *n);
    int64_t (*node_number)(const struct gw_adapter_node *n, int64_t fallback);
    /* A fault of the configuration, told with the node's file and line; prepare() then returns
     * nonzero. */
    void (*complain)(const struct gw_adapter_config *g, const struct gw_adapter_node *n,
                     const char *text);
};

/* Lends 1..99 are part of this ABI; from 100 on they are between the gateway and its own services.
 */
#define GW_LEND_PEER_NAME 1u /* const char *: registered name of the caller */

/* ---- what an adapter publishes ----------------------------------------------------------------
 */

#define GW_STREAM_UNARY  0u
#define GW_STREAM_CLIENT 1u
#define GW_STREAM_SERVER 2u
#define GW_STREAM_BIDI   3u

#define GW_PLACE_LOOP   0u /* on the call's loop: must not block, point reads only */
#define GW_PLACE_WRITER 1u /* message() and half_close() inside the store's transaction */
#define GW_PLACE_WORKER 2u /* 1.2: may take long: on a thread of the worker pool, unary only */

#define GW_METHOD_IDEMPOTENT (1u << 0)
#define GW_METHOD_EXEMPT     (1u << 1) /* no entry in the exchange log: health and reflection only */

#define GW_METHOD_WHEN_LOW                                                                         \
    (1u << 2) /* answers also when the disk is low: what an operator needs then */

/* 1.2: now and then one of its transactions takes as long as a worker may; no other write happens
 * meanwhile. */
#define GW_METHOD_LONG (1u << 3)

/* Handlers of one method. All but message() may be NULL. Return values: 0, or nonzero to end the
 * call with reason "internal" (the handler has failed in a way it can not name). */
struct gw_adapter_method {
    const char *name;           /* "Push" */
    uint32_t streaming;         /* GW_STREAM_* */
    uint32_t place;             /* GW_PLACE_* */
    uint32_t flags;             /* GW_METHOD_* */
    uint32_t max_message_bytes; /* 0: the configured default */
    /* The call begins; *ret_state is the adapter's own. */
    int32_t (*open)(void *adapter, struct gw_adapter_call *c, void **ret_state);
    /* GW_PLACE_WRITER only: pure work on one message before the transaction, on the loop, perhaps
     * while message() of an earlier one runs: may touch the message and alloc(), not the state.
     * *ret_item comes back in message(). */
    int32_t (*prepare)(void *adapter, struct gw_adapter_call *c, const ProtobufCMessage *message,
                       void **ret_item);
    int32_t (*message)(void *adapter, struct gw_adapter_call *c, void *state,
                       const ProtobufCMessage *message, void *item);
    /* The caller has sent its last message. */
    int32_t (*half_close)(void *adapter, struct gw_adapter_call *c, void *state);
    /* GW_PLACE_LOOP: there is room to send again. */
    int32_t (*writable)(void *adapter, struct gw_adapter_call *c, void *state);
    /* The call was cancelled or ran out of time: send nothing more. close() follows. */
    void (*cancel)(void *adapter, struct gw_adapter_call *c, void *state);
    /* Last: free the state. On the loop. */
    void (*close)(void *adapter, struct gw_adapter_call *c, void *state);
};

struct gw_adapter_service {
    const ProtobufCServiceDescriptor *descriptor; /* as protoc-c generated it */
    const struct gw_adapter_method *methods;
    size_t method_count;
};

struct gw_adapter_reason {
    /* Lower-case letters, digits, '-' and '.', prefixed with the adapter's name, in which a '_' is
     * written '-': "sanction-list-held". At most 64 bytes: the exchange log says it. */
    const char *code;
    uint32_t grpc; /* 0: a note, no refusal: for note_reason() and answers of your own */
    uint32_t retry_ms;
    const char *zh, *en;
};

/* 1.2: an option of conf/adapters/<adapter>.conf, group `options`. */
#define GW_OPTION_NUMBER   0u /* 128 */
#define GW_OPTION_FLAG     1u /* true */
#define GW_OPTION_TEXT     2u /* "text"; min and max count bytes */
#define GW_OPTION_DURATION 3u /* "5s"; min and max in milliseconds */
#define GW_OPTION_BYTES    4u /* "64 MiB" */
struct gw_adapter_option {
    const char *name;
    uint32_t type; /* GW_OPTION_* */
    uint32_t reserved;
    const char *default_text; /* as in the file, without quotes; NULL: it must be given */
    int64_t min, max;         /* both 0: no bounds */
    const char *doc;          /* one English sentence */
};

/* 1.2: a step of the adapter's schema, numbered from 1 without gaps; runs once, in a transaction. A
 * step that was released is never edited. Tables and indexes begin with "<adapter>_". */
struct gw_adapter_migration {
    uint32_t number;
    uint32_t reserved;
    const char *title, *sql; /* common subset of SQLite and PostgreSQL; statements end with ';' */
};
/* 1.2: a statement, prepared at start: a bad one fails the load. $1, $2 ...; sees and touches the
 * adapter's own tables only. */
struct gw_adapter_statement {
    const char *name;
    uint32_t writes; /* 1: changes rows */
    uint32_t reserved;
    const char *sql;
};

struct gw_adapter {
    uint32_t abi_major, abi_minor; /* first and frozen */
    size_t struct_size;
    const char *name;
    const char *description;
    const struct gw_adapter_service *services;
    size_t service_count;
    const uint8_t *descriptor_set; /* serialized FileDescriptorSet of its services */
    size_t descriptor_set_size;
    const struct gw_adapter_reason *reasons;
    size_t reason_count;
    int32_t (*init)(const struct gw_adapter_host *host, void **ret_adapter);
    void (*fini)(void *adapter);

    /* ---- 1.2; all may be NULL or 0 ---- */
    const struct gw_adapter_option *options;
    size_t option_count;
    const struct gw_adapter_migration *migrations;
    size_t migration_count;
    const struct gw_adapter_statement *statements;
    size_t statement_count;
    /* A new configuration, checked whole before it is used: prepare() compiles what the adapter
     * needs of it into *ret_state and complains about what is wrong (nonzero: the configuration is
     * refused). Then commit() when it is activated, or abort(), which frees the state. release()
     * frees the state of a committed one when its last call has ended. */
    int32_t (*prepare)(void *adapter, const struct gw_adapter_config *g, void **ret_state);
    void (*commit)(void *adapter, void *state);
    void (*abort)(void *adapter, void *state);
    void (*release)(void *adapter, void *state);
    /* Work by the clock, every tick_ms (0: never) in the host's transaction; also once at start. A
     * run that notes counts has an entry in the exchange log. */
    uint32_t tick_ms;
    uint32_t reserved;
    int32_t (*tick)(void *adapter, struct gw_adapter_call *c);
    /* Says how it is, by status_line(): for the operator's screen. On a loop, reads only. */
    int32_t (*status)(void *adapter, struct gw_adapter_call *c);
};

/* The one exported symbol of a shared object. */
typedef const struct gw_adapter *gw_adapter_entry_fn(void);
#define GW_ADAPTER_ENTRY "gw_adapter_entry"

#endif
