/* AEs with AE-IDs of the service provider at a CSE that is not the IN-CSE: the IN-CSE, our
 * registrar, gives the AE-ID or agrees to it before the <AE> is made, by an <AEAnnc>. While the
 * <AE> exists, it is kept there like a copy; when it goes, it is said to be INACTIVE: announce.c.
 *
 * One of those that are consulted before a write: pipeline/consult.h. Fails closed: without an
 * answer there is no <AE>. Decision 0042 has the readings.
 * spec: TS-0001 10.2.2.2; TS-0004 7.4.5.2.1, 7.4.5.2.4 */
#pragma once

#include "cse/cse_int.h"

struct mln_enrolment;

/* Could this request need that? Looks at the request only. */
bool mln_enrol_concerns(const struct mln_exec *e);

/* In the view, after the stage validate. Errors: REGISTERED, CONFLICT, STORE_*, NO_MEMORY. */
mln_err mln_enrol_prepare(struct mln_exec *e);

/* Asks; without a view. PARKED: mln_exec_resume follows, with what the IN-CSE says against it or
 * NOT_REACHABLE; else nobody had to be asked. Errors: OVERLOAD, REQUEST_PENDING, NO_MEMORY. */
mln_err mln_enrol_start(struct mln_exec *e, enum mln_step *ret);

/* The AE-ID-Stem that the IN-CSE has agreed to; empty: it was not asked. */
struct mln_slice mln_enrol_stem(const struct mln_exec *e);

/* What the IN-CSE is told of an AE. */
struct mln_enrol_facts {
    struct mln_slice cse_id; /* ours, as it knows it */
    struct mln_slice stem;   /* or "S" */
    struct mln_slice credential_id;
    struct mln_slice app_id;   /* CREATE: App-ID, and */
    struct mln_slice releases; /* supportedReleaseVersions, packed; both empty for UPDATE */
    int64_t until_us;          /* it is to be kept there until then */
};

/* Packed content, in the arena. Errors: NO_MEMORY. */
mln_err mln_enrol_content(const struct mln_enrol_facts *facts, struct mln_arena *arena,
                          struct mln_slice *ret);
