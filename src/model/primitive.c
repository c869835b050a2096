/* Request primitives from their parameters.
 * spec: TS-0004 6.4.1, 7.2.1.1, 7.3.2.1; TS-0001 8.1.2 */
#include "model/primitive.h"

#include "base/num.h"
#include "base/timestamp.h"
#include "model/check.h"
#include "model/model_int.h"

struct reader {
    struct mln_value *given[MLN_PARAMETERS]; /* by enum mln_parameter_id; NULL when absent */
    struct mln_slice odd; /* name of a parameter that is unknown or given twice */
    bool has_odd;
    struct mln_slice fragment; /* behind '#' in To; ptr NULL when there is none */
    int64_t now_us;
    const struct mln_limits *limits;
    struct mln_arena *arena;
    struct mln_request *req;
    struct mln_fault *fault;
};

bool mln_release_supported(struct mln_slice rvi)
{
#define X(release)                                                                                 \
    if (mln_slice_eq(rvi, MLN_S(release))) {                                                       \
        return true;                                                                               \
    }
    MLN_RELEASE_ROWS(X)
#undef X
    return false;
}

/* ---- what every request needs before its release is looked at ---- */

static mln_err collect(struct reader *r, struct mln_value *params)
{
    if (!params || params->kind != MLN_V_OBJECT) {
        mln_fault_set(r->fault, "a request must be an object of parameters");
        MLN_FAIL(PARAM_INVALID);
    }
    for (struct mln_value *v = params->items.first; v; v = v->next) {
        const struct mln_parameter *p = mln_model_parameter(v->name);

        if (p && !r->given[p - mln_model_gen_parameters]) {
            r->given[p - mln_model_gen_parameters] = v;
        } else if (!r->has_odd) {
            r->has_odd = true;
            r->odd = v->name;
        }
    }
    return MLN_OK;
}

static mln_err missing(struct reader *r, enum mln_parameter_id id)
{
    mln_fault_set(r->fault, "%s: mandatory parameter missing",
                  mln_model_gen_parameters[id].name.ptr);
    MLN_FAIL(PARAM_MISSING);
}

static mln_err invalid(struct reader *r, enum mln_parameter_id id, const char *why)
{
    mln_fault_set(r->fault, "%s: %s", mln_model_gen_parameters[id].name.ptr, why);
    MLN_FAIL(PARAM_INVALID);
}

/* The value against the data type of its parameter. Errors: PARAM_INVALID, NOT_IMPLEMENTED. */
static mln_err check_type(struct reader *r, enum mln_parameter_id id)
{
    const struct mln_parameter *p = &mln_model_gen_parameters[id];
    mln_err err = mln_check_value((enum mln_datatype_id)p->type, r->given[id], p->name, r->fault);

    return err.code == MLN_ERR_ATTR_INVALID ? MLN_ERROR(PARAM_INVALID) : err;
}

/* Printable and not longer than identifiers may be: fit for a header field and a log line. */
static bool is_identifier(const struct reader *r, struct mln_slice text)
{
    return text.len <= r->limits->identifier_bytes &&
           (text.len == 0 || mln_check_pattern(MLN_PATTERN_REQUEST_ID, text));
}

/* What an error answer carries, as far as it is usable. */
static void read_for_answer(struct reader *r)
{
    static const struct {
        enum mln_parameter_id id;
        size_t offset;
    } fields[] = {
        { MLN_PA_RQI, offsetof(struct mln_request, rqi) },
        { MLN_PA_RVI, offsetof(struct mln_request, rvi) },
        { MLN_PA_VSI, offsetof(struct mln_request, vsi) },
        { MLN_PA_GID, offsetof(struct mln_request, gid) },
    };

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const struct mln_value *v = r->given[fields[i].id];

        if (v && v->kind == MLN_V_TEXT && is_identifier(r, v->text)) {
            *(struct mln_slice *)(void *)((char *)r->req + fields[i].offset) = v->text;
        }
    }
}

static mln_err read_operation(struct reader *r)
{
    const struct mln_value *v = r->given[MLN_PA_OP];
    uint64_t op;

    if (!v) {
        return missing(r, MLN_PA_OP);
    }
    if (!mln_value_u64(v, &op)) {
        return invalid(r, MLN_PA_OP, "must be an integer");
    }
    r->req->op = op >= MLN_OP_CREATE && op <= MLN_OP_NOTIFY ? (enum mln_op)op : (enum mln_op)0;
    return MLN_OK;
}

/* Takes '#attribute' off. spec: TS-0004 6.2.4 */
static mln_err read_to(struct reader *r)
{
    const struct mln_value *v = r->given[MLN_PA_TO];
    struct mln_slice rest;

    if (!v) {
        return missing(r, MLN_PA_TO);
    }
    MLN_TRY(check_type(r, MLN_PA_TO));
    rest = v->text;
    if (rest.len > r->limits->target_bytes) {
        return invalid(r, MLN_PA_TO, "is too long");
    }
    r->req->to = mln_slice_cut(&rest, '#');
    r->fragment = rest;
    if (r->req->to.len == 0) {
        return invalid(r, MLN_PA_TO, "has no address before '#'");
    }
    return MLN_OK;
}

static mln_err read_request_id(struct reader *r)
{
    if (!r->given[MLN_PA_RQI]) {
        return missing(r, MLN_PA_RQI);
    }
    MLN_TRY(check_type(r, MLN_PA_RQI));
    if (r->given[MLN_PA_RQI]->text.len > r->limits->identifier_bytes) {
        return invalid(r, MLN_PA_RQI, "is too long");
    }
    return MLN_OK;
}

/* spec: TS-0004 7.2.1.1: From may be absent when an AE registers */
static mln_err read_from(struct reader *r)
{
    const struct mln_value *v = r->given[MLN_PA_FR];
    bool is_empty = !v || (v->kind == MLN_V_TEXT && v->text.len == 0);
    uint64_t ty = 0;

    if (is_empty) {
        bool is_registration = r->req->op == MLN_OP_CREATE &&
                               mln_value_u64(r->given[MLN_PA_TY], &ty) && ty == MLN_TY_AE;

        r->given[MLN_PA_FR] = NULL;
        return is_registration ? MLN_OK : missing(r, MLN_PA_FR);
    }
    MLN_TRY(check_type(r, MLN_PA_FR));
    if (v->text.len > r->limits->identifier_bytes) {
        return invalid(r, MLN_PA_FR, "is too long");
    }
    r->req->fr = v->text;
    return MLN_OK;
}

/* spec: TS-0004 7.3.2.1: without an indicator the request is one of Release 1 */
static mln_err check_release(struct reader *r)
{
    const struct mln_value *v = r->given[MLN_PA_RVI];

    if (!v) {
        mln_fault_set(r->fault, "rvi: missing, which means Release 1; not supported");
        MLN_FAIL(RELEASE);
    }
    if (v->kind != MLN_V_TEXT || !mln_release_supported(v->text)) {
        mln_fault_set(r->fault, "rvi: release version not supported");
        MLN_FAIL(RELEASE);
    }
    return MLN_OK;
}

/* ---- the parameters of the operation ---- */

/* Does an unbuilt parameter ask for nothing? */
static bool asks_for_nothing(const struct mln_value *v)
{
    return (v->kind == MLN_V_BOOL && !v->boolean) ||
           (v->kind == MLN_V_ARRAY && v->items.count == 0);
}

/* Content, Filter Criteria and Response Type have readers of their own. */
static bool has_reader(enum mln_parameter_id id)
{
    return id == MLN_PA_PC || id == MLN_PA_FC || id == MLN_PA_RT;
}

static mln_err check_given(struct reader *r, enum mln_parameter_id id)
{
    const struct mln_parameter *p = &mln_model_gen_parameters[id];

    MLN_TRY(check_type(r, id));
    if (p->is_unbuilt && !asks_for_nothing(r->given[id])) {
        mln_fault_set(r->fault, "%s: %s is not supported yet", p->name.ptr, p->long_name);
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    return MLN_OK;
}

static mln_err check_parameter(struct reader *r, enum mln_parameter_id id)
{
    const struct mln_parameter *p = &mln_model_gen_parameters[id];
    enum mln_presence presence = p->presence[r->req->op - 1];

    if (!r->given[id]) {
        return presence == MLN_PRESENCE_MANDATORY ? missing(r, id) : MLN_OK;
    }
    if (presence == MLN_PRESENCE_FORBIDDEN) {
        return invalid(r, id, "not allowed in this operation");
    }
    if (has_reader(id)) {
        return MLN_OK;
    }
    return check_given(r, id);
}

static mln_err check_parameters(struct reader *r)
{
    if (r->req->op == 0) {
        return invalid(r, MLN_PA_OP, "must be a value of m2m:operation");
    }
    if (r->has_odd) {
        mln_fault_set(r->fault, "%.*s: unknown request parameter, or given twice",
                      MLN_S_ARG(mln_slice_head(r->odd, 64)));
        MLN_FAIL(PARAM_INVALID);
    }
    for (unsigned id = 0; id < MLN_PARAMETERS; id++) {
        MLN_TRY(check_parameter(r, (enum mln_parameter_id)id));
    }
    return MLN_OK;
}

/* Response Type as object, or as the number alone as in a query. flexBlocking leaves the choice to
 * us. spec: TS-0004 7.3.2.2, TS-0001 8.1.2 */
static mln_err read_response_type(struct reader *r)
{
    const struct mln_value *v = r->given[MLN_PA_RT];
    uint64_t type;

    if (!v) {
        return MLN_OK;
    }
    if (v->kind == MLN_V_OBJECT) {
        MLN_TRY(check_type(r, MLN_PA_RT));
        r->req->nu = mln_value_get(v, MLN_S("nu"));
        v = mln_value_get(v, MLN_S("rtv"));
    }
    if (!mln_value_u64(v, &type) || type < MLN_RT_NON_BLOCKING_SYNCH || type > MLN_RT_NO_RESPONSE) {
        return invalid(r, MLN_PA_RT, "must be a value of m2m:responseType");
    }
    r->req->rt = type == MLN_RT_FLEX_BLOCKING ? MLN_RT_BLOCKING : (enum mln_rt)type;
    return MLN_OK;
}

/* spec: TS-0004 6.3.4.2.6: it is for interworking with 3GPP networks only */
static mln_err refuse_no_response(struct reader *r)
{
    if (r->req->rt == MLN_RT_NO_RESPONSE) {
        mln_fault_set(r->fault, "rt: there is no interworking with 3GPP networks");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    return MLN_OK;
}

/* ---- times ---- */

/* Milliseconds from now. */
static mln_err relative_time(struct reader *r, enum mln_parameter_id id, int64_t ms, int64_t *ret)
{
    int64_t us;

    if (ms < 0) {
        return invalid(r, id, "a relative time must not be negative");
    }
    if (__builtin_mul_overflow(ms, INT64_C(1000), &us) ||
        __builtin_add_overflow(us, r->now_us, &us) || us > MLN_TIMESTAMP_MAX) {
        return invalid(r, id, "lies too far in the future");
    }
    *ret = us;
    return MLN_OK;
}

/* The data type was checked: m2m:timestamp or m2m:absRelTimestamp. */
static mln_err read_time(struct reader *r, enum mln_parameter_id id, int64_t *ret)
{
    const struct mln_value *v = r->given[id];
    int64_t ms;

    if (!v) {
        return MLN_OK;
    }
    if (v->kind == MLN_V_TEXT && mln_timestamp_parse(v->text, ret)) {
        return MLN_OK;
    }
    if (!(v->kind == MLN_V_TEXT ? mln_num_i64(v->text, &ms) : mln_value_i64(v, &ms))) {
        return invalid(r, id, "is no time");
    }
    return relative_time(r, id, ms, ret);
}

static mln_err expired(struct reader *r, const char *why)
{
    mln_fault_set(r->fault, "%s", why);
    MLN_FAIL(TIMEOUT);
}

static bool is_set(int64_t us)
{
    return us != MLN_NO_TIME;
}

static mln_err read_times(struct reader *r)
{
    struct mln_request *q = r->req;

    MLN_TRY(read_time(r, MLN_PA_OT, &q->ot_us));
    MLN_TRY(read_time(r, MLN_PA_RQET, &q->rqet_us));
    MLN_TRY(read_time(r, MLN_PA_RSET, &q->rset_us));
    MLN_TRY(read_time(r, MLN_PA_OET, &q->oet_us));
    MLN_TRY(read_time(r, MLN_PA_RP, &q->rp_us));
    /* spec: TS-0004 7.3.2.1 */
    if (is_set(q->rqet_us) && q->rqet_us <= r->now_us) {
        return expired(r, "rqet: the request has expired");
    }
    if (is_set(q->rset_us) && q->rset_us <= r->now_us) {
        return expired(r, "rset: the result has expired");
    }
    /* spec: TS-0004 6.4.1 */
    if (is_set(q->rqet_us) && is_set(q->rset_us) && q->rset_us <= q->rqet_us) {
        return invalid(r, MLN_PA_RSET, "must be later than rqet");
    }
    if (is_set(q->oet_us) && ((is_set(q->rqet_us) && q->oet_us > q->rqet_us) ||
                              (is_set(q->rset_us) && q->oet_us > q->rset_us))) {
        return expired(r, "oet: the request expires before its execution time");
    }
    return MLN_OK;
}

/* ---- content and its selection ---- */

/* The list of attributes of a partial retrieve, from one of its three places: To, the parameter
 * atrl, Content. spec: TS-0004 7.3.3.6, TS-0009 6.2.2.2 */
static mln_err use_list(struct reader *r, struct mln_value *list)
{
    if (r->req->atrl) {
        return invalid(r, MLN_PA_ATRL, "attributes to retrieve are given twice");
    }
    r->req->atrl = list;
    return MLN_OK;
}

static mln_err read_fragment(struct reader *r)
{
    struct mln_value *list;

    if (!r->fragment.ptr) {
        return MLN_OK;
    }
    if (r->req->op != MLN_OP_RETRIEVE) {
        return invalid(r, MLN_PA_TO, "an attribute can be addressed in RETRIEVE only");
    }
    if (!mln_check_pattern(MLN_PATTERN_NC_NAME, r->fragment)) {
        return invalid(r, MLN_PA_TO, "what follows '#' is no attribute name");
    }
    list = mln_value_new(r->arena, MLN_V_ARRAY);
    MLN_REQUIRE(list, NO_MEMORY);
    MLN_TRY(mln_value_append(list, mln_value_text(r->arena, r->fragment)));
    return use_list(r, list);
}

/* RETRIEVE: {"m2m:atrl": [...]} and nothing else. */
static mln_err read_attribute_list(struct reader *r, struct mln_value *list)
{
    mln_err err;

    if (!mln_slice_eq(list->name, MLN_S("m2m:atrl"))) {
        return invalid(r, MLN_PA_PC, "only m2m:atrl is allowed in RETRIEVE");
    }
    err = mln_check_value(MLN_DT_ATTRIBUTE_LIST, list, list->name, r->fault);
    MLN_REQUIRE(err.code != MLN_ERR_ATTR_INVALID, PARAM_INVALID);
    MLN_TRY(err);
    return use_list(r, list);
}

/* spec: TS-0004 7.2.1.1, 8.4.2: an object with a single member */
static mln_err read_content(struct reader *r)
{
    struct mln_value *v = r->given[MLN_PA_PC];

    MLN_TRY(read_fragment(r));
    if (r->given[MLN_PA_ATRL]) {
        MLN_TRY(use_list(r, r->given[MLN_PA_ATRL]));
    }
    if (!v) {
        return MLN_OK;
    }
    if (v->kind != MLN_V_OBJECT || v->items.count != 1) {
        return invalid(r, MLN_PA_PC, "must be an object with exactly one member");
    }
    if (r->req->op == MLN_OP_RETRIEVE) {
        return read_attribute_list(r, v->items.first);
    }
    r->req->pc = v;
    return MLN_OK;
}

/* spec: TS-0004 7.3.3.17, TS-0001 8.1.2: a usage of discovery belongs to a retrieve */
static mln_err read_filter(struct reader *r)
{
    struct mln_filter *filter;

    if (!r->given[MLN_PA_FC]) {
        return MLN_OK;
    }
    MLN_TRY(mln_filter_read(r->given[MLN_PA_FC], r->arena, &filter, r->fault));
    if (filter->usage == MLN_FILTER_USAGE_IPE) {
        mln_fault_set(r->fault,
                      "fc.fu: discovery through an interworking proxy is not supported yet");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    if (filter->usage == MLN_FILTER_USAGE_DISCOVERY && r->req->op != MLN_OP_RETRIEVE) {
        return invalid(r, MLN_PA_FC, "discovery is for RETRIEVE only");
    }
    r->req->fc = filter;
    return MLN_OK;
}

/* spec: TS-0001 8.1.2, table of Result Content */
static mln_err read_result_content(struct reader *r)
{
    bool is_discovery =
        r->req->fc && r->req->fc->usage == MLN_FILTER_USAGE_DISCOVERY && !r->req->sqi;
    uint64_t rcn;

    if (!r->given[MLN_PA_RCN]) {
        r->req->rcn = mln_model_rcn_default(r->req->op, is_discovery);
        return MLN_OK;
    }
    if (!mln_value_u64(r->given[MLN_PA_RCN], &rcn) ||
        !mln_model_rcn_allowed(r->req->op, is_discovery, rcn)) {
        return invalid(r, MLN_PA_RCN,
                       is_discovery ? "not allowed in discovery" : "not allowed in this operation");
    }
    r->req->rcn = (int)rcn;
    r->req->has_rcn = true;
    return MLN_OK;
}

/* spec: TS-0001 8.1.2, TS-0004 7.3.3.19.1: a semantic query says so twice; of the Filter Criteria
 * only the query counts */
static mln_err check_semantic_query(struct reader *r)
{
    struct mln_request *req = r->req;
    size_t queries = 0;

    if (!req->sqi) {
        return req->rcn == MLN_RCN_SEMANTIC
                   ? invalid(r, MLN_PA_RCN, "semantic content is for semantic queries")
                   : MLN_OK;
    }
    if (req->rcn != MLN_RCN_SEMANTIC || req->atrl) {
        return invalid(r, MLN_PA_SQI, "the Result Content of a semantic query is semantic content");
    }
    if (req->fc) {
        (void)mln_filter_queries(req->fc, &queries);
    }
    if (queries != 1) {
        return invalid(r, MLN_PA_SQI, "a semantic query has one semanticsFilter");
    }
    return MLN_OK;
}

/* A list that an originator may prove something with. An empty one says nothing. */
static mln_err read_claims(struct reader *r, enum mln_parameter_id id, uint64_t most_bytes,
                           const struct mln_value **ret)
{
    const struct mln_value *list = r->given[id];

    if (!list || list->items.count == 0) {
        return MLN_OK;
    }
    if (list->items.count > r->limits->claims) {
        return invalid(r, id, "too many elements");
    }
    for (const struct mln_value *v = list->items.first; v; v = v->next) {
        if (v->text.len > most_bytes) {
            return invalid(r, id, "an element is too long");
        }
    }
    *ret = list;
    return MLN_OK;
}

/* spec: TS-0001 8.1.2, TS-0003 7.3.2, 7.4 */
static mln_err read_all_claims(struct reader *r)
{
    const struct mln_limits *l = r->limits;
    const struct mln_value *tqi = r->given[MLN_PA_TQI];
    const struct mln_value *sqi = r->given[MLN_PA_SQI];

    MLN_TRY(read_claims(r, MLN_PA_RIDS, l->identifier_bytes, &r->req->rids));
    MLN_TRY(read_claims(r, MLN_PA_TKNS, l->token_bytes, &r->req->tkns));
    MLN_TRY(read_claims(r, MLN_PA_TIDS, l->identifier_bytes, &r->req->tids));
    MLN_TRY(read_claims(r, MLN_PA_LTIDS, l->identifier_bytes, &r->req->ltids));
    r->req->tqi = tqi && tqi->boolean;
    r->req->sqi = sqi && sqi->boolean;
    return MLN_OK;
}

/* Data types were checked. */
static mln_err read_rest(struct reader *r)
{
    uint64_t n = 0;

    if (r->given[MLN_PA_TY] && mln_value_u64(r->given[MLN_PA_TY], &n)) {
        r->req->ty = (uint16_t)n; /* a value of m2m:resourceType */
    }
    if (r->given[MLN_PA_EC] && mln_value_u64(r->given[MLN_PA_EC], &n)) {
        r->req->ec = (int)n;
    }
    if (r->given[MLN_PA_DRT] && mln_value_u64(r->given[MLN_PA_DRT], &n)) {
        r->req->wants_unstructured = n == 2;
    }
    r->req->grtm = r->given[MLN_PA_GRTM];
    for (unsigned i = 0; i < 2; i++) {
        static const enum mln_parameter_id ids[] = { MLN_PA_GID, MLN_PA_VSI };
        const struct mln_value *v = r->given[ids[i]];

        if (v && !is_identifier(r, v->text)) {
            return invalid(r, ids[i], "is too long or has control characters");
        }
    }
    return MLN_OK;
}

static struct mln_request nothing_said(int64_t now_us)
{
    return (struct mln_request){
        .arrival_us = now_us,
        .ot_us = MLN_NO_TIME,
        .rqet_us = MLN_NO_TIME,
        .rset_us = MLN_NO_TIME,
        .oet_us = MLN_NO_TIME,
        .rp_us = MLN_NO_TIME,
        .rt = MLN_RT_BLOCKING,
    };
}

mln_err mln_request_read(struct mln_value *params, int64_t now_us, const struct mln_limits *limits,
                         struct mln_arena *arena, struct mln_request *ret, struct mln_fault *fault)
{
    struct reader r = {
        .now_us = now_us,
        .limits = limits,
        .arena = arena,
        .req = ret,
        .fault = fault,
    };

    *ret = nothing_said(now_us);
    MLN_TRY(collect(&r, params));
    read_for_answer(&r);
    MLN_TRY(read_operation(&r));
    MLN_TRY(read_to(&r));
    MLN_TRY(read_request_id(&r));
    MLN_TRY(read_from(&r));
    MLN_TRY(check_release(&r));
    MLN_TRY(check_parameters(&r));
    MLN_TRY(read_rest(&r));
    MLN_TRY(read_all_claims(&r));
    MLN_TRY(read_times(&r));
    MLN_TRY(read_response_type(&r));
    MLN_TRY(refuse_no_response(&r));
    MLN_TRY(read_content(&r));
    MLN_TRY(read_filter(&r));
    MLN_TRY(read_result_content(&r));
    return check_semantic_query(&r);
}

/* What a CSE on the way must understand. spec: TS-0004 7.3.2.1, annex H.1 */
static mln_err check_envelope(struct reader *r)
{
    static const enum mln_parameter_id ids[] = {
        MLN_PA_TY, MLN_PA_OT, MLN_PA_RQET, MLN_PA_RSET, MLN_PA_OET, MLN_PA_RP, MLN_PA_EC, MLN_PA_DA,
    };

    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        if (r->given[ids[i]]) {
            MLN_TRY(check_given(r, ids[i]));
        }
    }
    return MLN_OK;
}

mln_err mln_request_read_envelope(struct mln_value *params, int64_t now_us,
                                  const struct mln_limits *limits, struct mln_arena *arena,
                                  struct mln_request *ret, struct mln_fault *fault)
{
    struct reader r = {
        .now_us = now_us,
        .limits = limits,
        .arena = arena,
        .req = ret,
        .fault = fault,
    };
    uint64_t n;

    *ret = nothing_said(now_us);
    MLN_TRY(collect(&r, params));
    read_for_answer(&r);
    MLN_TRY(read_operation(&r));
    if (ret->op == 0) {
        return invalid(&r, MLN_PA_OP, "must be a value of m2m:operation");
    }
    MLN_TRY(read_to(&r));
    MLN_TRY(read_request_id(&r));
    MLN_TRY(read_from(&r));
    MLN_TRY(check_envelope(&r));
    if (r.given[MLN_PA_TY] && mln_value_u64(r.given[MLN_PA_TY], &n)) {
        ret->ty = (uint16_t)n;
    }
    if (r.given[MLN_PA_EC] && mln_value_u64(r.given[MLN_PA_EC], &n)) {
        ret->ec = (int)n;
    }
    MLN_TRY(read_times(&r));
    return read_response_type(&r);
}

int64_t mln_request_end_us(const struct mln_request *req)
{
    int64_t end_us = is_set(req->rqet_us) ? req->rqet_us : MLN_TIMESTAMP_MAX;

    return is_set(req->rset_us) && req->rset_us < end_us ? req->rset_us : end_us;
}
