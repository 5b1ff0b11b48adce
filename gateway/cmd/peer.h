/* Inside `peer add`: what is asked, the peer file (peer_add.c), the starter kit (peer_kit.c). */
#ifndef GW_CMD_PEER_H
#define GW_CMD_PEER_H

#include "cmd/cmd.h"

enum { GW_PEER_PATH = 4096 };

struct gw_peer_new {
    const struct gw_cmd_ctx *c;
    const char *conf; /* gateway.conf */
    const char *name, *role, *title_zh, *title_en, *uscc, *areas, *endpoint, *ca, *kit;
    bool no_key;
    /* from gateway.conf */
    char peers_dir[GW_PEER_PATH], adapters_dir[GW_PEER_PATH], adapters_lib[GW_PEER_PATH];
    char address[300], trust[GW_PEER_PATH];
};

/* What gateway.conf says of folders, address and trust (cmd_conf.c). */
int gw_peer_conf_load(struct gw_peer_new *p);
/* Writes the kit; everything that was missing is a reason to complain. */
int gw_peer_kit_write(const struct gw_peer_new *p);
/* The daemon's own check of a configuration (conf_check.c): GW_EXIT_OK, GW_EXIT_FAILED after its
 * complaints, GW_EXIT_USAGE when it can not be run. `quiet`: nothing on standard output. */
int gw_cmd_daemon_check(const struct gw_cmd_ctx *c, const char *file, bool quiet);

#endif
