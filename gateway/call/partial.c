/* Messages larger than their stream's window: what has come of them must be given back to the
 * window before they are whole, and so nothing but this bounds what all calls of a loop collect.
 *
 * The whole message is counted when its first bytes are given back, not those bytes: of messages
 * that are let in bit by bit each could wait for the others' end. A message that finds no room
 * keeps its window shut until its turn comes. What is kept back so is missing in the window of the
 * connection, where the messages that were let in must pass: over held_max the call is refused. */
#include "call/call_internal.h"

static void hold(struct gw_call *c, size_t len)
{
    c->who->held += len - c->held;
    c->held = len;
    if (gw_list_empty(&c->stalled))
        gw_list_append(&c->loop->stalled, &c->stalled);
    if (c->who->held > c->who->held_max)
        gw_call_refuse(c, "overload", NULL, NULL);
}

static void let_go(struct gw_call *c)
{
    c->who->held -= c->held;
    c->held = 0;
    gw_list_remove(&c->stalled);
}

/* One message always has room, however large. */
static bool take_room(struct gw_call *c, size_t message)
{
    struct gw_call_loop *l = c->loop;
    if (l->partial_bytes != 0 && l->partial_bytes + message > l->limits->partial_bytes)
        return false;
    l->partial_bytes += message;
    c->partial = message;
    return true;
}

static void give(struct gw_call *c)
{
    c->transport->consumed(c->stream, gw_grpc_reader_partial(&c->reader));
}

void gw_call_partial_give(struct gw_call *c)
{
    size_t message, len = gw_grpc_reader_waiting(&c->reader, &message);
    if (len == 0 || c->gone)
        return;
    if (c->partial != 0 || (gw_list_empty(&c->loop->stalled) && take_room(c, message)))
        give(c);
    else
        hold(c, len);
}

/* In the order in which they were stalled: a large one is not passed by for ever. */
static void wake(struct gw_call_loop *l)
{
    size_t message;
    while (!gw_list_empty(&l->stalled)) {
        struct gw_call *c = GW_CONTAINER_OF(l->stalled.next, struct gw_call, stalled);
        bool waits =
            c->verdict == NULL && !c->gone && gw_grpc_reader_waiting(&c->reader, &message) != 0;
        if (waits && !take_room(c, message))
            return;
        let_go(c);
        if (waits)
            give(c);
    }
}

void gw_call_partial_done(struct gw_call *c)
{
    bool freed = c->partial != 0 || !gw_list_empty(&c->stalled);
    c->loop->partial_bytes -= c->partial;
    c->partial = 0;
    let_go(c);
    if (freed)
        wake(c->loop);
}

void gw_call_partial_quit(struct gw_call *c)
{
    if (gw_list_empty(&c->stalled))
        return;
    let_go(c);
    wake(c->loop);
}
