/* What the files of fetches share. Internal to io. */
#pragma once

#include <curl/curl.h>

#include "io/fetch.h"

/* Who has to be at the other end of the connection of a transfer under TLS. */
struct mln_fetch_security {
    struct mln_tls_slot *tls;     /* the fetcher's; NULL: nobody is believed */
    struct mln_tls_target target; /* in the transfer's arena */
    struct mln_fault why;         /* the peer is not believed; empty: it is, or nobody was there */
    bool has_one_peer;            /* as the options of the fetcher say */
};

/* Sets what is the same for every transfer: libcurl verifies nothing itself, because our own
 * verification, which knows identities and keys, ends the handshake. False: out of memory. */
bool mln_fetch_set_security(CURL *easy, struct mln_fetch_security *security);

/* Sets what is a request's own. Errors: NO_MEMORY. */
mln_err mln_fetch_aim(CURL *easy, const struct mln_fetch_request *request, struct mln_arena *arena,
                      struct mln_fetch_security *security);
