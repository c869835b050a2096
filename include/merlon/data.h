/* Protected data: contents, and parts of contents, that only whom they are for can read, that only
 * one source can have made, or both. CSEs keep the envelope and understand nothing of it.
 *
 * A keyring has keys, each for one use: to encrypt for somebody, to decrypt, to sign, to verify.
 * merlon_data_protect makes an envelope with all keys of the first and third kind; merlon_data_open
 * takes one apart with those of the others. An envelope is text, so it can stand where any text
 * can: the content of a <contentInstance>, a customAttribute of a <flexContainer>, a member of a
 * JSON content. Nothing here needs a client or a network.
 *
 * A keyring belongs to one thread at a time. The first envelope in XML starts xmlsec1 in the
 * process and takes its ways to files and the network away; a program that uses xmlsec1 itself
 * starts it before, and then it is left as it is. TS-0003 8.5, TS-0004 6.3.4.2.38 */
#pragma once

#include "merlon/protect.h"

#ifdef __cplusplus
extern "C" {
#endif

struct merlon_keyring;

/* Whom to believe. Set the whole to zero before; texts are copied, files are read. */
struct merlon_keyring_options {
    const char *anchor_file; /* PEM: for certificates of others, given or within envelopes; NULL:
                                none is believed */
    const char *crl_file;    /* PEM: revocation lists; then there must be one of each CA */
    const char *in_cse_id;   /* absolute CSE-ID of the IN-CSE, when domain names of CSEs count */
    const char *signer;      /* absolute AE-ID or CSE-ID: one of those who signed must be it */
    bool needs_signature;    /* what is not signed is refused */
    bool needs_encryption;   /* what anybody could read is refused */
    const void *reserved[4];
};

/* options: NULL believes nobody whose key is not in the keyring. NULL on failure: INVALID, SYSTEM,
 * NO_MEMORY. */
MERLON_API struct merlon_keyring *merlon_keyring_new(const struct merlon_keyring_options *options,
                                                     struct merlon_error *error);

/* Wipes the keys. NULL is fine. */
MERLON_API void merlon_keyring_free(struct merlon_keyring *keyring);

/* What a key is for. */
enum merlon_key_use {
    MERLON_KEY_ENCRYPT = 1, /* for whoever has the key, or its other half */
    MERLON_KEY_DECRYPT = 2,
    MERLON_KEY_SIGN = 3,
    MERLON_KEY_VERIFY = 4
};

enum { MERLON_KEYS = 16 }; /* of one use in a keyring */

/* Adds a key from a file: a JWK; PEM with a private key, and its certificates behind it; PEM with a
 * public key; PEM with the certificate of somebody else, which must lead to an anchor; or a common
 * secret as for psk_file of struct merlon_credential. Files with private keys and secrets must be
 * readable by their owner only. name: how envelopes call the key, "k1@home.example"; of a
 * certificate the absolute AE-ID or CSE-ID that it must name; NULL: as the file says. INVALID: not
 * a key, or not for this use, or a certificate that is not believed; too many keys. NO_MEMORY. */
MERLON_API MERLON_CHECKED enum merlon_status merlon_keyring_add(struct merlon_keyring *keyring,
                                                                enum merlon_key_use use,
                                                                const char *name, const char *file,
                                                                struct merlon_error *error);

/* Adds a common secret of 16 to 64 bytes, which are copied; name as above. Errors: as
 * merlon_keyring_add. */
MERLON_API MERLON_CHECKED enum merlon_status
merlon_keyring_add_secret(struct merlon_keyring *keyring, enum merlon_key_use use, const char *name,
                          const void *bytes, size_t size, struct merlon_error *error);

/* Adds the certificate that a CSE or AE publishes: its e2eSecInfo is retrieved from `target` over
 * the client, which may be protected. It is a directory and proves nothing: the certificate counts
 * when it leads to an anchor of the keyring and names `entity`, an absolute AE-ID or CSE-ID. use:
 * MERLON_KEY_ENCRYPT or MERLON_KEY_VERIFY. Errors: as merlon_keyring_add and merlon_retrieve.
 * TS-0003 8.5.2.2 */
MERLON_API MERLON_CHECKED enum merlon_status
merlon_keyring_add_published(struct merlon_keyring *keyring, enum merlon_key_use use,
                             struct merlon_client *client, const char *target, const char *entity,
                             struct merlon_error *error);

/* How an envelope looks: contentSecurity. */
enum merlon_data_form {
    MERLON_DATA_ANY = 0,         /* opening only: as it looks */
    MERLON_DATA_COMPACT = 1,     /* JOSE in compact form: one reader, one signer at most */
    MERLON_DATA_JSON = 2,        /* JOSE as JSON */
    MERLON_DATA_JSON_BASE64 = 3, /* the same in base64 */
    MERLON_DATA_XML = 4,
    MERLON_DATA_XML_BASE64 = 5
};

/* Signs with all keys for signing, then encrypts for all keys for encryption; one of each at least
 * must be there. *ret_envelope ends in NUL and is freed with merlon_free. INVALID: no key, one that
 * has expired, or more than the form can hold; a form that the library was built without.
 * NO_MEMORY, SYSTEM. */
MERLON_API MERLON_CHECKED enum merlon_status
merlon_data_protect(const struct merlon_keyring *keyring, enum merlon_data_form form,
                    const void *payload, size_t size, char **ret_envelope,
                    struct merlon_error *error);

/* What was in an envelope. Everything got from it lives as long as it. */
struct merlon_data;

/* Decrypts and verifies. At least one signature, if there is any, must be of a key of the keyring
 * or of a certificate that it believes, and none of such may be wrong. SECURITY: cannot be opened;
 * the error does not tell more than that. INVALID: no envelope. NO_MEMORY, SYSTEM. */
MERLON_API MERLON_CHECKED enum merlon_status merlon_data_open(const struct merlon_keyring *keyring,
                                                              enum merlon_data_form form,
                                                              const char *envelope, size_t size,
                                                              struct merlon_data **ret_data,
                                                              struct merlon_error *error);

/* Wipes the payload. NULL is fine. */
MERLON_API void merlon_data_free(struct merlon_data *data);

/* The payload; a NUL stands behind its *ret_size bytes. */
MERLON_API const char *merlon_data_payload(const struct merlon_data *data, size_t *ret_size);

/* Was it encrypted? */
MERLON_API bool merlon_data_is_encrypted(const struct merlon_data *data);

/* Who has signed: the entity that a certificate proves, or the name of the key; only those whose
 * signature was verified. NULL behind the last one. */
MERLON_API const char *merlon_data_signer(const struct merlon_data *data, size_t index);

#ifdef __cplusplus
}
#endif
