/* The CSE and its workers: birth, the CSEBase, and the end. */
#include "cse/cse_int.h"

#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "cse/access/tokens.h"
#include "cse/group/gid.h"
#include "cse/notify/block.h"
#include "cse/notify/fresh.h"
#include "cse/pipeline/pending.h"
#include "cse/protect/originate.h"
#include "cse/remote/buffer.h"
#include "cse/remote/errand.h"
#include "cse/stats/stats.h"
#include "cse/types/req.h"
#include "cse/types/types.h"

enum { CONFIG_ARENA = 1 << 20, BASE_ARENA = 4 << 20 };

/* ---- the CSEBase ---- */

static mln_err add_texts(struct mln_value *object, struct mln_slice name,
                         const struct mln_slice *texts, size_t count, struct mln_arena *arena)
{
    struct mln_value *list = mln_value_new(arena, MLN_V_ARRAY);

    MLN_REQUIRE(list, NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        MLN_TRY(mln_value_append(list, mln_value_text(arena, texts[i])));
    }
    return mln_value_set(object, name, list);
}

static mln_err add_types(struct mln_value *object, struct mln_arena *arena)
{
    struct mln_value *list = mln_value_new(arena, MLN_V_ARRAY);
    size_t count;
    const uint16_t *numbers = mln_types_supported(&count);

    MLN_REQUIRE(list, NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        MLN_TRY(mln_value_append(list, mln_value_uint(arena, numbers[i])));
    }
    return mln_value_set(object, MLN_S("srt"), list);
}

/* spec: TS-0001 9.6.3 */
static mln_err base_attributes(const struct mln_cse *cse, struct mln_arena *arena,
                               struct mln_slice *ret)
{
    static const struct mln_slice releases[] = { { "2a", 2 }, { "3", 1 }, { "4", 1 } };
    const struct mln_cse_options *o = &cse->options;
    struct mln_value *v = mln_value_new(arena, MLN_V_OBJECT);
    struct mln_buf buf;

    MLN_REQUIRE(v, NO_MEMORY);
    MLN_TRY(mln_value_set(v, MLN_S("cst"), mln_value_uint(arena, o->type)));
    MLN_TRY(mln_value_set(v, MLN_S("csi"), mln_value_text(arena, cse->names.cse_id)));
    MLN_TRY(add_types(v, arena));
    MLN_TRY(add_texts(v, MLN_S("poa"), o->poa, o->poa_count, arena));
    MLN_TRY(add_texts(v, MLN_S("srv"), releases, 3, arena));
    MLN_TRY(add_texts(v, MLN_S("csz"), o->serialisations, o->serialisation_count, arena));
    mln_buf_init(&buf, arena, CONFIG_ARENA);
    mln_pack_value(&buf, v);
    return mln_buf_finish(&buf, ret);
}

/* Makes or renews the CSEBase in one job at the start. */
struct base_job {
    struct mln_job job;
    struct mln_cse *cse;
    struct mln_arena *arena;
    struct mln_fault *fault;
};

static mln_err create_base(struct base_job *b, struct mln_write *write, struct mln_slice attrs)
{
    struct mln_cse *cse = b->cse;
    int64_t now = mln_env_now_us(cse->options.env);
    struct mln_resource r = {
        .ty = MLN_TY_CB,
        .ct = now,
        .lt = now,
        .et = MLN_TIMESTAMP_MAX,
        .ri = mln_slice_from(cse->names.cse_id, 1),
        .rn = cse->names.cse_name,
        .cr = cse->names.cse_id,
        .attrs = attrs,
    };
    char unused[MLN_RI_SIZE];
    size_t unused_len;

    MLN_TRY(mln_store_new_id(write, MLN_S("cb"), &r.id, unused, &unused_len));
    MLN_TRY(mln_store_put(write, NULL, &r));
    cse->base_id = r.id;
    return MLN_OK;
}

/* The store must be of this very CSE: its resources would lose their addresses otherwise. */
static mln_err check_identity(struct base_job *b, const struct mln_resource *base)
{
    struct mln_cse *cse = b->cse;

    if (base->ty == MLN_TY_CB && mln_slice_eq(base->rn, cse->names.cse_name)) {
        return MLN_OK;
    }
    mln_fault_set(b->fault, "the store belongs to a CSE with the name %.*s, not %.*s",
                  MLN_S_ARG(base->rn), MLN_S_ARG(cse->names.cse_name));
    MLN_FAIL(CONFIG);
}

static mln_err renew_base(struct base_job *b, struct mln_write *write,
                          const struct mln_resource *base, struct mln_slice attrs)
{
    struct mln_resource changed = *base;

    MLN_TRY(check_identity(b, base));
    b->cse->base_id = base->id;
    if (mln_slice_eq(base->attrs, attrs)) {
        return MLN_OK;
    }
    changed.attrs = attrs;
    changed.lt = mln_env_now_us(b->cse->options.env);
    return mln_store_put(write, base, &changed);
}

/* A store that holds resources but no CSEBase of our CSE-ID is somebody else's. */
static mln_err refuse_foreign(struct base_job *b, struct mln_view *view)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_TYPE, .ty = MLN_TY_CB };
    struct mln_resource base;
    uint64_t id;
    uint16_t ty;

    MLN_TRY(mln_scan_open(view, &spec, &scan));
    if (!mln_failed(mln_scan_next(scan, &id, &ty))) {
        mln_err err = mln_store_get(view, id, b->arena, &base);

        if (mln_failed(err) || mln_slice_eq(base.ri, mln_slice_from(b->cse->names.cse_id, 1))) {
            mln_fault_set(b->fault, "the store is damaged: its CSEBase is not found");
            MLN_FAIL(STORE_CORRUPT);
        }
        mln_fault_set(b->fault, "the store belongs to another CSE-ID than %.*s",
                      MLN_S_ARG(b->cse->names.cse_id));
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

static mln_err run_base_job(struct mln_job *job, struct mln_view *view)
{
    struct base_job *b = (struct base_job *)(void *)job;
    struct mln_slice ri = mln_slice_from(b->cse->names.cse_id, 1);
    struct mln_resource base;
    struct mln_write *write;
    struct mln_slice attrs;
    mln_err err;

    MLN_TRY(base_attributes(b->cse, b->arena, &attrs));
    MLN_TRY(mln_write_begin(view, mln_access_internal_grant(), &write));
    err = mln_store_find(view, ri, b->arena, &base);
    if (err.code == MLN_ERR_NOT_FOUND) {
        MLN_TRY(refuse_foreign(b, view));
        return create_base(b, write, attrs);
    }
    MLN_TRY(err);
    return renew_base(b, write, &base, attrs);
}

static mln_err make_base(struct mln_cse *cse, struct mln_fault *fault)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(BASE_ARENA);
    struct base_job b = {
        .job = { .run = run_base_job }, .cse = cse, .arena = arena, .fault = fault
    };

    MLN_REQUIRE(arena, NO_MEMORY);
    return mln_store_run(cse->options.store, &b.job);
}

/* ---- the CSE ---- */

static mln_err keep(struct mln_cse *cse, struct mln_slice given, struct mln_slice *ret)
{
    MLN_REQUIRE(mln_arena_dup(cse->arena, given, ret), NO_MEMORY);
    return MLN_OK;
}

static mln_err keep_domains(struct mln_cse *cse, const struct mln_domain_setting **list,
                            size_t count)
{
    struct mln_domain_setting *copy = mln_arena_zalloc(cse->arena, count, sizeof *copy);

    MLN_REQUIRE(copy || count == 0, NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        MLN_TRY(keep(cse, (*list)[i].domain, &copy[i].domain));
        MLN_TRY(keep(cse, (*list)[i].value, &copy[i].value));
        MLN_TRY(keep(cse, (*list)[i].credential_id, &copy[i].credential_id));
    }
    *list = copy;
    return MLN_OK;
}

static mln_err keep_texts(struct mln_cse *cse, const struct mln_slice **list, size_t count)
{
    struct mln_slice *copy = mln_arena_zalloc(cse->arena, count, sizeof *copy);

    MLN_REQUIRE(copy || count == 0, NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        MLN_TRY(keep(cse, (*list)[i], &copy[i]));
    }
    *list = copy;
    return MLN_OK;
}

static mln_err name_absolutely(struct mln_cse *cse)
{
    struct mln_buf out;

    mln_buf_init(&out, cse->arena, SIZE_MAX);
    mln_buf_add(&out, cse->names.sp_id);
    mln_buf_add(&out, cse->names.cse_id);
    return mln_buf_finish(&out, &cse->absolute_id);
}

static mln_err keep_options(struct mln_cse *cse, const struct mln_cse_options *o)
{
    static const struct mln_slice json[] = { { "json", 4 } };

    cse->options = *o;
    if (!o->serialisations) {
        cse->options.serialisations = json;
        cse->options.serialisation_count = 1;
    }
    MLN_TRY(keep(cse, o->names.sp_id, &cse->names.sp_id));
    MLN_TRY(keep(cse, o->names.cse_id, &cse->names.cse_id));
    MLN_TRY(keep(cse, o->names.cse_name, &cse->names.cse_name));
    MLN_TRY(keep(cse, o->admin, &cse->options.admin));
    MLN_TRY(keep_texts(cse, &cse->options.poa, o->poa_count));
    MLN_TRY(keep_texts(cse, &cse->options.serialisations, cse->options.serialisation_count));
    MLN_TRY(keep_domains(cse, &cse->options.role_issuers, o->role_issuer_count));
    MLN_TRY(keep_domains(cse, &cse->options.role_repositories, o->role_repository_count));
    MLN_TRY(keep_domains(cse, &cse->options.group_hosts, o->group_host_count));
    MLN_TRY(keep_domains(cse, &cse->options.peers, o->peer_count));
    MLN_TRY(keep_domains(cse, &cse->options.esprim_to, o->esprim_to_count));
    MLN_TRY(keep(cse, o->registrar.cse_id, &cse->options.registrar.cse_id));
    MLN_TRY(keep(cse, o->registrar.url, &cse->options.registrar.url));
    MLN_TRY(keep(cse, o->registrar.credential_id, &cse->options.registrar.credential_id));
    cse->options.names = cse->names;
    MLN_TRY(name_absolutely(cse));
    if (!o->refuses_tokens) {
        MLN_TRY(mln_tokens_new(o->limits, o->env, &cse->names, o->token_skew_us, &cse->tokens));
    }
    MLN_TRY(mln_gid_table_new(o->limits->group_requests, &cse->gids));
    MLN_TRY(mln_pending_new((size_t)o->limits->pending_ids, o->env, &cse->pending));
    MLN_TRY(mln_policy_cache_new((size_t)o->limits->policy_bytes, &cse->policies));
    MLN_TRY(mln_blocks_new(&cse->blocks));
    MLN_TRY(mln_buffers_new(&cse->buffers));
    MLN_TRY(mln_errands_new(&cse->errands));
    return mln_fresh_new(&cse->fresh);
}

static mln_err check_names(const struct mln_cse_options *o, struct mln_fault *fault)
{
    if (!mln_ident_is_sp_id(o->names.sp_id)) {
        mln_fault_set(fault, "SP-ID must be '//' and a domain name");
        MLN_FAIL(CONFIG);
    }
    if (!mln_ident_is_cse_id(o->names.cse_id)) {
        mln_fault_set(fault, "CSE-ID must be '/' and letters, digits, '-', '.', '_' or '~'");
        MLN_FAIL(CONFIG);
    }
    if (!mln_ident_is_name(o->names.cse_name)) {
        mln_fault_set(fault, "CSE name must begin with a letter or digit and contain only "
                             "letters, digits, '-', '.' and '_'");
        MLN_FAIL(CONFIG);
    }
    if (o->admin.len && !mln_ident_is_stem(o->admin)) {
        mln_fault_set(fault, "the admin originator must be an AE-ID-Stem: C or S and more");
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

mln_err mln_cse_new(const struct mln_cse_options *options, struct mln_fault *fault,
                    struct mln_cse **ret)
{
    struct mln_cse *cse;
    mln_err err;

    MLN_TRY(check_names(options, fault));
    cse = mln_calloc(1, sizeof *cse);
    MLN_REQUIRE(cse, NO_MEMORY);
    cse->arena = mln_arena_new(CONFIG_ARENA);
    err = cse->arena ? keep_options(cse, options) : MLN_ERROR(NO_MEMORY);
    if (!mln_failed(err)) {
        err = make_base(cse, fault);
    }
    if (!mln_failed(err)) {
        err = mln_req_fail_left(cse);
    }
    if (!mln_failed(err)) {
        err = mln_stats_new(cse, &cse->stats);
    }
    if (mln_failed(err)) {
        mln_cse_free(cse);
        return err;
    }
    *ret = cse;
    return MLN_OK;
}

struct mln_slice mln_cse_serialisation(const struct mln_cse *cse, struct mln_slice name)
{
    for (size_t i = 0; i < cse->options.serialisation_count; i++) {
        if (mln_slice_eq(cse->options.serialisations[i], name)) {
            return cse->options.serialisations[i];
        }
    }
    return (struct mln_slice){ 0 };
}

struct mln_slice mln_cse_preferred(const struct mln_cse *cse, struct mln_slice attrs)
{
    struct mln_slice found = { 0 };
    struct mln_slice list;
    struct mln_slice name;
    struct mln_walk w;

    if (!mln_pack_find(attrs, MLN_S("csz"), &list)) {
        return found;
    }
    for (mln_walk_begin(&w, list); found.len == 0 && mln_walk_next(&w);) {
        found = mln_pack_text_of(w.item, &name) ? mln_cse_serialisation(cse, name) : found;
    }
    return found;
}

void mln_cse_set_issuers(struct mln_cse *cse, struct mln_jwt_issuers *issuers)
{
    if (cse->tokens) {
        mln_tokens_set_issuers(cse->tokens, issuers);
    }
}

void mln_cse_free(struct mln_cse *cse)
{
    if (cse) {
        mln_gid_table_free(cse->gids);
        mln_pending_free(cse->pending);
        mln_blocks_free(cse->blocks);
        mln_stats_free(cse->stats);
        mln_buffers_free(cse->buffers);
        mln_errands_free(cse->errands);
        mln_fresh_free(cse->fresh);
        mln_tokens_free(cse->tokens);
        mln_policy_cache_free(cse->policies);
        mln_arena_free(cse->arena);
        mln_free(cse);
    }
}

/* ---- workers ---- */

mln_err mln_worker_new(struct mln_cse *cse, const struct mln_worker_ops *ops,
                       struct mln_worker **ret)
{
    struct mln_worker *w = mln_calloc(1, sizeof *w);
    uint64_t random;
    mln_err err;

    MLN_REQUIRE(w, NO_MEMORY);
    w->cse = cse;
    w->ops = *ops;
    err = mln_env_random(cse->options.env, &random, sizeof random);
    if (!mln_failed(err)) {
        (void)snprintf(w->request_prefix, sizeof w->request_prefix, "%012llx",
                       (unsigned long long)(random >> 16));
        w->serial = random;
        err = mln_policy_cache_new((size_t)cse->options.limits->policy_bytes, &w->policies);
    }
    if (!mln_failed(err)) {
        err = mln_originating_new(w, &w->originating);
    }
    if (!mln_failed(err)) {
        err = mln_reader_new(cse->options.store, &w->reader);
    }
    if (mln_failed(err)) {
        mln_originating_free(w->originating);
        mln_policy_cache_free(w->policies);
        mln_free(w);
        return err;
    }
    *ret = w;
    return MLN_OK;
}

void mln_worker_free(struct mln_worker *worker)
{
    if (worker) {
        mln_reader_free(worker->reader);
        mln_originating_free(worker->originating);
        mln_remote_memory_clear(&worker->roles);
        mln_remote_memory_clear(&worker->groups);
        mln_remote_memory_clear(&worker->far_policies);
        mln_jwt_issuers_unref(worker->role_issuers);
        mln_policy_cache_free(worker->policies);
        mln_free(worker);
    }
}
