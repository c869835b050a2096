/* Names and subtrees of names, from text to ASN.1. */
#include <arpa/inet.h>
#include <openssl/err.h>

#include "base/num.h"
#include "crypto/ca_int.h"
#include "crypto/x509_int.h"

enum { TEXT_BYTES = 512, ADDRESS_BYTES = 16 };

static mln_err refuse(const struct mln_ca_name *name, const char *what, struct mln_fault *fault)
{
    mln_fault_set(fault, "'%.*s' is no %s", MLN_S_ARG(name->text), what);
    MLN_FAIL(CONFIG);
}

/* ---- values: to be freed by the caller, NULL when out of memory or malformed ---- */

static ASN1_STRING *string_of(int type, struct mln_slice bytes)
{
    ASN1_STRING *string = ASN1_STRING_type_new(type);

    if (string && !ASN1_STRING_set(string, bytes.ptr, (int)bytes.len)) {
        ASN1_STRING_free(string);
        string = NULL;
    }
    return string;
}

static ASN1_OBJECT *oid_of(struct mln_slice arcs)
{
    char text[TEXT_BYTES];
    ASN1_OBJECT *oid;

    if (!mln_cert_is_arcs(arcs, 2) || arcs.len >= sizeof text) {
        return NULL;
    }
    memcpy(text, arcs.ptr, arcs.len);
    text[arcs.len] = '\0';
    oid = OBJ_txt2obj(text, 1);
    ERR_clear_error();
    return oid;
}

/* The value as UTF8String of the dotted rest: security.md section 15. */
static OTHERNAME *other_name(struct mln_slice type, struct mln_slice arcs)
{
    OTHERNAME *other = OTHERNAME_new();
    ASN1_OBJECT *oid = oid_of(type);
    ASN1_STRING *value = string_of(V_ASN1_UTF8STRING, arcs);

    if (!other || !oid || !value) {
        OTHERNAME_free(other);
        ASN1_OBJECT_free(oid);
        ASN1_STRING_free(value);
        return NULL;
    }
    ASN1_OBJECT_free(other->type_id);
    other->type_id = oid;
    ASN1_TYPE_set(other->value, V_ASN1_UTF8STRING, value);
    return other;
}

/* Address, and with a mask the mask behind it. Returns the bytes written, 0 when malformed. */
static size_t parse_address(struct mln_slice text, bool has_mask,
                            unsigned char out[static 2 * ADDRESS_BYTES])
{
    char copy[INET6_ADDRSTRLEN];
    struct mln_slice rest = text;
    struct mln_slice address = has_mask ? mln_slice_cut(&rest, '/') : text;
    uint64_t bits;
    size_t len;

    if (address.len >= sizeof copy) {
        return 0;
    }
    memcpy(copy, address.ptr, address.len);
    copy[address.len] = '\0';
    len = inet_pton(AF_INET, copy, out) == 1 ? 4 : inet_pton(AF_INET6, copy, out) == 1 ? 16 : 0;
    if (!has_mask || len == 0) {
        return len;
    }
    bits = 8 * len;
    if (rest.ptr && (!mln_num_u64(rest, &bits) || bits > 8 * len)) {
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        size_t ones = bits > 8 * i ? bits - 8 * i : 0;

        out[len + i] = (unsigned char)(ones >= 8 ? 0xFF : 0xFF00 >> ones);
        out[i] &= out[len + i];
    }
    return 2 * len;
}

/* ---- into a GENERAL_NAME ---- */

static mln_err wrap(int type, void *value, GENERAL_NAME **ret)
{
    GENERAL_NAME *name = value ? GENERAL_NAME_new() : NULL;

    MLN_REQUIRE(name, NO_MEMORY);
    GENERAL_NAME_set0_value(name, type, value);
    *ret = name;
    return MLN_OK;
}

static mln_err make_device(const struct mln_ca_name *name, size_t least, struct mln_fault *fault,
                           GENERAL_NAME **ret)
{
    struct mln_slice rest = name->text;
    struct mln_slice type = mln_slice_cut(&rest, ':');

    if (!mln_cert_is_arcs(type, 2) || (least && !mln_cert_is_arcs(rest, least)) ||
        (rest.len && !mln_cert_is_arcs(rest, 1))) {
        return refuse(name, "device identifier TYPE:ARCS, such as 0.2.481.1:100.3030.10011", fault);
    }
    return wrap(GEN_OTHERNAME, other_name(type, rest.len ? rest : MLN_S("")), ret);
}

static mln_err make_address(const struct mln_ca_name *name, bool has_mask, struct mln_fault *fault,
                            GENERAL_NAME **ret)
{
    unsigned char bytes[2 * ADDRESS_BYTES];
    size_t len = parse_address(name->text, has_mask, bytes);

    if (len == 0) {
        return refuse(name, has_mask ? "address range" : "address", fault);
    }
    return wrap(GEN_IPADD, string_of(V_ASN1_OCTET_STRING, mln_slice_of((const char *)bytes, len)),
                ret);
}

static mln_err make_oid(const struct mln_ca_name *name, struct mln_fault *fault, GENERAL_NAME **ret)
{
    ASN1_OBJECT *oid = oid_of(name->text);

    if (!oid) {
        return refuse(name, "object identifier", fault);
    }
    return wrap(GEN_RID, oid, ret);
}

static mln_err make_uri(const struct mln_ca_name *name, struct mln_fault *fault, GENERAL_NAME **ret)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(1 << 16);
    struct mln_slice as_read;
    bool is_node;

    MLN_REQUIRE(arena, NO_MEMORY);
    if (mln_cert_uri_name(name->text, arena, &is_node, &as_read)) {
        return refuse(name, "absolute AE-ID or URN", fault);
    }
    return wrap(GEN_URI, string_of(V_ASN1_IA5STRING, name->text), ret);
}

mln_err mln_ca_name_make(const struct mln_ca_name *name, struct mln_fault *fault,
                         GENERAL_NAME **ret)
{
    MLN_REQUIRE(name->text.len < TEXT_BYTES, LIMIT);
    switch (name->kind) {
    case MLN_CA_DNS:
        if (!mln_cert_is_domain(name->text)) {
            return refuse(name, "domain name", fault);
        }
        return wrap(GEN_DNS, string_of(V_ASN1_IA5STRING, name->text), ret);
    case MLN_CA_URI:
        return make_uri(name, fault, ret);
    case MLN_CA_OID:
        return make_oid(name, fault, ret);
    case MLN_CA_DEVICE:
        return make_device(name, 3, fault, ret);
    case MLN_CA_ADDRESS:
        return make_address(name, false, fault, ret);
    }
    MLN_FAIL(INTERNAL);
}

static bool is_uri_subtree(struct mln_slice text)
{
    struct mln_slice host = mln_slice_starts(text, MLN_S(".")) ? mln_slice_from(text, 1) : text;

    return mln_cert_is_domain(host) ||
           (mln_slice_starts(text, MLN_S("urn:")) && mln_slice_find(text, ' ') == text.len);
}

mln_err mln_ca_subtree_make(const struct mln_ca_name *name, struct mln_fault *fault,
                            GENERAL_NAME **ret)
{
    MLN_REQUIRE(name->text.len < TEXT_BYTES, LIMIT);
    switch (name->kind) {
    case MLN_CA_DNS:
        return mln_ca_name_make(name, fault, ret);
    case MLN_CA_URI:
        if (!is_uri_subtree(name->text)) {
            return refuse(name, "host of URIs or start of a URN", fault);
        }
        return wrap(GEN_URI, string_of(V_ASN1_IA5STRING, name->text), ret);
    case MLN_CA_OID:
        return make_oid(name, fault, ret);
    case MLN_CA_DEVICE:
        return make_device(name, 0, fault, ret);
    case MLN_CA_ADDRESS:
        return make_address(name, true, fault, ret);
    }
    MLN_FAIL(INTERNAL);
}
