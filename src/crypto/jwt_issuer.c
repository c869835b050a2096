/* Issuers of tokens: read from records, kept parsed, shared by count.
 * spec: TS-0003 7.3.2.6.3, security.md 6.2 */
#include <stdatomic.h>

#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/jwt_int.h"

enum {
    RECORD_BYTES = 262144,
    SCRATCH = 2 << 20,
    SET_BYTES = 16 << 20,
    ISSUERS_MOST = 256,
    NAME_MOST = 255
};

struct mln_jwt_issuers {
    atomic_uint uses;
    struct mln_arena *arena;
    struct mln_jwt_trust trust;
    struct mln_jwt_issuer *rows;
    size_t count;
};

/* One record being read. */
struct reading {
    struct mln_jwt_issuers *set;
    struct mln_jwt_issuer *issuer;
    struct mln_slice record;
    const struct mln_value *object;
    struct mln_fault *fault;
};

/* ---- sharing ---- */

static void drop_keys(struct mln_jwt_issuer *issuer)
{
    for (size_t i = 0; i < issuer->key_count; i++) {
        mln_jose_key_free(issuer->keys[i]);
    }
}

static void free_set(struct mln_jwt_issuers *set)
{
    for (size_t i = 0; set->rows && i < set->count; i++) {
        drop_keys(&set->rows[i]);
    }
    if (set->trust.drop) {
        set->trust.drop(set->trust.data);
    }
    mln_arena_free(set->arena);
    mln_free(set);
}

struct mln_jwt_issuers *mln_jwt_issuers_ref(struct mln_jwt_issuers *issuers)
{
    atomic_fetch_add_explicit(&issuers->uses, 1, memory_order_relaxed);
    return issuers;
}

void mln_jwt_issuers_unref(struct mln_jwt_issuers *issuers)
{
    if (issuers && atomic_fetch_sub_explicit(&issuers->uses, 1, memory_order_acq_rel) == 1) {
        free_set(issuers);
    }
}

void mln_jwt_issuers_unrefp(struct mln_jwt_issuers **issuers)
{
    mln_jwt_issuers_unref(*issuers);
}

/* ---- reading ---- */

static mln_err refuse(const struct reading *r, const char *name, const char *what)
{
    mln_fault_set(r->fault, "issuer %.*s: %s: %s", MLN_S_ARG(r->issuer->id), name, what);
    MLN_FAIL(CONFIG);
}

static mln_err read_text(const struct reading *r, const char *name, struct mln_slice *ret)
{
    const struct mln_value *v = mln_value_get(r->object, mln_slice_z(name));

    if (!v || v->kind != MLN_V_TEXT || !v->text.len || v->text.len > NAME_MOST) {
        return refuse(r, name, "must be a text of 1 to 255 bytes");
    }
    MLN_REQUIRE(mln_arena_dup(r->set->arena, v->text, ret), NO_MEMORY);
    return MLN_OK;
}

/* A domain name in lower case. */
static bool is_fqdn(struct mln_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '.') {
            return false;
        }
    }
    return s.len > 0 && s.ptr[0] != '.' && s.ptr[s.len - 1] != '.';
}

static mln_err read_names(struct reading *r)
{
    MLN_TRY(read_text(r, "id", &r->issuer->id));
    MLN_TRY(read_text(r, "fqdn", &r->issuer->fqdn));
    if (!is_fqdn(r->issuer->fqdn)) {
        return refuse(r, "fqdn", "must be a domain name in lower case");
    }
    return mln_value_get(r->object, MLN_S("contact")) ? read_text(r, "contact", &r->issuer->contact)
                                                      : MLN_OK;
}

/* An algorithm of a rule; 0 when the member is not there. */
static mln_err read_algorithm(const struct reading *r, const struct mln_value *v, unsigned known)
{
    return !v || (v->kind == MLN_V_TEXT && known) ? MLN_OK
                                                  : refuse(r, "allow", "unknown algorithm");
}

static mln_err read_rule(const struct reading *r, const struct mln_value *v,
                         struct mln_jwt_rule *ret)
{
    const struct mln_value *sig = mln_value_get(v, MLN_S("sig"));
    const struct mln_value *alg = mln_value_get(v, MLN_S("alg"));
    const struct mln_value *enc = mln_value_get(v, MLN_S("enc"));
    size_t count = (sig ? 1U : 0U) + (alg ? 1U : 0U) + (enc ? 1U : 0U);

    if (v->kind != MLN_V_OBJECT || v->items.count != count || !count || !alg != !enc) {
        return refuse(r, "allow", "an entry has sig, or alg and enc, or all three");
    }
    ret->sig = sig && sig->kind == MLN_V_TEXT ? mln_jose_sig_named(sig->text) : MLN_JOSE_NO_SIG;
    ret->wrap = alg && alg->kind == MLN_V_TEXT ? mln_jose_wrap_named(alg->text) : MLN_JOSE_NO_WRAP;
    ret->enc = enc && enc->kind == MLN_V_TEXT ? mln_jose_enc_named(enc->text) : MLN_JOSE_NO_ENC;
    MLN_TRY(read_algorithm(r, sig, ret->sig));
    MLN_TRY(read_algorithm(r, alg, ret->wrap));
    MLN_TRY(read_algorithm(r, enc, ret->enc));
    /* anybody can encrypt for a public key: alone it says nothing of who made the token */
    if (!ret->sig && mln_jose_wrap_row(ret->wrap)->kty != MLN_JOSE_OCT) {
        return refuse(r, "allow", "encryption to a public key needs a signature inside");
    }
    return MLN_OK;
}

/* The list of that name with 1 (or 0 when `may_lack`) to `most` entries; *ret NULL without. */
static mln_err read_list(const struct reading *r, const char *name, size_t most, bool may_lack,
                         const struct mln_value **ret)
{
    *ret = mln_value_get(r->object, mln_slice_z(name));
    if (!*ret && may_lack) {
        return MLN_OK;
    }
    if (!*ret || (*ret)->kind != MLN_V_ARRAY || (*ret)->items.count > most ||
        (!may_lack && !(*ret)->items.count)) {
        return refuse(r, name, "must be a list, neither empty nor too long");
    }
    return MLN_OK;
}

static mln_err read_rules(struct reading *r)
{
    const struct mln_value *list;
    struct mln_jwt_rule *rules;

    MLN_TRY(read_list(r, "allow", MLN_JWT_RULES, false, &list));
    rules = mln_arena_zalloc(r->set->arena, list->items.count, sizeof *rules);
    MLN_REQUIRE(rules, NO_MEMORY);
    r->issuer->rules = rules;
    for (const struct mln_value *v = list->items.first; v; v = v->next) {
        MLN_TRY(read_rule(r, v, &rules[r->issuer->rule_count]));
        r->issuer->rule_count++;
    }
    return MLN_OK;
}

static mln_err add_key(struct reading *r, struct mln_jose_key **keys, const struct mln_value *v)
{
    struct mln_fault why = { 0 };
    mln_err err = mln_jose_key_of(v, r->record, &why, &keys[r->issuer->key_count]);

    MLN_REQUIRE(err.code != MLN_ERR_NO_MEMORY, NO_MEMORY);
    if (mln_failed(err)) {
        return refuse(r, "keys", why.text);
    }
    r->issuer->key_count++;
    return MLN_OK;
}

/* Two keys of one name would make it a matter of luck which one counts. */
static mln_err check_key_ids(const struct reading *r)
{
    for (size_t i = 0; i < r->issuer->key_count; i++) {
        struct mln_slice id = mln_jose_key_id(r->issuer->keys[i]);

        for (size_t j = 0; j < i && id.len; j++) {
            if (mln_slice_eq(id, mln_jose_key_id(r->issuer->keys[j]))) {
                return refuse(r, "keys", "two keys of the same kid");
            }
        }
    }
    return MLN_OK;
}

static mln_err read_keys(struct reading *r)
{
    const struct mln_value *list;
    struct mln_jose_key **keys;

    MLN_TRY(read_list(r, "keys", MLN_JWT_KEYS, true, &list));
    if (!list) {
        return MLN_OK;
    }
    keys = mln_arena_zalloc(r->set->arena, list->items.count + 1, sizeof(struct mln_jose_key *));
    MLN_REQUIRE(keys, NO_MEMORY);
    r->issuer->keys = keys;
    for (const struct mln_value *v = list->items.first; v; v = v->next) {
        MLN_TRY(add_key(r, keys, v));
    }
    return check_key_ids(r);
}

static mln_err read_anchors(struct reading *r)
{
    const struct mln_value *list;
    struct mln_slice *anchors;

    MLN_TRY(read_list(r, "anchors", MLN_JWT_ANCHORS, true, &list));
    if (!list) {
        return MLN_OK;
    }
    anchors = mln_arena_zalloc(r->set->arena, list->items.count + 1, sizeof *anchors);
    MLN_REQUIRE(anchors, NO_MEMORY);
    r->issuer->anchors = anchors;
    for (const struct mln_value *v = list->items.first; v; v = v->next) {
        struct mln_slice *anchor = &anchors[r->issuer->anchor_count];

        if (v->kind != MLN_V_TEXT || mln_failed(mln_base64_read(v->text, r->set->arena, anchor))) {
            return refuse(r, "anchors", "must be certificates: DER in base64");
        }
        r->issuer->anchor_count++;
    }
    return MLN_OK;
}

/* Anchors are judged now, not when the first token comes. */
static mln_err prepare(const struct reading *r)
{
    const struct mln_jwt_trust *trust = &r->set->trust;
    struct mln_fault why = { 0 };
    mln_err err = MLN_OK;

    if (trust->prepare && r->issuer->anchor_count) {
        err = trust->prepare(trust->data, r->issuer, &why);
    }
    MLN_REQUIRE(err.code != MLN_ERR_NO_MEMORY, NO_MEMORY);
    return mln_failed(err) ? refuse(r, "anchors", why.text) : MLN_OK;
}

static mln_err check_members(const struct reading *r)
{
    static const char *const known[] = { "id", "fqdn", "contact", "allow", "keys", "anchors" };

    for (const struct mln_value *v = r->object->items.first; v; v = v->next) {
        size_t i = 0;

        while (i < sizeof known / sizeof known[0] &&
               !mln_slice_eq(v->name, mln_slice_z(known[i]))) {
            i++;
        }
        if (i == sizeof known / sizeof known[0]) {
            return refuse(r, "record", "a member that is not known");
        }
    }
    return MLN_OK;
}

/* Of the record, and of the state of revocation where certificates matter. */
static mln_err take_fingerprint(struct reading *r)
{
    unsigned char joined[MLN_SHA256_SIZE + sizeof(uint64_t)];
    uint64_t epoch = r->issuer->anchor_count ? r->set->trust.epoch : 0;

    MLN_TRY(mln_sha256(r->record, joined));
    memcpy(joined + MLN_SHA256_SIZE, &epoch, sizeof epoch);
    return mln_sha256(mln_slice_of((const char *)joined, sizeof joined), r->issuer->fingerprint);
}

static mln_err check_unique(const struct reading *r)
{
    for (const struct mln_jwt_issuer *other = r->set->rows; other < r->issuer; other++) {
        if (mln_slice_eq(other->id, r->issuer->id)) {
            return refuse(r, "id", "is there twice");
        }
        if (mln_slice_eq(other->fqdn, r->issuer->fqdn)) {
            return refuse(r, "fqdn", "belongs to another issuer too");
        }
    }
    return MLN_OK;
}

static mln_err read_issuer(struct reading *r)
{
    MLN_TRY(read_names(r));
    MLN_TRY(check_members(r));
    MLN_TRY(check_unique(r));
    MLN_TRY(read_rules(r));
    MLN_TRY(read_keys(r));
    MLN_TRY(read_anchors(r));
    if (!r->issuer->key_count && !r->issuer->anchor_count) {
        return refuse(r, "keys", "no key and no anchor");
    }
    MLN_TRY(prepare(r));
    return take_fingerprint(r);
}

static mln_err read_record(struct mln_jwt_issuers *set, struct mln_slice record,
                           struct mln_fault *fault)
{
    struct mln_arena *scratch MLN_CLEANUP(mln_arena_freep) = mln_arena_new(SCRATCH);
    struct reading r = {
        .set = set, .issuer = &set->rows[set->count - 1], .record = record, .fault = fault
    };
    struct mln_limits limits;
    struct mln_value *object;
    mln_err err;

    MLN_REQUIRE(scratch, NO_MEMORY);
    MLN_REQUIRE(record.len <= RECORD_BYTES, LIMIT);
    mln_limits_default(&limits);
    err = mln_json_read(record, &limits, scratch, &object, NULL);
    MLN_REQUIRE(err.code != MLN_ERR_NO_MEMORY, NO_MEMORY);
    if (mln_failed(err) || object->kind != MLN_V_OBJECT) {
        return refuse(&r, "record", "must be a JSON object");
    }
    r.object = object;
    return read_issuer(&r);
}

mln_err mln_jwt_issuers_new(const struct mln_slice *records, size_t count,
                            const struct mln_jwt_trust *trust, struct mln_fault *fault,
                            struct mln_jwt_issuers **ret)
{
    struct mln_jwt_issuers *set MLN_CLEANUP(mln_jwt_issuers_unrefp) = NULL;

    MLN_REQUIRE(count <= ISSUERS_MOST, LIMIT);
    set = mln_calloc(1, sizeof *set);
    MLN_REQUIRE(set, NO_MEMORY);
    atomic_init(&set->uses, 1);
    set->trust = trust ? *trust : (struct mln_jwt_trust){ 0 };
    set->trust.drop = NULL; /* the caller's until all is well */
    set->arena = mln_arena_new(SET_BYTES);
    MLN_REQUIRE(set->arena, NO_MEMORY);
    set->rows = mln_arena_zalloc(set->arena, count + 1, sizeof *set->rows);
    MLN_REQUIRE(set->rows, NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        set->count++;
        MLN_TRY(read_record(set, records[i], fault));
    }
    set->trust.drop = trust ? trust->drop : NULL;
    *ret = set;
    set = NULL;
    return MLN_OK;
}

/* ---- asking ---- */

const struct mln_jwt_issuer *mln_jwt_issuers_all(const struct mln_jwt_issuers *issuers,
                                                 size_t *ret_count)
{
    *ret_count = issuers->count;
    return issuers->rows;
}

const struct mln_jwt_trust *mln_jwt_issuers_trust(const struct mln_jwt_issuers *issuers)
{
    return &issuers->trust;
}

const struct mln_jwt_issuer *mln_jwt_issuer_named(const struct mln_jwt_issuers *issuers,
                                                  struct mln_slice id)
{
    for (size_t i = 0; i < issuers->count; i++) {
        if (mln_slice_eq(issuers->rows[i].id, id)) {
            return &issuers->rows[i];
        }
    }
    return NULL;
}

const struct mln_jwt_issuer *mln_jwt_issuer_of_token_id(const struct mln_jwt_issuers *issuers,
                                                        struct mln_slice token_id)
{
    struct mln_slice fqdn = mln_slice_from(token_id, mln_slice_find(token_id, '@') + 1);

    for (size_t i = 0; i < issuers->count; i++) {
        if (mln_slice_eq(issuers->rows[i].fqdn, fqdn)) {
            return &issuers->rows[i];
        }
    }
    return NULL;
}

bool mln_jwt_rule_permitted(const struct mln_jwt_issuer *issuer, const struct mln_jwt_rule *rule)
{
    for (size_t i = 0; i < issuer->rule_count; i++) {
        const struct mln_jwt_rule *r = &issuer->rules[i];

        if (r->sig == rule->sig && r->wrap == rule->wrap && r->enc == rule->enc) {
            return true;
        }
    }
    return false;
}
