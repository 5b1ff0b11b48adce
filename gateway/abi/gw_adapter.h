/* What an adapter compiles against, nothing more (DESIGN section 6). An adapter is a shared object
 * that exports gw_adapter_entry(); the gateway's own services publish the same struct.
 *
 * Versions: 1.0 first form. 1.1 send_receipt_of(); note_batch() in prepare().
 * Rules: major equal, minor not above the host's; fields are only appended; struct_size says how
 * far a struct reaches, the rest counts as zero. Opaque handles, fixed-width types, no enums by
 * value. */
#ifndef GW_ADAPTER_H
#define GW_ADAPTER_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#define GW_ADAPTER_ABI_MAJOR 1u
#define GW_ADAPTER_ABI_MINOR 1u

struct gw_adapter_call; /* one RPC, lent for its life */

/* ---- what the host lends --------------------------------------------------------------------- */

/* Answers of send(). */
#define GW_SEND_OK      0 /* accepted; more may be sent */
#define GW_SEND_BLOCKED 1 /* accepted; send no more until writable() is called */

/* Levels of log(). */
#define GW_ADAPTER_LOG_INFO  2
#define GW_ADAPTER_LOG_WARN  3
#define GW_ADAPTER_LOG_ERROR 4

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

#define GW_METHOD_IDEMPOTENT (1u << 0)
#define GW_METHOD_EXEMPT     (1u << 1) /* no entry in the exchange log: health and reflection only */

#define GW_METHOD_WHEN_LOW                                                                         \
    (1u << 2) /* answers also when the disk is low: what an operator needs then */

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
    const char *code; /* prefixed with the adapter's name and a '-' */
    uint32_t grpc;
    uint32_t retry_ms;
    const char *zh, *en;
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
};

/* The one exported symbol of a shared object. */
typedef const struct gw_adapter *gw_adapter_entry_fn(void);
#define GW_ADAPTER_ENTRY "gw_adapter_entry"

#endif
