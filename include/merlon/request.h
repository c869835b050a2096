/* Requests: one request primitive, to be sent by merlon_send once or many times.
 *
 * What is not set here comes from the client: originator, release, request identifier.
 * TS-0001 8.1.2, TS-0004 7.2.1 */
#pragma once

#include "merlon/content.h"

#ifdef __cplusplus
extern "C" {
#endif

struct merlon_request;

enum merlon_operation {
    MERLON_CREATE = 1,
    MERLON_RETRIEVE = 2,
    MERLON_UPDATE = 3,
    MERLON_DELETE = 4,
    MERLON_NOTIFY = 5
};

/* to: address of the target as TS-0001 7.2 writes it: "cse-in/ae1", "cnt123", "/id-in/cse-in/ae1",
 * "//sp.example/id-in/…". NULL on failure: INVALID, NO_MEMORY. */
MERLON_API struct merlon_request *merlon_request_new(enum merlon_operation operation,
                                                     const char *to, struct merlon_error *error);

/* NULL is fine. */
MERLON_API void merlon_request_free(struct merlon_request *request);

/* Sets any request parameter by short or long name, its value as text: "rcn" "4",
 * "originatingTimestamp" "20300101T000000", "fr" "CAdmin"; lists with commas; objects as JSON.
 * Setting it again replaces it. INVALID: no such parameter (the text names the nearest), or a value
 * that is not of its data type. NO_MEMORY. */
MERLON_API MERLON_CHECKED enum merlon_status merlon_request_set(struct merlon_request *request,
                                                                const char *name, const char *value,
                                                                struct merlon_error *error);

/* Adds one element to a request parameter that is a list, by short or long name: "rids"
 * "operator@sp.example", "tkns" and a token in compact form, "tids", "ltids". Errors as
 * merlon_request_set; INVALID also for a parameter that is no list. TS-0001 8.1.2 */
MERLON_API MERLON_CHECKED enum merlon_status merlon_request_add(struct merlon_request *request,
                                                                const char *name, const char *value,
                                                                struct merlon_error *error);

/* Adds a filter criterion by short or long name: "lim" "10", "createdAfter" "20240101T000000",
 * "ty" "cnt,cin", "lbl" "kitchen". A criterion that is a list grows. Errors as merlon_request_set.
 * TS-0004 6.3.5.8 */
MERLON_API MERLON_CHECKED enum merlon_status merlon_request_filter(struct merlon_request *request,
                                                                   const char *name,
                                                                   const char *value,
                                                                   struct merlon_error *error);

/* Adds the condition that an attribute, by short or long name, has the value; '*' stands for any
 * characters. INVALID: no resource type has such an attribute. NO_MEMORY. */
MERLON_API MERLON_CHECKED enum merlon_status
merlon_request_filter_attribute(struct merlon_request *request, const char *name, const char *value,
                                struct merlon_error *error);

/* Makes a RETRIEVE a discovery. TS-0001 10.2.6 */
MERLON_API MERLON_CHECKED enum merlon_status merlon_request_discover(struct merlon_request *request,
                                                                     struct merlon_error *error);

/* Makes a RETRIEVE, which must have no other parameters but roles and tokens, a question to the CSE
 * of this library: why would such a request be permitted or refused? For its administrator only;
 * the answer is a JSON object "mln:explanation". The parts of the question are separated by ';':
 * "originator=Cx; operation=create; type=3; attributes=acpi; address=192.0.2.1; time=now;
 * authenticated=true". Another CSE sends the resource. NO_MEMORY. */
MERLON_API MERLON_CHECKED enum merlon_status merlon_request_explain(struct merlon_request *request,
                                                                    const char *question,
                                                                    struct merlon_error *error);

/* The content, which is copied, and for a CREATE the resource type of it. NO_MEMORY. */
MERLON_API MERLON_CHECKED enum merlon_status
merlon_request_set_content(struct merlon_request *request, const struct merlon_content *content,
                           struct merlon_error *error);

#ifdef __cplusplus
}
#endif
