/* <contentInstance>: one reading. Never changed; the oldest make room for new ones.
 * spec: TS-0004 7.4.7 */
#include "base/timestamp.h"
#include "cse/pipeline/draft.h"
#include "cse/types/cnt.h"

/* Bytes of the content: of a text its UTF-8 form, of other values their JSON form. */
static uint64_t text_bytes(const struct mln_value *v);

static uint64_t digits(uint64_t n)
{
    uint64_t count = 1;

    for (; n >= 10; n /= 10) {
        count++;
    }
    return count;
}

/* Characters of a text as JSON writes it, quotes included. */
static uint64_t quoted_bytes(struct mln_slice s)
{
    uint64_t n = 2;

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        bool is_short =
            c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t' || c == '\b' || c == '\f';

        n += is_short ? 2 : c < 0x20 ? 6 : 1;
    }
    return n;
}

static uint64_t items_bytes(const struct mln_value *v)
{
    uint64_t n = 2 + (v->items.count ? v->items.count - 1 : 0);

    for (const struct mln_value *i = v->items.first; i; i = i->next) {
        n += text_bytes(i) + (v->kind == MLN_V_OBJECT ? quoted_bytes(i->name) + 1 : 0);
    }
    return n;
}

static uint64_t text_bytes(const struct mln_value *v)
{
    switch (v->kind) {
    case MLN_V_NULL:
        return 4;
    case MLN_V_BOOL:
        return v->boolean ? 4 : 5;
    case MLN_V_INT:
        return digits(v->magnitude) + (v->is_negative && v->magnitude);
    case MLN_V_REAL:
        return v->text.len;
    case MLN_V_TEXT:
        return quoted_bytes(v->text);
    case MLN_V_ARRAY:
    case MLN_V_OBJECT:
        return items_bytes(v);
    }
    return 0;
}

static uint64_t content_bytes(const struct mln_value *content)
{
    if (!content) {
        return 0;
    }
    return content->kind == MLN_V_TEXT ? content->text.len : text_bytes(content);
}

static mln_err refuse_hidden(struct mln_exec *e)
{
    struct mln_lookup l = mln_exec_lookup(e);
    bool is_disabled = false;

    if (!e->target.has_parent) {
        MLN_TRY(mln_locate_parent(&l, &e->target.resource, &e->target.parent));
        e->target.has_parent = true;
    }
    /* spec: TS-0004 7.4.7.2.2 */
    if (mln_pack_find_bool(e->target.parent.attrs, MLN_S("disr"), &is_disabled) && is_disabled) {
        mln_fault_set(e->fault, "the container does not allow to retrieve its instances");
        MLN_FAIL(OPERATION);
    }
    return MLN_OK;
}

/* spec: TS-0004 7.4.7.2.1 */
static mln_err perform_create(struct mln_exec *e, struct mln_draft *d)
{
    struct mln_cnt_bounds bounds = mln_cnt_bounds_of(&e->target.resource);
    struct mln_resource *r = &d->resource;

    r->bytes = content_bytes(mln_value_get(d->attributes, MLN_S("con")));
    if (r->bytes > bounds.bytes) {
        mln_fault_set(e->fault, "con: larger than maxByteSize of the container");
        MLN_FAIL(NOT_ACCEPTABLE);
    }
    if (bounds.instances == 0) {
        mln_fault_set(e->fault, "maxNrOfInstances of the container is 0");
        MLN_FAIL(NOT_ACCEPTABLE);
    }
    if (bounds.age_s < (uint64_t)(MLN_TIMESTAMP_MAX / MLN_US_PER_S) &&
        r->et - r->ct > (int64_t)bounds.age_s * MLN_US_PER_S) {
        r->et = r->ct + (int64_t)bounds.age_s * MLN_US_PER_S;
    }
    r->st = e->target.resource.st + 1;
    return MLN_OK;
}

static mln_err finish_create(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_resource parent = e->target.resource;

    parent.count++;
    parent.bytes += d->resource.bytes;
    parent.st = d->resource.st;
    parent.lt = d->resource.ct;
    MLN_TRY(mln_cnt_evict(e, &parent, d->resource.id));
    return mln_store_put(e->write, &e->target.resource, &parent);
}

const struct mln_type_ops mln_cin_ops = {
    .ty = MLN_TY_CIN,
    .operations = MLN_OPS_CRD,
    .create = { .perform = perform_create, .finish = finish_create },
    .retrieve = { .validate = refuse_hidden },
    .del = { .validate = refuse_hidden },
};
