/* Not broken: an option of each type, answered by Ask; what the tests give it is wrong. prepare()
 * refuses by option `mood`: "bad" with a reason, "silent" without one, "two-faced" with a reason
 * and success. Counts its states, so that none is lost or freed twice. */
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>

static const struct gw_adapter_option rows[] = {
    {.name = "tries",
     .type = GW_OPTION_NUMBER,
     .default_text = "3",
     .min = 1,
     .max = 10,
     .doc = "How often."},
    {.name = "brisk", .type = GW_OPTION_FLAG, .default_text = "false", .doc = "Faster."},
    {.name = "mood",
     .type = GW_OPTION_TEXT,
     .default_text = "good",
     .min = 1,
     .max = 16,
     .doc = "What prepare() thinks of it."},
    {.name = "wait",
     .type = GW_OPTION_DURATION,
     .default_text = "5s",
     .min = 1000,
     .max = 60000,
     .doc = "How long."},
    {.name = "room",
     .type = GW_OPTION_BYTES,
     .default_text = "64 KiB",
     .min = 1024,
     .max = 1 << 20,
     .doc = "How much."},
};

struct state {
    int64_t tries, brisk, wait, room;
    char mood[17];
    int committed;
};
static int prepared, committed, aborted, released;

static int32_t prepare(void *self, const struct gw_adapter_config *g, void **ret_state)
{
    (void)self;
    struct state *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return -1;
    s->tries = host->option_number(g, "tries");
    s->brisk = host->option_number(g, "brisk");
    s->wait = host->option_number(g, "wait");
    s->room = host->option_number(g, "room");
    snprintf(s->mood, sizeof(s->mood), "%s", host->option_text(g, "mood"));
    bool told = strcmp(s->mood, "bad") == 0 || strcmp(s->mood, "two-faced") == 0;
    if (told)
        host->complain(g, NULL, "mood: this one does not like it");
    if (strcmp(s->mood, "bad") == 0 || strcmp(s->mood, "silent") == 0) {
        free(s);
        return 1;
    }
    prepared++;
    *ret_state = s;
    return 0;
}

static void commit(void *self, void *state)
{
    (void)self;
    ((struct state *)state)->committed = ++committed;
}

static void drop_aborted(void *self, void *state)
{
    (void)self;
    aborted++;
    free(state);
}

static void drop_released(void *self, void *state)
{
    (void)self;
    released++;
    free(state);
}

static int32_t ask(void *self, struct gw_adapter_call *c, void *state,
                   const ProtobufCMessage *message, void *item)
{
    (void)self, (void)state, (void)message, (void)item;
    const struct state *s = host->generation(c);
    char text[256];
    Xinqiao__Test__V1__Answer out = XINQIAO__TEST__V1__ANSWER__INIT;
    snprintf(text, sizeof(text),
             "%lld %lld %s %lld %lld; prepared %d committed %d aborted %d released %d", //
             (long long)s->tries, (long long)s->brisk, s->mood, (long long)s->wait,
             (long long)s->room, prepared, s->committed, aborted, released);
    out.text = text;
    host->send(c, &out.base);
    host->finish(c, "ok");
    return 0;
}

static void fini(void *self)
{
    (void)self;
    if (prepared != aborted + released)
        fprintf(stderr, "bug: options: %d prepared, %d aborted, %d released\n", prepared, aborted,
                released);
}

PROBE_ENTRY("options", {
    probe_methods[0].message = ask;
    a.options = rows;
    a.option_count = sizeof(rows) / sizeof(rows[0]);
    a.prepare = prepare;
    a.commit = commit;
    a.abort = drop_aborted;
    a.release = drop_released;
    a.fini = fini;
})
