/* Domain names, and which of them are CSEs'. */
#include "base/buf.h"
#include "crypto/x509_int.h"

enum { DOMAIN_BYTES = 253, LABEL_BYTES = 63 };

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 1123 2.1 */
static bool is_label(struct mln_slice s)
{
    if (s.len == 0 || s.len > LABEL_BYTES || s.ptr[0] == '-' || s.ptr[s.len - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        if (!is_alphanumeric(s.ptr[i]) && s.ptr[i] != '-') {
            return false;
        }
    }
    return true;
}

static bool is_number(struct mln_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9') {
            return false;
        }
    }
    return true;
}

bool mln_cert_is_domain(struct mln_slice name)
{
    struct mln_slice rest = name;
    struct mln_slice label = { 0 };

    if (name.len == 0 || name.len > DOMAIN_BYTES) {
        return false;
    }
    while (rest.ptr) {
        label = mln_slice_cut(&rest, '.');
        if (!is_label(label)) {
            return false;
        }
    }
    return !is_number(label); /* else it looks like an address */
}

static bool is_unreserved(struct mln_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_alphanumeric(s.ptr[i]) && (s.ptr[i] == '\0' || !strchr("-._~", s.ptr[i]))) {
            return false;
        }
    }
    return s.len > 0 && !mln_slice_eq(s, MLN_S(".")) && !mln_slice_eq(s, MLN_S(".."));
}

/* spec: TS-0001 7.2: "//sp/Sxyz", or "//sp/cse/Cxyz" */
bool mln_cert_is_ae_id(struct mln_slice absolute)
{
    struct mln_slice rest = mln_slice_from(absolute, 2);
    struct mln_slice host;
    struct mln_slice first;

    if (!mln_slice_starts(absolute, MLN_S("//"))) {
        return false;
    }
    host = mln_slice_cut(&rest, '/');
    if (!mln_cert_is_domain(host) || !rest.ptr) {
        return false;
    }
    first = mln_slice_cut(&rest, '/');
    if (!rest.ptr) {
        return is_unreserved(first) && first.len > 1 && first.ptr[0] == 'S';
    }
    return is_unreserved(first) && is_unreserved(rest) && rest.len > 1 && rest.ptr[0] == 'C';
}

/* ---- CSEs ---- */

static struct mln_slice domain_of(const struct mln_cert_provider *provider)
{
    return mln_slice_from(provider->sp_id, 2);
}

static struct mln_slice label_of(struct mln_slice cse_id)
{
    return mln_slice_from(cse_id, 1);
}

static const struct mln_cert_provider *provider_of(const struct mln_cert_names *names,
                                                   struct mln_slice sp_id)
{
    for (size_t i = 0; names && i < names->count; i++) {
        if (mln_slice_eq_nocase(names->providers[i].sp_id, sp_id)) {
            return &names->providers[i];
        }
    }
    return NULL;
}

/* "//sp/cse" or "/cse" → provider and "/cse". NULL: unknown. */
static const struct mln_cert_provider *
split(struct mln_slice cse_id, const struct mln_cert_names *names, struct mln_slice *ret_relative)
{
    size_t at;

    if (!mln_slice_starts(cse_id, MLN_S("//"))) {
        *ret_relative = cse_id;
        return names && names->count ? &names->providers[0] : NULL;
    }
    at = 2 + mln_slice_find(mln_slice_from(cse_id, 2), '/');
    *ret_relative = mln_slice_from(cse_id, at);
    return provider_of(names, mln_slice_head(cse_id, at));
}

mln_err mln_cert_domain_of_cse(struct mln_slice cse_id, const struct mln_cert_names *names,
                               struct mln_arena *arena, struct mln_fault *fault,
                               struct mln_slice *ret)
{
    struct mln_slice relative = { 0 };
    const struct mln_cert_provider *provider = split(cse_id, names, &relative);
    struct mln_slice in = provider ? label_of(provider->in_cse_id) : mln_slice_of(NULL, 0);
    struct mln_slice domain;
    struct mln_buf out;

    if (!provider || in.len == 0) {
        mln_fault_set(fault, "CSE-ID '%.*s': the CSE-ID of its infrastructure node is not known",
                      MLN_S_ARG(cse_id));
        MLN_FAIL(CONFIG);
    }
    if (!mln_slice_starts(relative, MLN_S("/")) || !is_label(label_of(relative)) || !is_label(in)) {
        mln_fault_set(fault, "CSE-ID '%.*s' cannot stand in a domain name", MLN_S_ARG(cse_id));
        MLN_FAIL(CONFIG);
    }
    mln_buf_init(&out, arena, (size_t)2 * DOMAIN_BYTES);
    mln_buf_add(&out, label_of(relative));
    mln_buf_byte(&out, '.');
    if (!mln_slice_eq_nocase(label_of(relative), in)) {
        mln_buf_add(&out, in);
        mln_buf_byte(&out, '.');
    }
    mln_buf_add(&out, domain_of(provider));
    MLN_TRY(mln_buf_finish(&out, &domain));
    if (!mln_cert_is_domain(domain)) {
        mln_fault_set(fault, "CSE-ID '%.*s' gives no domain name", MLN_S_ARG(cse_id));
        MLN_FAIL(CONFIG);
    }
    MLN_REQUIRE(mln_cert_lower(domain, arena, ret), NO_MEMORY);
    return MLN_OK;
}

/* The labels in front of the provider's domain; empty when it does not end so. */
static struct mln_slice labels_before(struct mln_slice domain, struct mln_slice suffix)
{
    size_t len = suffix.len + 1;

    if (suffix.len == 0 || domain.len <= len || domain.ptr[domain.len - len] != '.' ||
        !mln_slice_eq_nocase(mln_slice_from(domain, domain.len - suffix.len), suffix)) {
        return mln_slice_of(NULL, 0);
    }
    return mln_slice_head(domain, domain.len - len);
}

/* Which label names the CSE: all of "in", the first of "mn.in". */
static struct mln_slice cse_label(struct mln_slice labels, struct mln_slice in)
{
    struct mln_slice rest = labels;
    struct mln_slice first = mln_slice_cut(&rest, '.');
    bool is_in = !rest.ptr && mln_slice_eq_nocase(first, in);
    bool is_below = rest.ptr && mln_slice_eq_nocase(rest, in) && !mln_slice_eq_nocase(first, in);

    return is_in || is_below ? first : mln_slice_of(NULL, 0);
}

mln_err mln_cert_cse_of_domain(struct mln_slice domain, const struct mln_cert_names *names,
                               struct mln_arena *arena, bool *ret_is_cse, struct mln_slice *ret)
{
    const struct mln_cert_provider *best = NULL;
    struct mln_slice label = { 0 };
    struct mln_slice id;
    struct mln_buf out;

    for (size_t i = 0; names && i < names->count; i++) {
        const struct mln_cert_provider *p = &names->providers[i];
        struct mln_slice before = labels_before(domain, domain_of(p));

        if (before.len && (!best || p->sp_id.len > best->sp_id.len)) {
            best = p;
            label = p->in_cse_id.len > 1 ? cse_label(before, label_of(p->in_cse_id))
                                         : mln_slice_of(NULL, 0);
        }
    }
    *ret_is_cse = label.len && is_label(label);
    if (!*ret_is_cse) {
        return MLN_OK;
    }
    mln_buf_init(&out, arena, (size_t)2 * DOMAIN_BYTES);
    mln_buf_add(&out, best->sp_id);
    mln_buf_byte(&out, '/');
    mln_buf_add(&out, label);
    MLN_TRY(mln_buf_finish(&out, &id));
    MLN_REQUIRE(mln_cert_lower(id, arena, ret), NO_MEMORY);
    return MLN_OK;
}
