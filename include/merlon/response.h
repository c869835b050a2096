/* Responses: what a CSE answered. Everything got from a response lives as long as it.
 * TS-0001 8.1.3, TS-0004 6.4.2 */
#pragma once

#include "merlon/json.h"

#ifdef __cplusplus
extern "C" {
#endif

struct merlon_response;

/* NULL is fine. */
MERLON_API void merlon_response_free(struct merlon_response *response);

/* Response status code: 2000, 4004, … See merlon_rsc_name. */
MERLON_API int merlon_response_rsc(const struct merlon_response *response);

/* The content as it came, byte for byte; "" without one. *ret_size, if not NULL, gets its size. */
MERLON_API const char *merlon_response_content(const struct merlon_response *response,
                                               size_t *ret_size);

/* The content as a value; NULL without one, and when it is not JSON. */
MERLON_API const struct merlon_json *merlon_response_json(const struct merlon_response *response);

/* The attribute of that short name in the content, whatever its type: "con", "ri", "cni". NULL
 * when there is none. */
MERLON_API const struct merlon_json *
merlon_response_attribute(const struct merlon_response *response, const char *name);

/* What the CSE said about an error, one printable line; "" when it said nothing. */
MERLON_API const char *merlon_response_debug(const struct merlon_response *response);

/* A parameter of the response by short name: "rqi", "rvi", "vsi", "fr", "ot"; NULL when absent. */
MERLON_API const char *merlon_response_parameter(const struct merlon_response *response,
                                                 const char *name);

/* Address of the resource that a CREATE has made, in the form in which a request can carry it; NULL
 * when the answer does not tell. */
MERLON_API const char *merlon_response_address(const struct merlon_response *response);

/* A short name that the CSE has given to a token of the request: later requests can carry it as
 * Local Token ID ("ltids") in the place of the token. TS-0001 8.1.3 */
struct merlon_local_token {
    const char *id;
    const char *token_id; /* of which token */
};

/* NULL behind the last one. */
MERLON_API const struct merlon_local_token *
merlon_response_local_token(const struct merlon_response *response, size_t index);

/* Is the content only a part of the result? Then *ret_offset, if not NULL, gets the value of the
 * filter criterion "ofst" that asks for the rest, 0 when the CSE did not tell. */
MERLON_API bool merlon_response_is_partial(const struct merlon_response *response,
                                           uint64_t *ret_offset);

/* A resource named in a content: a discovery result or a child resource reference. */
struct merlon_reference {
    const char *address;
    const char *name; /* resourceName, "" when not told */
    int type;         /* resourceType, 0 when not told */
};

/* The references in the content, whatever form the CSE gave them (m2m:uril, m2m:rrl, ch), in its
 * order. NULL behind the last one. */
MERLON_API const struct merlon_reference *
merlon_response_reference(const struct merlon_response *response, size_t index);

#ifdef __cplusplus
}
#endif
