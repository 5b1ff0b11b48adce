/* score_recognition: what its files share. Pure parts first (days, numbers, words), then what a
 * configuration says (terms), then the memory that outlives a configuration (quotas, revocations),
 * last the handlers. Sees gw_adapter.h and generated messages, nothing else of the gateway. */
#ifndef SCORE_RECOGNITION_SCORES_H
#define SCORE_RECOGNITION_SCORES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gw_adapter.h"
#include "xinqiao/v1/scores.pb-c.h"

#define SCORE_LEN(a) (sizeof(a) / sizeof((a)[0]))
/* Reasons of ours; the rows are in tables.c. */
#define SCORE_REASON(word) "score-recognition-" word

/* ---- days (days.c): civil days in UTC+8, counted from 1970-01-01 ---- */

#define SCORE_DAY_NONE  INT32_MIN
#define SCORE_DAY_NEVER INT32_MAX
#define SCORE_DAY_US    INT64_C(86400000000)

int32_t score_day_of(int64_t us);
/* The first instant of the day. */
int64_t score_day_start_us(int32_t day);
/* SCORE_DAY_NONE when there is no such date. */
int32_t score_day_make(int32_t year, int32_t month, int32_t day);
void score_day_parts(int32_t day, int32_t *ret_year, int32_t *ret_month, int32_t *ret_day);
/* "2026-01-31"; SCORE_DAY_NONE when it is none. */
int32_t score_day_parse(const char *text);

/* ---- citizen ids (citizen.c) ---- */

/* GB 11643-1999: NULL when the number is one of somebody born until `today`, else the public reason
 * why not. */
const char *score_citizen_fault(const char *number, int32_t today);
/* Whole years on the day, by the number's date of birth: a year is full on the birthday itself, of
 * those born on 29 February on 1 March. The number must be good. */
int32_t score_citizen_age(const char *number, int32_t today);

/* ---- words (words.c) ---- */

/* Points with at most two decimals ("550", "612.5") as hundredths; -1 when it is no such text. */
int64_t score_points_parse(const char *text);
/* A code as in the tables: lower-case letters, digits, '-' and '.'; at most 64 bytes. */
bool score_code_ok(const char *text);
/* Is the code among blank-separated ones? */
bool score_words_have(const char *words, const char *word);
/* UUID with hyphens, either case. */
bool score_uuid_parse(const char *text, uint8_t ret[16]);
/* How many bytes of the UTF-8 text fit into `max` without cutting a character; for "%.*s". */
int score_text_fit(const char *text, int max);
void score_uuid_write(const uint8_t id[16], char ret[37]);

/* ---- quotas (quota.c): used today, by agreement, peer and purpose; shared by all generations ----
 */

struct score_quota;
struct score_quotas {
    _Atomic(struct score_quota *) first; /* only ever grows */
};
/* The counter of that name, made if it is new; lives until score_quotas_fini(). NULL: no memory. */
struct score_quota *score_quota_get(struct score_quotas *q, const char *agreement, const char *peer,
                                    const char *purpose);
void score_quotas_fini(struct score_quotas *q);
/* Counts one; false: `max` are used up on that day, and it is not counted. */
bool score_quota_take(struct score_quota *q, int32_t day, uint32_t max);
uint32_t score_quota_used(struct score_quota *q, int32_t day);
/* Joins the counters with their table: in tick(). 0, or -1. */
int32_t score_quotas_flush(struct score_quotas *q, struct gw_adapter_call *c, int32_t today);

/* ---- revocations (revoked.c) ---- */

/* Consents revoked by this process: a read snapshot may be some milliseconds old, and what has been
 * revoked must count at once. */
struct score_revoked {
    _Atomic uint64_t slot[4096];
};
void score_revoked_add(struct score_revoked *r, const uint8_t id[16]);
bool score_revoked_has(struct score_revoked *r, const uint8_t id[16]);

/* ---- terms (terms.c): the agreements of a configuration, compiled; immutable ---- */

#define SCORE_DISCLOSE_BENEFIT   (1u << 0)
#define SCORE_DISCLOSE_UNTIL     (1u << 1)
#define SCORE_DISCLOSE_LEVEL     (1u << 2)
#define SCORE_DISCLOSE_BENEFITS  (1u << 3)
#define SCORE_DISCLOSE_AGREEMENT (1u << 4)

struct score_band {
    int64_t from; /* hundredths of our scale, inclusive */
    const char *from_text, *level;
    char **benefits;
    size_t benefit_count;
};

struct score_limit {
    const char *peer, *purpose;
    uint32_t per_day;
    struct score_quota *quota;
};

/* Strings are the configuration's own. Lists of texts are NULL-terminated too. */
struct score_agreement {
    const char *id, *title_zh, *title_en, *certainty;
    char **parties, **purposes, **scenes, **disclosed;
    size_t party_count, purpose_count, scene_count, disclosed_count;
    int32_t from, until; /* SCORE_DAY_NEVER: open */
    const char *source_scale, *source_edition, *target_scale, *target_edition;
    int64_t min, max; /* of our scale, hundredths */
    struct score_band *band;
    size_t band_count;
    uint32_t disclose; /* SCORE_DISCLOSE_* */
    uint32_t answer_valid_days, oldest_days;
    struct score_limit *limit;
    size_t limit_count;
};

struct score_terms {
    const char *self; /* our name among the parties */
    int64_t consent_max_us, consent_keep_us, consents_max;
    struct score_agreement *agreement;
    size_t agreement_count;
    void *blocks; /* memory of all of it */
};

/* gw_adapter.prepare, and what frees its result. */
int32_t score_terms_prepare(void *self, const struct gw_adapter_config *g, void **ret_state);
void score_terms_free(void *self, void *state);
bool score_agreement_in_force(const struct score_agreement *a, int32_t today);
bool score_texts_have(char *const *texts, size_t count, const char *word);
/* The highest band at or below the score; NULL: below the lowest. */
const struct score_band *score_band_of(const struct score_agreement *a, int64_t hundredths);

/* What the question must match: an agreement in force that has all that is not NULL. On NULL,
 * *ret_lacking tells what none of them has: 'a' the agreement, 'p' the purpose, 's' the scene. */
const struct score_agreement *score_terms_find(const struct score_terms *t, int32_t today,
                                               const char *id, const char *peer,
                                               const char *purpose, const char *scene,
                                               char *ret_lacking);

/* ---- the adapter ---- */

/* Valid consents of a person to a party for a purpose: what the option may say at most, and the
 * LIMIT of the look-up. */
#define SCORE_CONSENTS_MAX 256

struct score_adapter {
    const struct gw_adapter_host *host;
    struct score_quotas quotas;
    struct score_revoked revoked;
};

extern const struct gw_adapter_host *score_host; /* set once, by init() */

enum score_statement {
    SCORE_SQL_CONSENT_LOOKUP,
    SCORE_SQL_CONSENT_COUNT,
    SCORE_SQL_CONSENT_GET,
    SCORE_SQL_CONSENT_INSERT,
    SCORE_SQL_CONSENT_REVOKE,
    SCORE_SQL_CONSENT_ENDED,
    SCORE_SQL_CONSENT_ERASE,
    SCORE_SQL_SCENE_INSERT,
    SCORE_SQL_SCENE_DELETE,
    SCORE_SQL_QUOTA_GET,
    SCORE_SQL_QUOTA_PUT,
    SCORE_SQL_COUNT
};

#define SCORE_NUMBER(n)                                                                            \
    {                                                                                              \
        .type = GW_VALUE_NUMBER, .number = (n)                                                     \
    }
#define SCORE_BLOB(p, n)                                                                           \
    {                                                                                              \
        .type = GW_VALUE_BLOB, .bytes = (p), .len = (n)                                            \
    }
struct gw_adapter_value score_text(const char *text);

/* Registered name of the caller. */
const char *score_peer(struct gw_adapter_call *c);
/* Ends the call: the reason, of the field if it is one's fault. */
int32_t score_refuse(struct gw_adapter_call *c, const char *reason, const char *field);
/* The document that names a person: NULL when it can be looked up, else the public reason, of
 * "subject.<ret_field>". */
const char *score_subject_fault(const Xinqiao__V1__IdentityDocument *d, int32_t today,
                                const char **ret_field);
/* How the gateway calls that kind of document. */
const char *score_subject_type(const Xinqiao__V1__IdentityDocument *d);

/* ---- consents (consents.c) ---- */

/* A consent that the question can be answered by. */
struct score_consent {
    bool found;
    uint8_t id[16];
    int64_t until_us;
};
/* Looks for one of the person to the peer for purpose and scene; `only`: that one or none. 0, or
 * -1. */
int32_t score_consent_find(struct score_adapter *a, struct gw_adapter_call *c,
                           const Xinqiao__V1__IdentityDocument *d, const char *purpose,
                           const char *scene, const uint8_t *only, struct score_consent *ret);
int32_t score_consents_erase(struct gw_adapter_call *c, const struct score_terms *t);

int32_t score_consent_register(void *self, struct gw_adapter_call *c, void *state,
                               const ProtobufCMessage *message, void *item);
int32_t score_consent_revoke(void *self, struct gw_adapter_call *c, void *state,
                             const ProtobufCMessage *message, void *item);
int32_t score_consent_status(void *self, struct gw_adapter_call *c, void *state,
                             const ProtobufCMessage *message, void *item);

/* ---- recognition (recognize.c, batch.c) ---- */

/* One question. NULL: answered in *ret (its texts live as long as the call's generation), and
 * *ret_reason is why not, or "ok". Else the public reason of the question's own fault and its field
 * ("" none). "internal": end the call. */
const char *score_answer(struct score_adapter *a, struct gw_adapter_call *c,
                         const Xinqiao__V1__RecognizeRequest *in,
                         Xinqiao__V1__RecognizeResponse *ret, const char **ret_reason,
                         const char **ret_field);
/* RFC 3339 in UTC+8, of the next midnight: when the quota is new. */
void score_quota_says_when(struct gw_adapter_call *c);

int32_t score_recognize(void *self, struct gw_adapter_call *c, void *state,
                        const ProtobufCMessage *message, void *item);
int32_t score_batch_open(void *self, struct gw_adapter_call *c, void **ret_state);
int32_t score_batch_message(void *self, struct gw_adapter_call *c, void *state,
                            const ProtobufCMessage *message, void *item);
int32_t score_batch_half_close(void *self, struct gw_adapter_call *c, void *state);
int32_t score_batch_writable(void *self, struct gw_adapter_call *c, void *state);
void score_batch_close(void *self, struct gw_adapter_call *c, void *state);

/* ---- what they agreed on, and how it is (agreements.c) ---- */

int32_t score_list_agreements(void *self, struct gw_adapter_call *c, void *state,
                              const ProtobufCMessage *message, void *item);
int32_t score_status(void *self, struct gw_adapter_call *c);

#endif
