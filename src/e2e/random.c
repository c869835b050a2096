/* Random objects from contents, as contents, and as text for the derivation. */
#include "e2e/random.h"

#include "base/num.h"
#include "base/timestamp.h"
#include "model/check.h"
#include "model/pack.h"

enum { MEMBERS = 5, FIRST_ALG = 10 };

uint16_t mln_esprim_alg(enum mln_jose_enc enc)
{
    return (uint16_t)(FIRST_ALG + enc - MLN_JOSE_A128GCM);
}

enum mln_jose_enc mln_esprim_enc(uint16_t alg)
{
    return alg < FIRST_ALG || alg > mln_esprim_alg(MLN_JOSE_A256GCM)
               ? MLN_JOSE_NO_ENC
               : (enum mln_jose_enc)(MLN_JOSE_A128GCM + alg - FIRST_ALG);
}

static bool has(const uint16_t *list, size_t count, unsigned what)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] == what) {
            return true;
        }
    }
    return false;
}

bool mln_e2e_random_has_enc(const struct mln_e2e_random *r, enum mln_jose_enc enc)
{
    return has(r->algs, r->alg_count, mln_esprim_alg(enc));
}

bool mln_e2e_random_has_keygen(const struct mln_e2e_random *r, unsigned keygen)
{
    return has(r->keygens, r->keygen_count, keygen);
}

bool mln_e2e_random_is_text(struct mln_slice text)
{
    return text.len <= MLN_E2E_RANDOM_TEXT && mln_check_pattern(MLN_PATTERN_NC_NAME, text);
}

/* ---- reading ---- */

static mln_err wrong(struct mln_fault *fault, const char *member)
{
    mln_fault_set(fault, "random object: %s is missing or wrong", member);
    MLN_FAIL(SYNTAX);
}

static bool read_text(const struct mln_value *v, struct mln_slice *ret)
{
    if (!v || v->kind != MLN_V_TEXT || !mln_e2e_random_is_text(v->text)) {
        return false;
    }
    *ret = v->text;
    return true;
}

static bool read_alg(const struct mln_value *v, uint16_t *ret)
{
    uint64_t n;

    if (!v || !mln_value_u64(v, &n) || n > UINT16_MAX) {
        return false;
    }
    *ret = (uint16_t)n;
    return true;
}

static bool read_list(const struct mln_value *v, uint16_t *ret, size_t *ret_count)
{
    *ret_count = 0;
    if (!v || v->kind != MLN_V_ARRAY || !v->items.count || v->items.count > MLN_E2E_RANDOM_ALGS) {
        return false;
    }
    for (const struct mln_value *item = v->items.first; item; item = item->next) {
        if (!read_alg(item, &ret[*ret_count])) {
            return false;
        }
        ++*ret_count;
    }
    return true;
}

/* Milliseconds from now on, or -1. */
static int64_t in_microseconds(uint64_t ms, int64_t now_us)
{
    int64_t us;

    return __builtin_mul_overflow(ms, 1000, &us) || __builtin_add_overflow(us, now_us, &us) ? -1
                                                                                            : us;
}

static bool read_expiry(const struct mln_value *v, int64_t now_us, struct mln_e2e_random *ret)
{
    if (v && v->kind == MLN_V_TEXT && mln_timestamp_parse(v->text, &ret->expires_us)) {
        ret->expiry = v->text;
        return true;
    }
    if (!v || ret->is_originators) {
        return false;
    }
    if (v->kind == MLN_V_TEXT && v->text.len <= MLN_NUM_U64_SIZE &&
        mln_num_u64(v->text, &ret->expiry_ms)) {
        ret->expiry = v->text;
    } else if (!mln_value_u64(v, &ret->expiry_ms)) {
        return false;
    }
    ret->expires_us = in_microseconds(ret->expiry_ms, now_us);
    return ret->expires_us >= 0;
}

static bool read_keygens(const struct mln_value *v, struct mln_e2e_random *ret)
{
    if (!ret->is_originators) {
        return read_list(mln_value_get(v, MLN_S("esks")), ret->keygens, &ret->keygen_count);
    }
    ret->keygen_count = 1;
    return read_alg(mln_value_get(v, MLN_S("esk")), ret->keygens);
}

mln_err mln_e2e_random_read(const struct mln_value *v, bool is_originators, int64_t now_us,
                            struct mln_e2e_random *ret, struct mln_fault *fault)
{
    struct mln_e2e_random r = { .is_originators = is_originators };

    if (v->kind != MLN_V_OBJECT || v->items.count != MEMBERS) {
        return wrong(fault, "one of its members");
    }
    if (!read_text(mln_value_get(v, MLN_S("esri")), &r.id)) {
        return wrong(fault, "esri");
    }
    if (!read_text(mln_value_get(v, MLN_S("esrv")), &r.value)) {
        return wrong(fault, "esrv");
    }
    if (!read_expiry(mln_value_get(v, MLN_S("esrx")), now_us, &r)) {
        return wrong(fault, "esrx");
    }
    if (!read_keygens(v, &r)) {
        return wrong(fault, is_originators ? "esk" : "esks");
    }
    if (!read_list(mln_value_get(v, MLN_S("espa")), r.algs, &r.alg_count)) {
        return wrong(fault, "espa");
    }
    *ret = r;
    return MLN_OK;
}

/* ---- writing ---- */

/* The texts need no escapes: names, digits and the letter T. */
static void add_text(struct mln_buf *out, struct mln_slice member, struct mln_slice text)
{
    mln_buf_add(out, member);
    mln_buf_byte(out, '"');
    mln_buf_add(out, text);
    mln_buf_byte(out, '"');
}

static void add_list(struct mln_buf *out, const uint16_t *list, size_t count)
{
    mln_buf_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i) {
            mln_buf_byte(out, ',');
        }
        mln_buf_u64(out, list[i]);
    }
    mln_buf_byte(out, ']');
}

void mln_e2e_random_canonical(const struct mln_e2e_random *r, struct mln_buf *out)
{
    add_text(out, MLN_S("{\"esri\":"), r->id);
    add_text(out, MLN_S(",\"esrv\":"), r->value);
    if (r->expiry.len) {
        add_text(out, MLN_S(",\"esrx\":"), r->expiry);
    } else {
        mln_buf_add(out, MLN_S(",\"esrx\":"));
        mln_buf_u64(out, r->expiry_ms);
    }
    if (r->is_originators) {
        mln_buf_add(out, MLN_S(",\"esk\":"));
        mln_buf_u64(out, r->keygens[0]);
    } else {
        mln_buf_add(out, MLN_S(",\"esks\":"));
        add_list(out, r->keygens, r->keygen_count);
    }
    mln_buf_add(out, MLN_S(",\"espa\":"));
    add_list(out, r->algs, r->alg_count);
    mln_buf_byte(out, '}');
}

static void pack_list(struct mln_buf *out, struct mln_slice member, const uint16_t *list,
                      size_t count)
{
    mln_pack_text(out, member);
    mln_pack_array(out, count);
    for (size_t i = 0; i < count; i++) {
        mln_pack_uint(out, list[i]);
    }
}

void mln_e2e_random_pack(const struct mln_e2e_random *r, struct mln_buf *out)
{
    mln_pack_map(out, MEMBERS);
    mln_pack_text(out, MLN_S("esri"));
    mln_pack_text(out, r->id);
    mln_pack_text(out, MLN_S("esrv"));
    mln_pack_text(out, r->value);
    mln_pack_text(out, MLN_S("esrx"));
    if (r->expiry.len) {
        mln_pack_text(out, r->expiry);
    } else {
        mln_pack_uint(out, r->expiry_ms);
    }
    if (r->is_originators) {
        mln_pack_text(out, MLN_S("esk"));
        mln_pack_uint(out, r->keygens[0]);
    } else {
        pack_list(out, MLN_S("esks"), r->keygens, r->keygen_count);
    }
    pack_list(out, MLN_S("espa"), r->algs, r->alg_count);
}
