/* Requests as they are kept. */
#include "cse/pipeline/kept.h"

#include "base/association.h"
#include "model/pack.h"

uint64_t mln_kept_state(const struct mln_cse *cse, struct mln_slice credential_id)
{
    const struct mln_cse_options *o = &cse->options;

    return o->credential_state ? o->credential_state(o->credential_data, credential_id) : 0;
}

/* ---- writing ---- */

static void put_text(struct mln_buf *out, struct mln_slice name, struct mln_slice text)
{
    mln_pack_text(out, name);
    mln_pack_text(out, text);
}

static void put_number(struct mln_buf *out, struct mln_slice name, uint64_t n)
{
    mln_pack_text(out, name);
    mln_pack_uint(out, n);
}

static void put_list(struct mln_buf *out, struct mln_slice name, const struct mln_slice *list,
                     size_t count)
{
    mln_pack_text(out, name);
    mln_pack_array(out, count);
    for (size_t i = 0; i < count; i++) {
        mln_pack_text(out, list[i]);
    }
}

static void put_association(struct mln_buf *out, const struct mln_cse *cse,
                            const struct mln_association *a)
{
    mln_pack_text(out, MLN_S("as"));
    mln_pack_map(out, 9);
    put_number(out, MLN_S("kind"), a->kind);
    put_text(out, MLN_S("id"), a->credential_id);
    put_text(out, MLN_S("cse"), a->cse_id);
    put_list(out, MLN_S("ae"), a->ae_ids, a->ae_id_count);
    put_list(out, MLN_S("app"), a->app_ids, a->app_id_count);
    put_list(out, MLN_S("role"), a->role_ids, a->role_id_count);
    put_text(out, MLN_S("api"), a->app_id);
    put_number(out, MLN_S("end"), (uint64_t)a->expires_us);
    put_number(out, MLN_S("st"), mln_kept_state(cse, a->credential_id));
}

static void put_peer(struct mln_buf *out, const struct mln_peer *peer)
{
    mln_pack_text(out, MLN_S("tr"));
    mln_pack_bool(out, peer->is_trusted);
    mln_pack_text(out, MLN_S("se"));
    mln_pack_bool(out, peer->is_secured);
    mln_pack_text(out, MLN_S("ip"));
    mln_pack_array(out, peer->address_len);
    for (size_t i = 0; i < peer->address_len; i++) {
        mln_pack_uint(out, peer->address[i]);
    }
    put_text(out, MLN_S("nm"), mln_slice_z(peer->name));
}

static void put_params(struct mln_buf *out, const struct mln_value *params)
{
    mln_pack_text(out, MLN_S("p"));
    mln_pack_map(out, MLN_PACK_OPEN);
    for (const struct mln_value *v = params->items.first; v; v = v->next) {
        if (!mln_slice_eq(v->name, MLN_S("pc"))) {
            mln_pack_text(out, v->name);
            mln_pack_value(out, v);
        }
    }
    mln_pack_end(out);
}

mln_err mln_kept_pack(const struct mln_cse *cse, const struct mln_call *call, struct mln_slice *ret)
{
    struct mln_buf out;

    *ret = (struct mln_slice){ 0 };
    if (mln_value_get(call->params, MLN_S("tkns"))) {
        return MLN_OK;
    }
    mln_buf_init(&out, call->arena, SIZE_MAX);
    mln_pack_map(&out, MLN_PACK_OPEN);
    put_params(&out, call->params);
    if (call->peer) {
        put_peer(&out, call->peer);
    }
    if (call->peer && call->peer->association) {
        put_association(&out, cse, call->peer->association);
    }
    mln_pack_end(&out);
    return mln_buf_finish(&out, ret);
}

/* ---- reading ---- */

static mln_err read_list(struct mln_slice map, struct mln_slice name, struct mln_arena *arena,
                         const struct mln_slice **ret, size_t *ret_count)
{
    struct mln_slice list;
    struct mln_slice *made;
    struct mln_walk w;
    size_t count = 0;

    MLN_REQUIRE(mln_pack_find(map, name, &list), STORE_CORRUPT);
    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        count++;
    }
    made = mln_arena_zalloc(arena, count + 1, sizeof *made);
    MLN_REQUIRE(made, NO_MEMORY);
    count = 0;
    for (mln_walk_begin(&w, list); mln_walk_next(&w); count++) {
        MLN_REQUIRE(mln_pack_text_of(w.item, &made[count]), STORE_CORRUPT);
    }
    *ret = made;
    *ret_count = count;
    return MLN_OK;
}

static mln_err read_association(struct mln_slice map, struct mln_arena *arena,
                                struct mln_association **ret, uint64_t *ret_state)
{
    struct mln_association a = { 0 };
    uint64_t kind;
    uint64_t end;

    MLN_REQUIRE(mln_pack_find_u64(map, MLN_S("kind"), &kind) &&
                    mln_pack_find_text(map, MLN_S("id"), &a.credential_id) &&
                    mln_pack_find_text(map, MLN_S("cse"), &a.cse_id) &&
                    mln_pack_find_text(map, MLN_S("api"), &a.app_id) &&
                    mln_pack_find_u64(map, MLN_S("end"), &end) &&
                    mln_pack_find_u64(map, MLN_S("st"), ret_state),
                STORE_CORRUPT);
    a.kind = (enum mln_association_kind)kind;
    a.expires_us = (int64_t)end;
    MLN_TRY(read_list(map, MLN_S("ae"), arena, &a.ae_ids, &a.ae_id_count));
    MLN_TRY(read_list(map, MLN_S("app"), arena, &a.app_ids, &a.app_id_count));
    MLN_TRY(read_list(map, MLN_S("role"), arena, &a.role_ids, &a.role_id_count));
    return mln_association_new(&a, ret);
}

static mln_err read_peer(struct mln_slice kept, struct mln_peer *ret)
{
    struct mln_slice address;
    struct mln_slice name;
    struct mln_walk w;
    uint64_t byte;

    *ret = (struct mln_peer){ 0 };
    if (!mln_pack_find_bool(kept, MLN_S("tr"), &ret->is_trusted)) {
        return MLN_OK; /* it had none */
    }
    MLN_REQUIRE(mln_pack_find_bool(kept, MLN_S("se"), &ret->is_secured) &&
                    mln_pack_find(kept, MLN_S("ip"), &address) &&
                    mln_pack_find_text(kept, MLN_S("nm"), &name),
                STORE_CORRUPT);
    for (mln_walk_begin(&w, address); mln_walk_next(&w); ret->address_len++) {
        MLN_REQUIRE(ret->address_len < sizeof ret->address && mln_pack_u64_of(w.item, &byte),
                    STORE_CORRUPT);
        ret->address[ret->address_len] = (unsigned char)byte;
    }
    name = mln_slice_head(name, sizeof ret->name - 1);
    memcpy(ret->name, name.ptr, name.len);
    return MLN_OK;
}

mln_err mln_kept_read(struct mln_slice kept, struct mln_slice attrs, struct mln_call *call,
                      struct mln_peer *peer, struct mln_association **ret_association,
                      uint64_t *ret_credential_state)
{
    struct mln_slice params;
    struct mln_slice association;
    struct mln_slice content;
    struct mln_value *pc;

    MLN_REQUIRE(mln_pack_find(kept, MLN_S("p"), &params), STORE_CORRUPT);
    MLN_TRY(mln_pack_to_value(params, call->arena, &call->params));
    if (mln_pack_find(attrs, MLN_S("pc"), &content)) {
        MLN_TRY(mln_pack_to_value(content, call->arena, &pc));
        MLN_TRY(mln_value_set(call->params, MLN_S("pc"), pc));
    }
    MLN_TRY(read_peer(kept, peer));
    return mln_pack_find(kept, MLN_S("as"), &association)
               ? read_association(association, call->arena, ret_association, ret_credential_state)
               : MLN_OK;
}
