/* One-shot timers. The object lives until both its owner and libuv have let go of it. */
#include <stdlib.h>

#include "io/io_internal.h"

static void on_closed(uv_handle_t *h)
{
    struct gw_io_timer *t = h->data;
    t->closed = true;
    if (t->freed)
        free(t);
}

static void on_fire(uv_timer_t *uv)
{
    struct gw_io_timer *t = uv->data;
    GW_MAGIC_CHECK(t, GW_IO_TIMER_MAGIC);
    t->fn(t->arg);
}

enum gw_status gw_io_timer_new(struct gw_io_loop *l, void (*fn)(void *arg), void *arg,
                               struct gw_io_timer **ret)
{
    if (l->stopping)
        return GW_PRECONDITION;
    struct gw_io_timer *t = calloc(1, sizeof *t);
    if (t == NULL)
        return GW_NOMEM;
    t->magic = GW_IO_TIMER_MAGIC;
    t->fn = fn;
    t->arg = arg;
    (void)uv_timer_init(&l->uv, &t->uv);
    t->uv.data = t;
    *ret = t;
    return GW_OK;
}

void gw_io_timer_arm(struct gw_io_timer *t, uint64_t delay_ms)
{
    GW_MAGIC_CHECK(t, GW_IO_TIMER_MAGIC);
    if (t->closed || uv_is_closing((uv_handle_t *)&t->uv))
        return;
    /* libuv counts from its cached time: in a long turn that is in the past, so it would fire
     * early. */
    uv_update_time(t->uv.loop);
    (void)uv_timer_start(&t->uv, on_fire, delay_ms, 0);
}

void gw_io_timer_cancel(struct gw_io_timer *t)
{
    GW_MAGIC_CHECK(t, GW_IO_TIMER_MAGIC);
    if (!t->closed)
        (void)uv_timer_stop(&t->uv);
}

void gw_io_timer_free(struct gw_io_timer *t)
{
    if (t == NULL)
        return;
    GW_MAGIC_CHECK(t, GW_IO_TIMER_MAGIC);
    t->freed = true;
    if (t->closed)
        free(t);
    else if (!uv_is_closing((uv_handle_t *)&t->uv))
        uv_close((uv_handle_t *)&t->uv, on_closed);
}

void gw_io_timer_stop_handle(uv_handle_t *h)
{
    uv_close(h, on_closed);
}
