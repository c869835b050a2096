/* A running node: store, CSE, loops, listeners, and the order in which they come and go.
 *
 * start: ports and store are opened, privileges dropped, calls filtered, then threads begin to
 * serve. stop: listeners first, then requests in progress, the duties, the store. Main thread. */
#pragma once

#include "server/server.h"
#include "server/settings.h"

struct mln_node;

/* *ret_exit tells with which code the process should end when it fails.
 * Errors: CONFIG, STORE_*, SYSTEM, NO_MEMORY. */
mln_err mln_node_start(const struct mln_settings *settings, struct mln_fault *fault,
                       enum mln_exit *ret_exit, struct mln_node **ret);

/* Finishes what is in progress, within the time of the settings, and frees everything. */
void mln_node_stop(struct mln_node *node);

/* Reads certificates, revocation lists and credentials again and uses them for what comes from now
 * on; when something is wrong with them, says so in the log and keeps the old ones. */
void mln_node_reload(struct mln_node *node);
