/* End-to-end security as the settings want it. Main thread, at the start. */
#pragma once

#include "e2e/endpoint.h"
#include "server/settings.h"
#include "server/tls.h"

/* Borrows the arguments. Errors: NO_MEMORY, SYSTEM. */
mln_err mln_server_endpoint(const struct mln_settings *settings, const struct mln_server_tls *tls,
                            struct mln_endpoint **ret);

/* Has each entity of --esprim-to a credential that proves it? The fault tells which has none.
 * Errors: CONFIG, NO_MEMORY. */
mln_err mln_server_check_partners(const struct mln_settings *settings,
                                  struct mln_endpoint *endpoint, struct mln_fault *fault);
