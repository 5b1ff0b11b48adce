/* ALARM entries with a rate limit: one a second for an event, with the count of what was held back.
 * Never blocks and never allocates; alarms pass a full queue, since the limit bounds them. */
#include "audit/audit_internal.h"

#include <stdio.h>

#include "base/clock.h"

enum { ALARM_EVERY_US = 1000000 };

static void landed(struct gw_audit_append *ap, enum gw_status st)
{
    struct gw_audit_alarm_slot *s = GW_CONTAINER_OF(ap, struct gw_audit_alarm_slot, ap);
    (void)st;
    pthread_mutex_lock(&s->audit->lock);
    s->in_flight = false;
    pthread_mutex_unlock(&s->audit->lock);
}

/* Under the lock. */
static void send(struct gw_audit *a, struct gw_audit_alarm_slot *s, int64_t now)
{
    char text[128];
    snprintf(text, sizeof(text), "%s%scount=%u", s->detail, s->detail[0] != '\0' ? " " : "",
             s->count);
    struct gw_bytes body = gw_audit_body_event(s->body, sizeof(s->body), GW_AUDIT_ALARM, s->event,
                                               text, NULL, UINT64_MAX);
    if (body.len == 0)
        return;
    s->ap = (struct gw_audit_append){.body = body, .done = landed};
    s->audit = a;
    s->count = 0;
    s->last_us = now;
    s->in_flight = true;
    gw_audit_submit_always(a, &s->ap);
}

static bool due(const struct gw_audit_alarm_slot *s, int64_t now)
{
    return s->count != 0 && !s->in_flight &&
           (s->last_us == 0 || now - s->last_us >= ALARM_EVERY_US);
}

/* The slot of an event, else the longest idle one. NULL when all are busy with others. */
static struct gw_audit_alarm_slot *slot_of(struct gw_audit *a, const char *event)
{
    struct gw_audit_alarm_slot *idle = NULL;
    for (int i = 0; i < GW_AUDIT_ALARM_SLOTS; i++) {
        struct gw_audit_alarm_slot *s = &a->alarm[i];
        if (strcmp(s->event, event) == 0)
            return s;
        if (!s->in_flight && s->count == 0 && (idle == NULL || s->last_us < idle->last_us))
            idle = s;
    }
    if (idle != NULL) {
        idle->last_us = 0;
        snprintf(idle->event, sizeof(idle->event), "%s", event);
    }
    return idle;
}

void gw_audit_alarm(struct gw_audit *a, const char *event, const char *detail_code)
{
    if (atomic_load(&a->dead) || atomic_load(&a->stop))
        return;
    int64_t now = gw_clock_mono_us();
    pthread_mutex_lock(&a->lock);
    struct gw_audit_alarm_slot *s = slot_of(a, event);
    if (s != NULL) {
        snprintf(s->detail, sizeof(s->detail), "%s", detail_code != NULL ? detail_code : "");
        s->count++;
        if (due(s, now))
            send(a, s, now);
    }
    pthread_mutex_unlock(&a->lock);
}

void gw_audit_alarms_flush(struct gw_audit *a)
{
    int64_t now = gw_clock_mono_us();
    if (atomic_load(&a->dead) || atomic_load(&a->stop))
        return;
    pthread_mutex_lock(&a->lock);
    for (int i = 0; i < GW_AUDIT_ALARM_SLOTS; i++) {
        if (due(&a->alarm[i], now))
            send(a, &a->alarm[i], now);
    }
    pthread_mutex_unlock(&a->lock);
}
