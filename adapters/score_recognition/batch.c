/* RecognizeBatch: an answer per question, in order. A question with a fault of its own ends the
 * stream, after the answers of those before it have left: it is refused from writable(), in a
 * segment of its own, because the answers of a segment that is refused are dropped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scores.h"

struct batch {
    uint64_t asked;
    const char *fault; /* of the first bad question; NULL: none so far */
    char field[64];
    /* The entry of a segment names a reason when all its answers have it, a consent when there was
     * one only: LOOP methods have no prepare() to begin another segment from, and what an answer
     * notes is not known before it is looked up (adapters/README.md, Limits). */
    int64_t segment_us;
    const char *reason;
};

int32_t score_batch_open(void *self, struct gw_adapter_call *c, void **ret_state)
{
    (void)self, (void)c;
    *ret_state = calloc(1, sizeof(struct batch));
    return *ret_state != NULL ? 0 : -1;
}

void score_batch_close(void *self, struct gw_adapter_call *c, void *state)
{
    (void)self, (void)c;
    free(state);
}

static void note_reason(struct batch *b, struct gw_adapter_call *c, const char *reason)
{
    int64_t now = score_host->now_us(c);
    if (b->segment_us != now) {
        b->segment_us = now;
        b->reason = reason;
    } else if (strcmp(b->reason, reason) != 0) {
        b->reason = "ok";
    }
    score_host->note_reason(c, b->reason);
}

/* "[3].scene": the question's place in the stream, from 0. */
static void keep_fault(struct batch *b, const char *fault, const char *field)
{
    b->fault = fault;
    if (field[0] != '\0')
        snprintf(b->field, sizeof(b->field), "[%llu].%s", (unsigned long long)b->asked, field);
}

int32_t score_batch_message(void *self, struct gw_adapter_call *c, void *state,
                            const ProtobufCMessage *message, void *item)
{
    (void)item;
    struct batch *b = state;
    const Xinqiao__V1__RecognizeRequest *in = (const void *)message;
    Xinqiao__V1__RecognizeResponse out = XINQIAO__V1__RECOGNIZE_RESPONSE__INIT;
    const char *reason, *field;
    if (b->fault != NULL)
        return 0;
    const char *fault = score_answer(self, c, in, &out, &reason, &field);
    if (fault != NULL) {
        if (strcmp(fault, "internal") == 0)
            return -1;
        keep_fault(b, fault, field);
        score_host->again(c);
        return 0;
    }
    b->asked++;
    out.key = in->key;
    score_host->note_counts(c, out.benefit ? 1 : 0, out.benefit ? 0 : 1);
    note_reason(b, c, reason);
    score_host->send(c, &out.base);
    return 0;
}

int32_t score_batch_half_close(void *self, struct gw_adapter_call *c, void *state)
{
    (void)self;
    const struct batch *b = state;
    if (b->fault != NULL)
        score_host->again(c);
    else
        score_host->finish(c, "ok");
    return 0;
}

int32_t score_batch_writable(void *self, struct gw_adapter_call *c, void *state)
{
    (void)self;
    const struct batch *b = state;
    if (b->fault == NULL)
        return 0;
    if (strcmp(b->fault, SCORE_REASON("quota")) == 0)
        score_quota_says_when(c);
    return score_refuse(c, b->fault, b->field);
}
