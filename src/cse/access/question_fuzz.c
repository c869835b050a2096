/* Fuzz target of the question of `merlon access explain`: what is read keeps the rules of its
 * parts, and written anew it is read as the same. docs/decisions/0016 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fuzz_test.h"
#include "base/timestamp.h"
#include "cse/access/question.h"

enum { NOW_US = 1000000, TEXT_MAX = 1 << 16 };

static void check_parts(const struct mln_question *q)
{
    require(q->originator.len > 0);
    require(q->op >= MLN_OP_CREATE && q->op <= MLN_OP_NOTIFY);
    require((q->ty != 0) == (q->op == MLN_OP_CREATE));
    require(!q->is_discovery || q->op == MLN_OP_RETRIEVE);
    require(q->attributes.len == 0 || q->op == MLN_OP_UPDATE);
    require(!q->has_address || q->address.family == 4 || q->address.family == 6);
    require(!q->has_time || (q->time_us >= 0 && q->time_us <= MLN_TIMESTAMP_MAX));
}

/* In another order than most have; the address is left out. */
static void check_again(const struct mln_question *q)
{
    char *text = malloc(TEXT_MAX);
    char type[16] = "";
    char time[MLN_TIMESTAMP_SIZE + 8] = "";
    char *attributes = malloc(TEXT_MAX);
    struct mln_fault fault = { 0 };
    struct mln_question again;
    struct mln_slice operation = mln_question_operation(q);

    require(text && attributes);
    attributes[0] = '\0';
    if (q->ty) {
        (void)snprintf(type, sizeof type, ";type=%u", (unsigned)q->ty);
    }
    if (q->has_time) {
        memcpy(time, ";time=", 6);
        mln_timestamp_format(time + 6, q->time_us);
        time[6 + MLN_TIMESTAMP_SIZE] = '\0';
    }
    if (q->attributes.len) {
        (void)snprintf(attributes, TEXT_MAX, "attributes=%.*s;", MLN_S_ARG(q->attributes));
    }
    (void)snprintf(text, TEXT_MAX, "%s%soperation=%.*s%s%s; originator= %.*s", attributes,
                   q->is_authenticated ? "authenticated=true ; " : "", MLN_S_ARG(operation), type,
                   time, MLN_S_ARG(q->originator));
    require(!mln_failed(mln_question_read(mln_slice_z(text), NOW_US, &again, &fault)));
    require(again.op == q->op && again.ty == q->ty && again.is_discovery == q->is_discovery);
    require(mln_slice_eq(again.originator, q->originator));
    require(mln_slice_eq(again.attributes, q->attributes));
    require(again.has_time == q->has_time && again.time_us == q->time_us);
    require(again.is_authenticated == q->is_authenticated);
    free(text);
    free(attributes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mln_slice text = mln_slice_of((const char *)data, size);
    struct mln_fault fault = { 0 };
    struct mln_question q;

    if (mln_failed(mln_question_read(text, NOW_US, &q, &fault))) {
        require(fault.text[0] != '\0');
        return 0;
    }
    check_parts(&q);
    if (size < TEXT_MAX / 4 && mln_slice_find(text, '\0') == text.len) {
        check_again(&q);
    }
    return 0;
}
