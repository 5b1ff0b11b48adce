/* Adapters that are wrong only when they are asked "bad": what the host contains of that is seen
 * beside calls that are good. */
#ifndef CONTAINED_H
#define CONTAINED_H

#include "probe.h"

PROBE_UNUSED static bool is_bad(const ProtobufCMessage *message)
{
    const char *text = ((const Xinqiao__Test__V1__Question *)(const void *)message)->text;
    return strcmp(text, "bad") == 0;
}

/* `wrong` is what it does then, in a handler's body; it answers well after that, if it has not
 * returned. */
#define CONTAINED(handler, wrong)                                                                  \
    static int32_t handler(void *self, struct gw_adapter_call *c, void *state,                     \
                           const ProtobufCMessage *message, void *item)                            \
    {                                                                                              \
        if (is_bad(message))                                                                       \
            wrong;                                                                                 \
        return probe_ask(self, c, state, message, item);                                           \
    }

#endif
