/* The keys that ESCertKE has made: in memory, each until its end.
 *
 * A key is found by its kid, the identifier in hexadecimal digits, and says whom the other end's
 * certificate proves. It ends with the certificate, with the credential that counts for it, when
 * its longest life is over, when its identity has made too many others, and when the certificates
 * of this end were exchanged; then it is wiped, and whatever rests on its association ends, too.
 * Any thread may call everything, but new and free. spec: TS-0003 8.7.2.2; security.md 28.2;
 * docs/decisions/0052-escertke.md */
#pragma once

#include "base/limits.h"
#include "crypto/tls_tunnel.h"
#include "e2e/pair_key.h"

enum { MLN_MADE_KID = 2 * MLN_KDF_ID }; /* digits of a kid */

struct mln_made_keys;

/* `limits`: escertke_keys, _share, _key_ms. `slot`: whose exchange of the server context ends all
 * keys; NULL: nothing does. All are borrowed. Errors: NO_MEMORY, SYSTEM. */
mln_err mln_made_keys_new(const struct mln_env *env, const struct mln_limits *limits,
                          const struct mln_tls_slot *slot, struct mln_made_keys **ret);
void mln_made_keys_free(struct mln_made_keys *keys); /* accepts NULL */

/* Takes the key over, and what is in *made is gone, unless there is an error. `serial`: of the
 * slot when the handshake began. Errors: ESCERTKE (the certificates were exchanged meanwhile),
 * LIMIT, NO_MEMORY. */
mln_err mln_made_keys_put(struct mln_made_keys *keys, struct mln_tls_made *made, uint64_t serial);

/* The key of that kid, in any letter case. Errors: NOT_FOUND, NO_MEMORY. */
mln_err mln_made_keys_find(struct mln_made_keys *keys, struct mln_slice kid, int64_t now_us,
                           struct mln_pair_key *ret);

/* After an exchange in the slot: ends all keys at once, not with the next use. */
void mln_made_keys_renew(struct mln_made_keys *keys);

/* The kid of an identifier. */
void mln_made_keys_kid(const unsigned char id[static MLN_KDF_ID], char ret[static MLN_MADE_KID]);
