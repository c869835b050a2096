/* Members at other CSEs: the part of a group request that leaves this CSE.
 *
 * While the request is fanned out, in its view, each such member is only noted, with its place
 * among the answers. When the view has ended, and what the members here did is committed, they are
 * asked together, in the name of the originator: their hosts decide what it may do. Their answers
 * are put into their places; who has not answered in time has none. Members that were deleted leave
 * their groups before the whole is answered.
 * spec: TS-0004 7.4.14.2.4, 7.4.14.2.5, 7.4.14.3.5; docs/decisions/0034 */
#pragma once

#include "cse/cse_int.h"

struct mln_far_member;

/* Is that address one of another CSE? */
bool mln_far_concerns(const struct mln_cse *cse, struct mln_slice address);

/* The member of the group at hand, `e`, is to be asked at the address `to`; its answer belongs
 * where `at` says in what is being written. Errors: NO_MEMORY. */
mln_err mln_far_note(struct mln_exec *e, struct mln_slice member, struct mln_slice to, size_t at);

/* The last one noted is to get a subscription that is aggregated by the group at that address.
 * Errors: NO_MEMORY. */
mln_err mln_far_note_via(struct mln_exec *e, struct mln_slice via);

/* The last one noted, or NULL: what follows belongs to one sub-group. */
struct mln_far_member *mln_far_mark(const struct mln_fan *fan);

/* Those noted since then: their places are `offset` further behind; or they are forgotten. */
void mln_far_shift(struct mln_fan *fan, struct mln_far_member *mark, size_t offset);
void mln_far_forget(struct mln_fan *fan, struct mln_far_member *mark);

/* The fan-out is done, but for those noted: they are asked at the end. `has_answers`: some members
 * have answered already. Nothing when there are none. */
void mln_far_arrange(struct mln_exec *e, bool has_answers);

/* One answer in an aggregated response. *ret_pc: where its content begins, 0 without. */
void mln_far_put_answer(struct mln_buf *out, struct mln_slice member, const struct mln_response *r,
                        size_t *ret_pc);
