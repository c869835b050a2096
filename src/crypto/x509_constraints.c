/* Name constraints over a whole chain. OpenSSL judges names of hosts, addresses, mailboxes and
 * directories; those of URIs, other names and registered identifiers are judged here, as OpenSSL
 * does not know the forms that oneM2M gives them. spec: TS-0003 8.1.2.2, TS-0003 10.1.1.4.2 */
#include <openssl/err.h>

#include "crypto/x509_int.h"

enum { SCRATCH_BYTES = 1 << 20 };

typedef STACK_OF(GENERAL_SUBTREE) subtrees;

static bool is_ours(int type)
{
    return type == GEN_URI || type == GEN_OTHERNAME || type == GEN_RID;
}

/* ---- one name below one base ---- */

/* "host" is that host, ".host" all below it; a URN base is a prefix that ends at a colon. */
static bool is_uri_below(struct mln_slice uri, struct mln_slice base)
{
    struct mln_slice host = mln_cert_uri_host(uri);
    bool is_urn = mln_slice_starts(uri, MLN_S("urn:"));

    if (host.len == 0) {
        return false;
    }
    if (is_urn || mln_slice_starts(base, MLN_S("urn:"))) {
        return is_urn && mln_slice_starts(uri, base) &&
               (uri.len == base.len || mln_slice_ends(base, MLN_S(":")) ||
                uri.ptr[base.len] == ':');
    }
    if (mln_slice_starts(base, MLN_S("."))) {
        return host.len > base.len &&
               mln_slice_eq_nocase(mln_slice_from(host, host.len - base.len), base);
    }
    return mln_slice_eq_nocase(host, base);
}

static bool are_arcs_below(struct mln_slice arcs, struct mln_slice base)
{
    return mln_slice_starts(arcs, base) && (arcs.len == base.len || arcs.ptr[base.len] == '.');
}

struct judge {
    struct mln_arena *arena;
    bool has_failed; /* out of memory, or a form that cannot be judged: counts as a violation */
};

static struct mln_slice arcs_of(struct judge *judge, const ASN1_TYPE *value)
{
    struct mln_slice arcs = { 0 };

    if (mln_cert_other_arcs(value, judge->arena, &arcs) ||
        (arcs.len && !mln_cert_is_arcs(arcs, 1))) {
        judge->has_failed = true;
    }
    return arcs;
}

static struct mln_slice oid_of(struct judge *judge, const ASN1_OBJECT *oid)
{
    struct mln_slice text = { 0 };

    if (mln_cert_oid_text(oid, judge->arena, &text)) {
        judge->has_failed = true;
    }
    return text;
}

static bool is_other_below(struct judge *judge, const OTHERNAME *name, const OTHERNAME *base)
{
    struct mln_slice arcs;

    if (OBJ_cmp(name->type_id, base->type_id) != 0) {
        return false;
    }
    arcs = arcs_of(judge, base->value);
    return arcs.len == 0 || are_arcs_below(arcs_of(judge, name->value), arcs);
}

static bool is_below(struct judge *judge, const GENERAL_NAME *name, const GENERAL_NAME *base)
{
    switch (name->type) {
    case GEN_URI:
        return is_uri_below(mln_cert_string(name->d.uniformResourceIdentifier),
                            mln_cert_string(base->d.uniformResourceIdentifier));
    case GEN_OTHERNAME:
        return is_other_below(judge, name->d.otherName, base->d.otherName);
    default:
        return are_arcs_below(oid_of(judge, name->d.registeredID),
                              oid_of(judge, base->d.registeredID));
    }
}

/* ---- one certificate below one CA ---- */

/* A URI without a host, such as a mailbox or a locator we cannot read, meets no constraint:
 * RFC 5280 4.2.1.10. */
static bool is_satisfied(struct judge *judge, const GENERAL_NAME *name, const NAME_CONSTRAINTS *nc)
{
    bool has_permitted = false;
    bool is_permitted = false;

    for (int i = 0; i < sk_GENERAL_SUBTREE_num(nc->permittedSubtrees); i++) {
        const GENERAL_SUBTREE *tree = sk_GENERAL_SUBTREE_value(nc->permittedSubtrees, i);

        if (tree->base->type == name->type) {
            has_permitted = true;
            is_permitted = is_permitted || is_below(judge, name, tree->base);
        }
    }
    for (int i = 0; i < sk_GENERAL_SUBTREE_num(nc->excludedSubtrees); i++) {
        const GENERAL_SUBTREE *tree = sk_GENERAL_SUBTREE_value(nc->excludedSubtrees, i);

        if (tree->base->type == name->type && is_below(judge, name, tree->base)) {
            return false;
        }
    }
    return is_permitted || !has_permitted;
}

static bool has_range(const subtrees *trees)
{
    for (int i = 0; i < sk_GENERAL_SUBTREE_num(trees); i++) {
        const GENERAL_SUBTREE *tree = sk_GENERAL_SUBTREE_value(trees, i);

        if (tree->maximum || (tree->minimum && ASN1_INTEGER_get(tree->minimum) != 0)) {
            return true;
        }
    }
    return false;
}

static bool are_ours_satisfied(struct judge *judge, const GENERAL_NAMES *names,
                               const NAME_CONSTRAINTS *nc)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (is_ours(name->type) && !is_satisfied(judge, name, nc)) {
            return false;
        }
    }
    return !judge->has_failed;
}

static void drop_ours(subtrees *trees)
{
    for (int i = sk_GENERAL_SUBTREE_num(trees) - 1; i >= 0; i--) {
        if (is_ours(sk_GENERAL_SUBTREE_value(trees, i)->base->type)) {
            GENERAL_SUBTREE_free(sk_GENERAL_SUBTREE_delete(trees, i));
        }
    }
}

/* OpenSSL on the rest. */
static bool are_others_satisfied(X509 *cert, const NAME_CONSTRAINTS *nc)
{
    NAME_CONSTRAINTS *rest = ASN1_item_dup(ASN1_ITEM_rptr(NAME_CONSTRAINTS), nc);
    bool is_fine = false;

    if (rest) {
        drop_ours(rest->permittedSubtrees);
        drop_ours(rest->excludedSubtrees);
        is_fine = NAME_CONSTRAINTS_check(cert, rest) == X509_V_OK;
    }
    NAME_CONSTRAINTS_free(rest);
    return is_fine;
}

static enum mln_cert_reason check(struct mln_arena *arena, X509 *cert, const NAME_CONSTRAINTS *nc)
{
    struct judge judge = { .arena = arena };
    GENERAL_NAMES *names = NULL;
    enum mln_cert_reason reason = mln_cert_names_in(X509_get0_extensions(cert), &names);

    if (reason == MLN_CERT_NO_SAN) {
        reason = MLN_CERT_OK;
    } else if (reason) {
        return reason == MLN_CERT_FAILED ? reason : MLN_CERT_NAME_CONSTRAINTS;
    }
    if (has_range(nc->permittedSubtrees) || has_range(nc->excludedSubtrees) ||
        !are_ours_satisfied(&judge, names, nc) || !are_others_satisfied(cert, nc)) {
        reason = MLN_CERT_NAME_CONSTRAINTS;
    }
    GENERAL_NAMES_free(names);
    return reason;
}

/* ---- strict mode: which names must be constrained ---- */

static bool is_type_of(const GENERAL_NAME *base, enum mln_cert_flavour flavour)
{
    if (flavour == MLN_CERT_CSE_ID || flavour == MLN_CERT_FQDN) {
        return base->type == GEN_DNS;
    }
    if (flavour == MLN_CERT_NODE_ID) {
        return base->type == GEN_URI || base->type == GEN_RID;
    }
    return base->type == GEN_URI;
}

static bool constrains(const NAME_CONSTRAINTS *nc, enum mln_cert_flavour flavour)
{
    for (int i = 0; nc && i < sk_GENERAL_SUBTREE_num(nc->permittedSubtrees); i++) {
        if (is_type_of(sk_GENERAL_SUBTREE_value(nc->permittedSubtrees, i)->base, flavour)) {
            return true;
        }
    }
    return false;
}

/* ---- the chain ---- */

static NAME_CONSTRAINTS *constraints_of(const X509 *cert, bool *ret_is_bad)
{
    int where = -1;
    NAME_CONSTRAINTS *nc = X509_get_ext_d2i(cert, NID_name_constraints, &where, NULL);

    *ret_is_bad = !nc && where != -1;
    ERR_clear_error();
    return nc;
}

struct walk {
    STACK_OF(X509) * chain;
    enum mln_cert_flavour strict;
    struct mln_arena *arena;
};

/* Everything below the CA at `above`. A CA's certificate for itself, as in a change of keys, is
 * spared: RFC 5280 6.1.4 (b). */
static enum mln_cert_reason check_below(struct walk *w, const NAME_CONSTRAINTS *nc, int above,
                                        int *ret_depth)
{
    for (int i = above - 1; i >= 0; i--) {
        X509 *cert = sk_X509_value(w->chain, i);
        enum mln_cert_reason reason;

        if (i > 0 && (X509_get_extension_flags(cert) & EXFLAG_SI)) {
            continue;
        }
        mln_arena_reset(w->arena);
        reason = check(w->arena, cert, nc);
        if (reason) {
            *ret_depth = i;
            return reason;
        }
    }
    return MLN_CERT_OK;
}

/* In strict mode every CA must be constrained, but the anchor when other CAs stand below it. */
static enum mln_cert_reason check_authority(struct walk *w, int at, int *ret_depth)
{
    bool is_anchor = at == sk_X509_num(w->chain) - 1;
    enum mln_cert_reason reason = MLN_CERT_OK;
    bool is_bad;
    NAME_CONSTRAINTS *nc = constraints_of(sk_X509_value(w->chain, at), &is_bad);

    *ret_depth = at;
    if (is_bad) {
        return MLN_CERT_EXTENSION;
    }
    if (w->strict != MLN_CERT_NONE && (!is_anchor || at == 1) && !constrains(nc, w->strict)) {
        reason = MLN_CERT_UNCONSTRAINED;
    } else if (nc) {
        reason = check_below(w, nc, at, ret_depth);
    }
    NAME_CONSTRAINTS_free(nc);
    return reason;
}

enum mln_cert_reason mln_cert_check_constraints(STACK_OF(X509) * chain,
                                                enum mln_cert_flavour strict, int *ret_depth)
{
    struct walk w = { .chain = chain, .strict = strict, .arena = mln_arena_new(SCRATCH_BYTES) };
    enum mln_cert_reason reason = w.arena ? MLN_CERT_OK : MLN_CERT_FAILED;

    for (int i = sk_X509_num(chain) - 1; i > 0 && !reason; i--) {
        reason = check_authority(&w, i, ret_depth);
    }
    mln_arena_free(w.arena);
    return reason;
}
