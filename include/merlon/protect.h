/* Protected clients: requests that no CSE on the way can read or change.
 *
 * A protected client sends its requests inside ESPrim objects to one target, a CSE or an AE, over
 * another client, its carrier. It works wherever a client does: merlon_create, merlon_list,
 * merlon_begin and all others. It keeps a session with the target and renews it by itself, also
 * when the target has forgotten it.
 *
 * An answer that is not protected by the target is never given out as a response. What comes back
 * instead ends the call with SECURITY, and the response status code of it, if any, is in the error:
 * 4112 for a key that the target does not know, 4116 for an originator that is not the key's, 4103
 * from a CSE that does not let the NOTIFY pass. Nobody has proved who said so.
 *
 * Threads: a protected client runs on its carrier, and both belong to one thread at a time. A call
 * that waits on one of them serves the other as well.
 * TS-0003 8.4, TS-0001 11.4 */
#pragma once

#include "merlon/client.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How requests are protected. Set the whole to zero before; texts and files are read when it is
 * given away. */
struct merlon_protection {
    /* A key that both ends have been given: its identifier, "thermo1@sp.example", and a file as
     * for psk_file of struct merlon_credential. */
    const char *key_id;
    const char *key_file;
    /* Or a certificate with its key, the anchors of that of the target, and lists of what is
     * revoked, all PEM: the key of the session is then established with the target. */
    const char *certificate_file;
    const char *private_key_file;
    const char *anchor_file;
    const char *crl_file;
    const char *peer; /* with certificates: absolute CSE-ID or AE-ID that the target must prove */
    const char *in_cse_id;     /* as in struct merlon_credential, for a CSE as peer */
    const char *serialisation; /* of what is inside: "json", "xml", "cbor"; NULL: "json" */
    const void *reserved[3];
};

/* A client whose requests go to `target`, the address of a CSEBase or an AE, over the carrier. It
 * begins with the carrier's originator, release and time-out. The originator must be one that the
 * key stands for at the target; what goes around the object is sent as the carrier's originator, or
 * as that of the client when the carrier has none. What the CSEs on the way see is a NOTIFY to the
 * target. A time-out is for all that a request takes. Credentials and traces are set on the
 * carrier; a trace shows protected requests as the objects that they are in.
 *
 * Nothing is sent yet. Freed with merlon_client_free before its carrier, which is borrowed and must
 * not be a protected client itself. NULL on failure: INVALID (also files that cannot be used),
 * NO_MEMORY, SYSTEM. */
MERLON_API struct merlon_client *merlon_client_new_protected(struct merlon_client *carrier,
                                                             const char *target,
                                                             const struct merlon_protection *how,
                                                             struct merlon_error *error);

/* A key that two ends have established by their certificates. */
struct merlon_established {
    char key_id[33];       /* 32 hexadecimal digits; ends in NUL, like all texts here */
    unsigned char key[32]; /* a secret: wipe it after use */
    char peer[256];        /* whom the certificate of the target proves */
    char expires[16];      /* YYYYMMDDThhmmss */
};

/* Establishes a key with the target by certificates, as `how` tells, and waits for it. A protected
 * client does so by itself; this is for other uses of the key, such as protected data. SECURITY:
 * the target has not proved who it is, does not believe us, or cannot. Also the errors of
 * merlon_client_new_protected and merlon_send. TS-0003 8.7 */
MERLON_API MERLON_CHECKED enum merlon_status
merlon_establish_key(struct merlon_client *carrier, const char *target,
                     const struct merlon_protection *how, struct merlon_established *ret,
                     struct merlon_error *error);

#ifdef __cplusplus
}
#endif
