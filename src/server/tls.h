/* TLS of a server: from the files of the settings to the contexts of listeners and of outbound
 * requests, and again when told to reload.
 *
 * All files are read and checked before anything is exchanged; when one is bad, all stay. Which
 * files, and all other settings, are those of the start. After the start the server has no
 * privileges: for a reload its user must be able to read the files. The credentials are reloaded
 * apart (mln_credentials_reload), so that a bad file keeps no removed key alive. Main thread.
 * docs/internals/tls.md */
#pragma once

#include "crypto/jwt.h"
#include "crypto/tls.h"
#include "server/settings.h"

struct mln_server_tls;
struct mln_credentials;

/* Reads the files that are configured, if any, and opens the credentials of the data directory.
 * Errors: CONFIG (fault tells which file and why), SYSTEM, NO_MEMORY, and those of
 * mln_credentials_open. */
mln_err mln_server_tls_new(const struct mln_settings *settings, struct mln_fault *fault,
                           struct mln_server_tls **ret);
void mln_server_tls_free(struct mln_server_tls *tls); /* accepts NULL */

/* Reads the files again. Errors: as above; then the contexts of before stay in use. */
mln_err mln_server_tls_reload(struct mln_server_tls *tls, struct mln_fault *fault);

/* Warns of files that a reload could not read, now that privileges are gone. */
void mln_server_tls_warn(const struct mln_server_tls *tls);

/* Where listeners and outbound requests find the context; as long as `tls`. */
struct mln_tls_slot *mln_server_tls_slot(const struct mln_server_tls *tls);

/* The keys and issuers of this CSE; as long as `tls`. */
struct mln_credentials *mln_server_tls_credentials(const struct mln_server_tls *tls);

/* mln_jwt_issuers_new, with certificates of tokens held against the revocation lists that were read
 * last and the rules for certificates of peers. Errors: as there. */
mln_err mln_server_tls_issuers(const struct mln_server_tls *tls, const struct mln_slice *records,
                               size_t count, struct mln_fault *fault, struct mln_jwt_issuers **ret);
