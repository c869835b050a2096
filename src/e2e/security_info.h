/* m2m:securityInfo: what a NOTIFY for security, and the answer to it, carry.
 *
 * Which element goes with which securityInfoType. Pure functions, any thread.
 * spec: TS-0004 6.3.4.2.35, 6.3.5.48; security.md 0.3 */
#pragma once

#include "base/fault.h"
#include "model/value.h"

enum mln_security_info {
    MLN_SECURITY_DAS_REQUEST = 1,
    MLN_SECURITY_DAS_RESPONSE = 2,
    MLN_SECURITY_RANDOM_REQUEST = 3,
    MLN_SECURITY_RANDOM_RESPONSE = 4,
    MLN_SECURITY_ESPRIM = 5,
    MLN_SECURITY_ESCERTKE = 6,
    MLN_SECURITY_RELATION_REQUEST = 7,
    MLN_SECURITY_RELATION_RESPONSE = 8,
};

/* The securityInfoType; 0 for none that there is. */
enum mln_security_info mln_security_info_type(const struct mln_value *info);

/* Adds to the tables: no element of another securityInfoType, and for end-to-end security its own.
 * Errors: ATTR_INVALID, ATTR_MISSING. */
mln_err mln_security_info_check(const struct mln_value *info, struct mln_fault *fault);
