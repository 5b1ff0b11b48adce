/* The identity of a connection's other side, copied once so that calls may outlive the connection.
 */
#include <stdlib.h>
#include <string.h>

#include "call/call.h"

static const char *put(char **at, const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = memcpy(*at, s, n);
    *at += n;
    return p;
}

struct gw_call_who *gw_call_who_new(const struct gw_tls_identity *id, const char *address)
{
    size_t text = strlen(id->role) + strlen(id->peer) + strlen(id->subject) +
                  strlen(id->version_suite) + strlen(address) + 5;
    struct gw_call_who *w = malloc(sizeof(*w) + text);
    if (w == NULL)
        return NULL;
    char *at = (char *)(w + 1);
    *w = (struct gw_call_who){.refs = 1, .identity = *id};
    w->identity.role = put(&at, id->role);
    w->identity.peer = put(&at, id->peer);
    w->identity.subject = put(&at, id->subject);
    w->identity.version_suite = put(&at, id->version_suite);
    w->address = put(&at, address);
    return w;
}

void gw_call_who_unref(struct gw_call_who *w)
{
    if (w != NULL && --w->refs == 0)
        free(w);
}
