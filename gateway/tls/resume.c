/* Resumption. Server: OpenSSL's own cache in the context, stateful also for TLS 1.3, where it costs
 * half the work of a ticket that carries the certificate. Client: the last session of each host,
 * used once. No session outlives the certificates and the CRL that it was verified with. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "tls/tls_internal.h"

/* "Valid until" in seconds rides in each session as the pointer's value; OpenSSL copies it when it
 * duplicates a session for a new ticket. */
static pthread_once_t until_once = PTHREAD_ONCE_INIT;
static int until_index;

static void until_make(void)
{
    until_index = SSL_SESSION_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

static int64_t until_of(const SSL_SESSION *s)
{
    void *v = SSL_SESSION_get_ex_data(s, until_index);
    return v != NULL ? (int64_t)(intptr_t)v : INT64_MAX;
}

static void kept_put(struct gw_tls *t, SSL_SESSION *session)
{
    struct gw_tls_context *c = t->ctx;
    SSL_SESSION *old = NULL;
    (void)pthread_mutex_lock(&c->lock);
    unsigned at = c->next_kept;
    for (unsigned i = 0; i < GW_TLS_CLIENT_SESSIONS; i++)
        if (strcmp(c->kept[i].host, t->host) == 0)
            at = i;
    if (at == c->next_kept)
        c->next_kept = (at + 1) % GW_TLS_CLIENT_SESSIONS;
    old = c->kept[at].session;
    (void)snprintf(c->kept[at].host, sizeof c->kept[at].host, "%s", t->host);
    c->kept[at].session = session;
    (void)pthread_mutex_unlock(&c->lock);
    SSL_SESSION_free(old);
}

static int on_new_session(SSL *ssl, SSL_SESSION *session)
{
    struct gw_tls *t = SSL_get_app_data(ssl);
    int64_t until = t->valid_until_s;
    if (SSL_session_reused(ssl))
        until = until_of(SSL_get_session(ssl));
    int64_t left = until - gw_clock_wall_us() / GW_USEC_PER_SEC;
    if (left > GW_TLS_SESSION_LIFE_S)
        left = GW_TLS_SESSION_LIFE_S;
    (void)SSL_SESSION_set_ex_data(session, until_index, (void *)(intptr_t)until);
    (void)SSL_SESSION_set_timeout(session, left > 0 ? (long)left : 0);
    if (t->ctx->server || t->host[0] == '\0' || left <= 0)
        return 0; /* not kept by us */
    kept_put(t, session);
    return 1;
}

void gw_tls_resume_setup(struct gw_tls_context *c, uint32_t cache_size)
{
    (void)pthread_once(&until_once, until_make);
    SSL_CTX *x = c->ssl;
    if (c->server && cache_size == 0) {
        (void)SSL_CTX_set_session_cache_mode(x, SSL_SESS_CACHE_OFF);
        (void)SSL_CTX_set_num_tickets(x, 0);
        return;
    }
    if (c->server) {
        (void)SSL_CTX_set_session_cache_mode(x, SSL_SESS_CACHE_SERVER);
        (void)SSL_CTX_sess_set_cache_size(x, (long)cache_size);
        /* Sessions with client certificates need a context id; one value will do, as each SSL_CTX
         * has a cache of its own. */
        (void)SSL_CTX_set_session_id_context(x, (const unsigned char *)"xinqiao", 7);
        (void)SSL_CTX_set_num_tickets(x, 1);
    } else {
        (void)SSL_CTX_set_session_cache_mode(x, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    }
    (void)SSL_CTX_set_timeout(x, GW_TLS_SESSION_LIFE_S);
    SSL_CTX_sess_set_new_cb(x, on_new_session);
}

/* Takes the session out: RFC 8446 appendix C.4 asks clients not to use a ticket twice. */
void gw_tls_resume_offer(struct gw_tls *t)
{
    struct gw_tls_context *c = t->ctx;
    SSL_SESSION *session = NULL;
    if (c->server || t->host[0] == '\0')
        return;
    (void)pthread_mutex_lock(&c->lock);
    for (unsigned i = 0; i < GW_TLS_CLIENT_SESSIONS && session == NULL; i++) {
        if (strcmp(c->kept[i].host, t->host) != 0)
            continue;
        session = c->kept[i].session;
        c->kept[i].session = NULL;
    }
    (void)pthread_mutex_unlock(&c->lock);
    if (session == NULL)
        return;
    if (until_of(session) > gw_clock_wall_us() / GW_USEC_PER_SEC)
        (void)SSL_set_session(t->ssl, session);
    SSL_SESSION_free(session);
}

void gw_tls_resume_drop(struct gw_tls_context *c)
{
    for (unsigned i = 0; i < GW_TLS_CLIENT_SESSIONS; i++)
        SSL_SESSION_free(c->kept[i].session);
}
