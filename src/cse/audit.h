/* What an audit log and counters are told about requests.
 *
 * The CSE reports each denied and each administrative request, or all, when it has been answered;
 * who writes that down is the server's business. Nothing here comes from the content of a request,
 * but for the names in its parameters. docs/internals/access.md */
#pragma once

#include "base/rsc.h"
#include "base/slice.h"
#include "model/primitive.h"

struct mln_audit_event {
    int64_t time_us;
    struct mln_slice originator; /* From as it was claimed; untrusted text like the next two */
    struct mln_slice target;     /* To */
    struct mln_slice request_id;
    struct mln_slice credential_id; /* of the security association; empty: none */
    const char *peer;               /* address and port, or "" for the CSE itself */
    enum mln_op op;
    uint16_t ty; /* CREATE: resource type, else 0 */
    enum mln_rsc rsc;
    const char *error;  /* name of the error, "" for success */
    const char *reason; /* why it was denied: a sentence of ours, "" when nothing is known */
    bool is_denied;
    bool is_admin;
    bool is_member;     /* a request that a group made of another */
    bool is_end_to_end; /* it came inside an ESPrim object: the credential is that of its key */
};

struct mln_auditor {
    /* Any thread, several at once; must not wait. Texts are borrowed for the call. */
    void (*note)(void *data, const struct mln_audit_event *event);
    void *data;
    bool wants_all; /* not only denied and administrative requests */
};

/* How decisions ended. */
enum mln_outcome {
    MLN_OUTCOME_PERMITTED,
    MLN_OUTCOME_NO_PRIVILEGE,      /* 4103 */
    MLN_OUTCOME_NOT_AUTHENTICATED, /* 4106 */
    MLN_OUTCOME_NEEDS_ASSOCIATION, /* 4107 */
    MLN_OUTCOME_APP_RULE,          /* 4126 */
    MLN_OUTCOME_NO_SUBSCRIPTION,   /* 4128 */
    MLN_OUTCOME_OTHER,             /* denied by another code */
    MLN_OUTCOMES,
};

/* "permitted", "no_privilege", ... */
const char *mln_outcome_name(enum mln_outcome outcome);
