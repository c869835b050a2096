/* Making a token. spec: TS-0003 7.3.2.6.3 */
#include "crypto/base64.h"
#include "crypto/jwt_int.h"

enum { MADE_MOST = 1 << 20 };

static struct mln_value *named(struct mln_arena *arena, const char *text)
{
    return mln_value_text(arena, mln_slice_z(text));
}

static mln_err add_chain(const struct mln_jwt_draft *draft, struct mln_arena *arena,
                         struct mln_value *header)
{
    struct mln_value *list = mln_value_new(arena, MLN_V_ARRAY);

    MLN_REQUIRE(list, NO_MEMORY);
    for (size_t i = 0; i < draft->chain_count; i++) {
        struct mln_slice text;
        struct mln_buf out;

        mln_buf_init(&out, arena, MADE_MOST);
        mln_base64_add(&out, draft->chain[i]);
        MLN_TRY(mln_buf_finish(&out, &text));
        MLN_TRY(mln_value_append(list, mln_value_text(arena, text)));
    }
    return mln_value_set(header, MLN_S("x5c"), list);
}

static mln_err start_header(struct mln_arena *arena, const char *alg,
                            const struct mln_jose_key *key, struct mln_value **ret)
{
    struct mln_value *header = mln_value_new(arena, MLN_V_OBJECT);

    MLN_REQUIRE(header, NO_MEMORY);
    MLN_TRY(mln_value_set(header, MLN_S("alg"), named(arena, alg)));
    MLN_TRY(mln_value_set(header, MLN_S("typ"), named(arena, "JWT")));
    if (mln_jose_key_id(key).len) {
        MLN_TRY(mln_value_set(header, MLN_S("kid"), mln_value_text(arena, mln_jose_key_id(key))));
    }
    *ret = header;
    return MLN_OK;
}

static mln_err text_of(const struct mln_value *header, struct mln_arena *arena,
                       struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, arena, MADE_MOST);
    mln_json_write_value(&out, header, false);
    return mln_buf_finish(&out, ret);
}

static mln_err sign(const struct mln_jwt_draft *draft, struct mln_arena *arena,
                    struct mln_slice *ret)
{
    struct mln_value *header;
    struct mln_slice text;

    MLN_TRY(start_header(arena, mln_jose_sig_row(draft->rule.sig)->name, draft->signer, &header));
    if (draft->chain_count) {
        MLN_TRY(add_chain(draft, arena, header));
    }
    MLN_TRY(text_of(header, arena, &text));
    return mln_jose_sign(draft->signer, draft->rule.sig, text, draft->claims, arena, ret);
}

static mln_err encrypt(const struct mln_jwt_draft *draft, struct mln_slice inner, bool is_nested,
                       struct mln_arena *arena, struct mln_slice *ret)
{
    struct mln_jose_wrapping how = { .wrap = draft->rule.wrap, .enc = draft->rule.enc };
    struct mln_value *header;

    MLN_TRY(
        start_header(arena, mln_jose_wrap_row(draft->rule.wrap)->name, draft->recipient, &header));
    MLN_TRY(
        mln_value_set(header, MLN_S("enc"), named(arena, mln_jose_enc_row(draft->rule.enc)->name)));
    if (is_nested) {
        MLN_TRY(mln_value_set(header, MLN_S("cty"), named(arena, "JWT")));
    }
    return mln_jose_seal(draft->recipient, &how, header, inner, arena, ret);
}

static mln_err check_keys(const struct mln_jwt_draft *draft, struct mln_fault *fault)
{
    const struct mln_jwt_rule *rule = &draft->rule;

    if (!rule->sig && !rule->wrap) {
        mln_fault_set(fault, "a token is signed, encrypted or both");
        MLN_FAIL(CONFIG);
    }
    if (rule->sig && !mln_jose_key_may_sign(draft->signer, rule->sig)) {
        mln_fault_set(fault, "the key does not sign with %s", mln_jose_sig_row(rule->sig)->name);
        MLN_FAIL(CONFIG);
    }
    if (rule->wrap && !mln_jose_key_may_seal(draft->recipient, rule->wrap, rule->enc)) {
        mln_fault_set(fault, "the key does not encrypt with %s and %s",
                      mln_jose_wrap_row(rule->wrap)->name, mln_jose_enc_row(rule->enc)->name);
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

mln_err mln_jwt_make(const struct mln_jwt_draft *draft, struct mln_arena *arena,
                     struct mln_fault *fault, struct mln_slice *ret)
{
    struct mln_slice inner = draft->claims;

    MLN_TRY(check_keys(draft, fault));
    if (draft->rule.sig) {
        MLN_TRY(sign(draft, arena, &inner));
    }
    if (!draft->rule.wrap) {
        *ret = inner;
        return MLN_OK;
    }
    return encrypt(draft, inner, draft->rule.sig != MLN_JOSE_NO_SIG, arena, ret);
}
