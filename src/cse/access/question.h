/* What `merlon access explain` asks: would a request like this be permitted?
 *
 * The text of the header Merlon-Explain, "originator=Cx; operation=create; type=3", parts in any
 * order. Pure functions; the slices are borrowed from the text. docs/decisions/0016 */
#pragma once

#include "cse/access/iprange.h"
#include "model/primitive.h"

struct mln_question {
    struct mln_slice originator;
    enum mln_op op;
    bool is_discovery;           /* of RETRIEVE: DISCOVER is asked for */
    uint16_t ty;                 /* of CREATE */
    struct mln_slice attributes; /* of UPDATE: names separated by commas; empty: not said */
    /* what only a real request has */
    bool has_time;
    bool has_address;
    bool is_authenticated;
    int64_t time_us;
    struct mln_ip address;
};

/* `now_us` is what "time=now" means. Errors: PARAM_INVALID, PARAM_MISSING, with the reason in the
 * fault. */
mln_err mln_question_read(struct mln_slice text, int64_t now_us, struct mln_question *ret,
                          struct mln_fault *fault);

/* "create", ... "discover". */
struct mln_slice mln_question_operation(const struct mln_question *question);
