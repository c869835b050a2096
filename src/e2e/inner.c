/* Inner primitives as texts. spec: TS-0004 8 */
#include "e2e/inner.h"

#include "base/timestamp.h"
#include "model/pack.h"

static const struct mln_slice request_root = { "m2m:rqp", 7 };
static const struct mln_slice response_root = { "m2m:rsp", 7 };

/* ---- reading ---- */

static mln_err wrong(struct mln_fault *fault, const char *what)
{
    mln_fault_set(fault, "inner primitive: %s", what);
    MLN_FAIL(SYNTAX);
}

/* The parameters, with or without their root. */
static mln_err read(const struct mln_serialisation *form, struct mln_slice text,
                    const struct mln_limits *limits, struct mln_arena *arena,
                    struct mln_value **ret, struct mln_fault *fault)
{
    struct mln_value *v = NULL;
    mln_err err = form->read(text, limits, arena, &v, NULL); /* its fault might tell of the text */

    if (err.code == MLN_ERR_SYNTAX) {
        return wrong(fault, "it cannot be parsed");
    }
    MLN_TRY(err);
    if (v->kind != MLN_V_OBJECT) {
        return wrong(fault, "it is no object");
    }
    *ret = v;
    return MLN_OK;
}

static mln_err unwrap(struct mln_value **v, struct mln_slice root, struct mln_fault *fault)
{
    struct mln_value *inside = mln_value_get(*v, root);

    if (!inside) {
        return MLN_OK;
    }
    if ((*v)->items.count != 1 || inside->kind != MLN_V_OBJECT) {
        return wrong(fault, "its root is no object, or not alone");
    }
    inside->name = (struct mln_slice){ 0 };
    *v = inside;
    return MLN_OK;
}

mln_err mln_inner_read_request(const struct mln_serialisation *form, struct mln_slice text,
                               const struct mln_limits *limits, struct mln_arena *arena,
                               struct mln_value **ret_params, struct mln_fault *fault)
{
    struct mln_value *v = NULL;

    MLN_TRY(read(form, text, limits, arena, &v, fault));
    MLN_TRY(unwrap(&v, request_root, fault));
    (void)mln_value_take(v, MLN_S("rt"));
    (void)mln_value_take(v, MLN_S("ec"));
    (void)mln_value_take(v, MLN_S("da"));
    *ret_params = v;
    return MLN_OK;
}

mln_err mln_inner_read_response(const struct mln_serialisation *form, struct mln_slice text,
                                const struct mln_limits *limits, struct mln_arena *arena,
                                struct mln_value **ret_params, struct mln_fault *fault)
{
    struct mln_value *v = NULL;
    const struct mln_value *rqi;
    uint64_t rsc;

    MLN_TRY(read(form, text, limits, arena, &v, fault));
    MLN_TRY(unwrap(&v, response_root, fault));
    rqi = mln_value_get(v, MLN_S("rqi"));
    if (!rqi || rqi->kind != MLN_V_TEXT || !mln_value_u64(mln_value_get(v, MLN_S("rsc")), &rsc)) {
        return wrong(fault, "a response without rsc or rqi");
    }
    *ret_params = v;
    return MLN_OK;
}

/* ---- writing ---- */

mln_err mln_inner_stamp(struct mln_value *params, int64_t now_us, struct mln_arena *arena)
{
    char now[MLN_TIMESTAMP_SIZE];
    struct mln_slice text = mln_slice_of(now, mln_timestamp_put(now, now_us));

    if (mln_value_get(params, MLN_S("ot"))) {
        return MLN_OK;
    }
    MLN_REQUIRE(mln_arena_dup(arena, text, &text), NO_MEMORY);
    return mln_value_set(params, MLN_S("ot"), mln_value_text(arena, text));
}

/* Only XML has a root. */
static mln_err write_as(const struct mln_serialisation *form, struct mln_slice root,
                        struct mln_slice params, struct mln_buf *out)
{
    struct mln_slice pack = params;
    struct mln_buf rooted;

    if (mln_slice_eq(form->name, MLN_S("xml"))) {
        mln_buf_init(&rooted, out->arena, SIZE_MAX);
        mln_pack_map(&rooted, 1);
        mln_pack_text(&rooted, root);
        mln_pack_raw(&rooted, params);
        MLN_TRY(mln_buf_finish(&rooted, &pack));
    }
    return form->write(out, pack);
}

static mln_err write(const struct mln_serialisation **form, struct mln_slice root,
                     struct mln_slice params, struct mln_buf *out, struct mln_slice *ret)
{
    mln_err err = write_as(*form, root, params, out);

    if (err.code == MLN_ERR_NOT_ACCEPTABLE) {
        *form = mln_serialisation_at(0);
        mln_buf_rewind(out, 0);
        err = write_as(*form, root, params, out);
    }
    MLN_TRY(err);
    return mln_buf_finish(out, ret);
}

mln_err mln_inner_write_request(const struct mln_serialisation **form,
                                const struct mln_value *params, struct mln_arena *arena, size_t max,
                                struct mln_slice *ret)
{
    struct mln_slice pack = { 0 };
    struct mln_buf out;

    mln_buf_init(&out, arena, SIZE_MAX);
    mln_pack_value(&out, params);
    MLN_TRY(mln_buf_finish(&out, &pack));
    mln_buf_init(&out, arena, max);
    return write(form, request_root, pack, &out, ret);
}

static void put_text(struct mln_buf *out, struct mln_slice name, struct mln_slice text)
{
    if (text.len) {
        mln_pack_text(out, name);
        mln_pack_text(out, text);
    }
}

static void put_number(struct mln_buf *out, struct mln_slice name, uint64_t n)
{
    if (n) {
        mln_pack_text(out, name);
        mln_pack_uint(out, n);
    }
}

static void put_local_tokens(struct mln_buf *out, const struct mln_response *r)
{
    if (!r->ati_count) {
        return;
    }
    mln_pack_text(out, MLN_S("ati"));
    mln_pack_map(out, 1);
    mln_pack_text(out, MLN_S("ltia"));
    mln_pack_array(out, r->ati_count);
    for (size_t i = 0; i < r->ati_count; i++) {
        mln_pack_map(out, 2);
        mln_pack_text(out, MLN_S("lti"));
        mln_pack_text(out, r->ati[i].id);
        mln_pack_text(out, MLN_S("tkid"));
        mln_pack_text(out, r->ati[i].token_id);
    }
}

mln_err mln_inner_write_response(const struct mln_serialisation **form,
                                 const struct mln_response *response, struct mln_arena *arena,
                                 size_t max, struct mln_slice *ret)
{
    struct mln_slice pack = { 0 };
    struct mln_buf out;

    mln_buf_init(&out, arena, SIZE_MAX);
    mln_pack_map(&out, MLN_PACK_OPEN);
    put_number(&out, MLN_S("rsc"), response->rsc);
    put_text(&out, MLN_S("rqi"), response->rqi);
    if (response->pc.len) {
        mln_pack_text(&out, MLN_S("pc"));
        mln_pack_raw(&out, response->pc);
    }
    put_text(&out, MLN_S("to"), response->to);
    put_text(&out, MLN_S("fr"), response->fr);
    put_number(&out, MLN_S("cnst"), response->content_status);
    put_number(&out, MLN_S("cnot"), response->content_offset);
    put_local_tokens(&out, response);
    put_text(&out, MLN_S("rvi"), response->rvi);
    put_text(&out, MLN_S("vsi"), response->vsi);
    mln_pack_end(&out);
    MLN_TRY(mln_buf_finish(&out, &pack));
    mln_buf_init(&out, arena, max);
    return write(form, response_root, pack, &out, ret);
}
