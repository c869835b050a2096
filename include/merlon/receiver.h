/* Receivers: a small HTTP server that takes notifications.
 *
 * A receiver belongs to a client and is served while a blocking call of that client runs: the CSE
 * may ask it for verification while the client still waits for the answer to the CREATE of the
 * subscription. It takes notifications at one URL with an unguessable path and refuses all else.
 * Numbers and sizes of connections and messages are bounded.
 * TS-0001 10.2.10, TS-0004 7.5.1 */
#pragma once

#include "merlon/client.h"

#ifdef __cplusplus
extern "C" {
#endif

struct merlon_receiver;

/* A notification. Everything got from it lives for the callback. */
struct merlon_notification;

/* The value of m2m:sgn. Never NULL. */
MERLON_API const struct merlon_json *
merlon_notification_json(const struct merlon_notification *notification);

/* Representation of the resource that the event is about ("nev"/"rep"), with its root member, or
 * NULL. */
MERLON_API const struct merlon_json *
merlon_notification_representation(const struct merlon_notification *notification);

/* Notification Event Type, 0 when not told. TS-0004 6.3.4.2.19 */
MERLON_API int merlon_notification_event(const struct merlon_notification *notification);

/* Does it tell that the subscription was deleted? */
MERLON_API bool merlon_notification_is_deletion(const struct merlon_notification *notification);

/* Address of the subscription, "" when not told. */
MERLON_API const char *
merlon_notification_subscription(const struct merlon_notification *notification);

/* Who sent it: what the message claims, which nobody has checked; under TLS a CSE that has proved
 * who it is claims it. "" when not told. */
MERLON_API const char *
merlon_notification_originator(const struct merlon_notification *notification);

/* Takes one notification; those that come in one message (m2m:agn) are given one by one. Returns
 * the response status code for the CSE, 0 for 2000. Verification requests of new subscriptions are
 * confirmed by the receiver and not given here. */
typedef int merlon_notified(void *data, const struct merlon_notification *notification);

/* address: "127.0.0.1:4000", "[::1]:0", "192.0.2.7:0"; port 0 takes a free one. NULL: a free port
 * at the address of this host from which the CSE is reached. NULL on failure: INVALID, SYSTEM
 * (address in use, or not of this host), NO_MEMORY. */
MERLON_API struct merlon_receiver *merlon_receiver_new(struct merlon_client *client,
                                                       const char *address,
                                                       merlon_notified *notified, void *data,
                                                       struct merlon_error *error);

/* The same under TLS: notifications can be read by nobody on the way, and come from the CSE alone.
 * The receiver shows certificate_file of the credential, which must name the host of its URL: the
 * address, or the name when `address` has one, as in "panel.example:4000". The CSE must show a
 * certificate that leads to anchor_file and names cse_id, or without that the host of the URL of
 * the client. A pre-shared key does not serve here. The credential is read before the function
 * returns; NULL makes a receiver in plain text. Also INVALID: as merlon_client_set_credentials. */
MERLON_API struct merlon_receiver *
merlon_receiver_new_secured(struct merlon_client *client, const char *address,
                            const struct merlon_credential *credential, merlon_notified *notified,
                            void *data, struct merlon_error *error);

/* Ends its connections. Not from within its callback. NULL is fine. */
MERLON_API void merlon_receiver_free(struct merlon_receiver *receiver);

/* The URL to put into the notificationURI of a subscription. Lives as long as the receiver. */
MERLON_API const char *merlon_receiver_url(const struct merlon_receiver *receiver);

/* The path of that URL, "/…": for a URL under which a gateway forwards to the receiver. */
MERLON_API const char *merlon_receiver_path(const struct merlon_receiver *receiver);

#ifdef __cplusplus
}
#endif
