/* Streams that wait for a change (wait_change of gw_adapter.h): each loop has a list of them and is
 * told once by the store's threads when more is visible, however many wait and however much
 * changed; a timer per call is for its timeout. Nothing happens while nobody waits. */
#include "call/call_internal.h"

/* ---- the store's side ---- */

static void wake_all(struct gw_io_post *p)
{
    struct gw_call_news *n = GW_CONTAINER_OF(p, struct gw_call_news, post);
    atomic_store(&n->posted, false);
    struct gw_call_loop *l = n->loop;
    if (l == NULL)
        return;
    int64_t visible = gw_store_visible(l->store);
    GW_LIST_FOR_SAFE(it, nxt, &l->waiting)
    {
        struct gw_call *c = GW_CONTAINER_OF(it, struct gw_call, waiting);
        if (visible <= c->ad.wait_after)
            continue;
        gw_call_wait_end(c);
        c->ad.waiting = false;
        gw_call_advance(c);
    }
}

/* On the thread that made it visible. */
static void on_visible(void *arg, int64_t change_no)
{
    struct gw_call_news *n = arg;
    (void)change_no;
    if (atomic_load(&n->waiters) == 0 || atomic_exchange(&n->posted, true))
        return;
    pthread_mutex_lock(&n->lock);
    if (n->loop != NULL)
        gw_io_loop_post(n->loop->io, &n->post);
    pthread_mutex_unlock(&n->lock);
}

enum gw_status gw_call_news_init(struct gw_call_news *n, struct gw_store *s)
{
    *n = (struct gw_call_news){.post = {.run = wake_all}};
    pthread_mutex_init(&n->lock, NULL);
    return gw_store_on_visible(s, on_visible, n);
}

void gw_call_news_join(struct gw_call_news *n, struct gw_call_loop *l)
{
    pthread_mutex_lock(&n->lock);
    n->loop = l;
    pthread_mutex_unlock(&n->lock);
    if (l != NULL)
        l->news = n;
}

/* ---- the call's side ---- */

static void timed_out(void *arg)
{
    struct gw_call *c = arg;
    GW_MAGIC_CHECK(c, GW_CALL_MAGIC);
    gw_call_wait_end(c);
    c->ad.waiting = false;
    gw_call_advance(c);
}

void gw_call_wait_end(struct gw_call *c)
{
    if (gw_list_empty(&c->waiting))
        return;
    gw_list_remove(&c->waiting);
    gw_io_timer_cancel(c->wait_timer);
    if (c->loop->news != NULL)
        atomic_fetch_sub(&c->loop->news->waiters, 1);
}

static bool park(struct gw_call *c)
{
    struct gw_call_loop *l = c->loop;
    if (c->wait_timer == NULL && gw_io_timer_new(l->io, timed_out, c, &c->wait_timer) != GW_OK)
        return false;
    gw_io_timer_arm(c->wait_timer, c->ad.wait_ms);
    gw_list_append(&l->waiting, &c->waiting);
    if (l->news != NULL)
        atomic_fetch_add(&l->news->waiters, 1);
    return true;
}

bool gw_call_waits(struct gw_call *c)
{
    if (!c->ad.waiting)
        return false;
    if (!gw_list_empty(&c->waiting))
        return true;
    /* First into the list, then the look: what becomes visible in between is told. */
    bool parked = park(c);
    if (parked && gw_store_visible(c->loop->store) <= c->ad.wait_after)
        return true;
    gw_call_wait_end(c);
    c->ad.waiting = false;
    return false;
}
