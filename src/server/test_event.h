/* For tests of this folder only: an event of the audit log. */
#pragma once

#include "server/audit_line.h"

static struct mln_audit_event event(void)
{
    return (struct mln_audit_event){
        .time_us = INT64_C(1893456000123456),
        .originator = MLN_S("C1"),
        .target = MLN_S("cse-in/c1"),
        .request_id = MLN_S("r1"),
        .credential_id = MLN_S("12-k1@sp.example"),
        .peer = "192.0.2.1:5000",
        .op = MLN_OP_CREATE,
        .ty = 4,
        .rsc = MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE,
        .error = "NO_PRIVILEGE",
        .reason = "originator has no privilege",
        .is_denied = true,
    };
}
