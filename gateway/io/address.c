/* Socket addresses as text, both ways; numeric only. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "base/text.h"
#include "io/io_internal.h"

enum gw_status gw_io_address_parse(const char *text, struct sockaddr_storage *ret,
                                   socklen_t *ret_len)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL)
        return GW_INVALID;
    uint64_t port;
    GW_TRY(gw_text_u64(gw_bytes_str(colon + 1), &port));
    if (port > UINT16_MAX)
        return GW_INVALID;

    bool v6 = text[0] == '[';
    const char *host = v6 ? text + 1 : text;
    const char *end = v6 ? colon - 1 : colon;
    if (end < host || (v6 && *end != ']'))
        return GW_INVALID;
    char buf[INET6_ADDRSTRLEN];
    size_t len = (size_t)(end - host);
    if (len == 0 || len >= sizeof buf)
        return GW_INVALID;
    memcpy(buf, host, len);
    buf[len] = '\0';

    struct sockaddr_storage ss = {0};
    if (v6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)&ss;
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons((uint16_t)port);
        if (inet_pton(AF_INET6, buf, &in6->sin6_addr) != 1)
            return GW_INVALID;
        *ret_len = sizeof *in6;
    } else {
        struct sockaddr_in *in = (struct sockaddr_in *)(void *)&ss;
        in->sin_family = AF_INET;
        in->sin_port = htons((uint16_t)port);
        if (inet_pton(AF_INET, buf, &in->sin_addr) != 1)
            return GW_INVALID;
        *ret_len = sizeof *in;
    }
    *ret = ss;
    return GW_OK;
}

void gw_io_address_format(const struct sockaddr *sa, char *ret, size_t ret_size)
{
    char host[INET6_ADDRSTRLEN] = "unknown";
    if (sa->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)sa;
        (void)inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
        (void)snprintf(ret, ret_size, "[%s]:%u", host, gw_io_address_port(sa));
    } else if (sa->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)sa;
        (void)inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        (void)snprintf(ret, ret_size, "%s:%u", host, gw_io_address_port(sa));
    } else {
        (void)snprintf(ret, ret_size, "%s", host);
    }
}

uint16_t gw_io_address_port(const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)(const void *)sa)->sin6_port);
    if (sa->sa_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)(const void *)sa)->sin_port);
    return 0;
}
