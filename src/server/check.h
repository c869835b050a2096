/* What settings must keep among each other and with the machine: for the start, which opens what is
 * found here, and for --check-config, which opens nothing. Main thread. */
#pragma once

#include "cse/cse.h"
#include "server/server.h"
#include "server/settings.h"

/* Where a listener is to be opened, and whether what comes there is trusted. Errors: CONFIG (no
 * such host, plain text beyond loopback that was not asked for by name or shall be trusted). */
mln_err mln_check_listener(const struct mln_listen_setting *listener, struct mln_fault *fault,
                           struct mln_address *ret, bool *ret_is_trusted);

/* The registrar that the settings name, if any, when they belong together and to a CSE that has
 * one. Texts live in the settings' arena. Errors: CONFIG, NO_MEMORY. */
mln_err mln_check_registrar(const struct mln_settings *settings, struct mln_fault *fault,
                            struct mln_registrar *ret);

/* The IN-CSEs of other service providers that the settings name, as many as there are peers, each
 * with what it must prove. Texts live in the settings' arena. Errors: CONFIG, NO_MEMORY. */
mln_err mln_check_peers(const struct mln_settings *settings, struct mln_fault *fault,
                        struct mln_domain_setting *ret);

/* All that the start would refuse before it opens sockets and store. *ret_exit is the code the
 * start would end with. Errors: CONFIG, SYSTEM, NO_MEMORY. */
mln_err mln_check_settings(const struct mln_settings *settings, struct mln_fault *fault,
                           enum mln_exit *ret_exit);
