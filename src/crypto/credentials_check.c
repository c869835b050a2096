/* What a credential must look like, whoever wrote it. */
#include "crypto/credentials_int.h"

#include "base/utf8.h"

static bool is_printable(struct mln_slice text)
{
    while (text.len) {
        size_t n = mln_utf8_printable(text);

        if (n == 0) {
            return false;
        }
        text = mln_slice_from(text, n);
    }
    return true;
}

static mln_err check_list(const struct mln_credential_list *list, bool (*is_good)(struct mln_slice),
                          const char *what, struct mln_fault *fault)
{
    if (list->count > MLN_CREDENTIAL_LIST_MAX) {
        mln_fault_set(fault, "more than %d of %s", MLN_CREDENTIAL_LIST_MAX, what);
        MLN_FAIL(CONFIG);
    }
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].len > MLN_CREDENTIAL_TEXT_MAX || !is_good(list->items[i])) {
            mln_fault_set(fault, "'%.*s' is not %s", MLN_S_ARG(list->items[i]), what);
            MLN_FAIL(CONFIG);
        }
    }
    return MLN_OK;
}

/* The Credential-ID must be spelt canonically, so that equal ones are equal bytes. */
static mln_err check_id(const struct mln_credential *c, struct mln_credential_id *ret,
                        struct mln_fault *fault)
{
    char text[MLN_CREDENTIAL_ID_MAX];

    if (!mln_credential_id_parse(c->id, ret) ||
        !mln_slice_eq(c->id,
                      mln_slice_of(text, mln_credential_id_put(ret->type, ret->value, text)))) {
        mln_fault_set(fault, "'%.*s' is no Credential-ID", MLN_S_ARG(c->id));
        MLN_FAIL(CONFIG);
    }
    if (!mln_suid_is_valid(c->suid)) {
        mln_fault_set(fault, "%u is no SUID", c->suid);
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

static bool is_digits_or(struct mln_slice s, const char *beyond)
{
    for (size_t i = 0; i < s.len; i++) {
        bool is_digit = s.ptr[i] >= '0' && s.ptr[i] <= '9';

        if (!is_digit && (s.ptr[i] == '\0' || !strchr(beyond, s.ptr[i]))) {
            return false;
        }
    }
    return true;
}

/* What only certificates have. */
static mln_err check_certificate(const struct mln_credential *c, struct mln_fault *fault)
{
    if (c->anchor.len &&
        (c->anchor.len != MLN_CREDENTIAL_ANCHOR || !is_digits_or(c->anchor, "abcdef"))) {
        mln_fault_set(fault, "a trust anchor is named by the 64 hexadecimal digits, in lower case, "
                             "of its SHA-256");
        MLN_FAIL(CONFIG);
    }
    if (c->domain.len && (!mln_fqdn_is_valid(c->domain) ||
                          !is_digits_or(c->domain, "abcdefghijklmnopqrstuvwxyz.-"))) {
        mln_fault_set(fault, "'%.*s' is no domain name in lower case", MLN_S_ARG(c->domain));
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

static mln_err check_key(const struct mln_cred_row *row, bool is_key, struct mln_fault *fault)
{
    bool is_too_much = row->face.anchor.len || row->face.domain.len;

    if (!is_key && row->key.len) {
        mln_fault_set(fault, "a credential of this type has no secret key");
        MLN_FAIL(CONFIG);
    }
    if (is_key && is_too_much) {
        mln_fault_set(fault, "a key has neither trust anchor nor domain");
        MLN_FAIL(CONFIG);
    }
    if (is_key &&
        (row->key.len < MLN_CREDENTIAL_KEY_MIN || row->key.len > MLN_CREDENTIAL_KEY_MAX)) {
        mln_fault_set(fault, "a key has %d to %d bytes, this one %zu", MLN_CREDENTIAL_KEY_MIN,
                      MLN_CREDENTIAL_KEY_MAX, row->key.len);
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

static mln_err check_binding(const struct mln_credential *c, struct mln_fault *fault)
{
    if (c->cse_id.len && !mln_cred_is_cse_id(c->cse_id)) {
        mln_fault_set(fault, "'%.*s' is not an absolute CSE-ID: //domain/cse",
                      MLN_S_ARG(c->cse_id));
        MLN_FAIL(CONFIG);
    }
    if (c->cse_id.len && c->ae_ids.count) {
        mln_fault_set(fault, "a credential stands for a CSE or for AEs, not for both");
        MLN_FAIL(CONFIG);
    }
    MLN_TRY(check_list(&c->ae_ids, mln_cred_is_ae_pattern, "an AE-ID or pattern of them", fault));
    MLN_TRY(
        check_list(&c->app_ids, mln_cred_is_app_pattern, "an App-ID or pattern of them", fault));
    return check_list(&c->role_ids, mln_cred_is_role_id, "a Role-ID (name@domain in lower case)",
                      fault);
}

mln_err mln_cred_check(const struct mln_cred_row *row, struct mln_fault *fault)
{
    const struct mln_credential *c = &row->face;
    struct mln_credential_id id;

    MLN_TRY(check_id(c, &id, fault));
    MLN_TRY(check_key(row, mln_credential_is_key(id.type), fault));
    MLN_TRY(check_certificate(c, fault));
    MLN_TRY(check_binding(c, fault));
    if (c->label.len > MLN_CREDENTIAL_TEXT_MAX || !is_printable(c->label)) {
        mln_fault_set(fault, "a label is one line of at most %d bytes", MLN_CREDENTIAL_TEXT_MAX);
        MLN_FAIL(CONFIG);
    }
    if (c->not_before_us < 0 || c->not_before_us >= c->not_after_us) {
        mln_fault_set(fault, "the credential ends before it begins");
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

bool mln_cred_is_record_name(struct mln_slice name)
{
    return name.len > 0 && name.len <= MLN_RECORD_NAME_MAX && is_printable(name);
}

/* ---- comparison ---- */

static bool same_list(const struct mln_credential_list *a, const struct mln_credential_list *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (!mln_slice_eq(a->items[i], b->items[i])) {
            return false;
        }
    }
    return true;
}

bool mln_cred_same(const struct mln_cred_row *a, const struct mln_cred_row *b)
{
    const struct mln_credential *x = &a->face;
    const struct mln_credential *y = &b->face;

    return mln_slice_eq(x->id, y->id) && x->suid == y->suid && mln_slice_eq(x->anchor, y->anchor) &&
           mln_slice_eq(x->domain, y->domain) && mln_slice_eq(x->cse_id, y->cse_id) &&
           same_list(&x->ae_ids, &y->ae_ids) && same_list(&x->app_ids, &y->app_ids) &&
           same_list(&x->role_ids, &y->role_ids) && x->not_before_us == y->not_before_us &&
           x->not_after_us == y->not_after_us && a->key.len == b->key.len &&
           mln_ct_equal(a->key.ptr, b->key.ptr, a->key.len);
}
