/* The names in a subjectAltName, read strictly. */
#include <limits.h>
#include <openssl/err.h>

#include "base/buf.h"
#include "crypto/x509_int.h"

enum { OID_TEXT = 256 };

struct mln_slice mln_cert_string(const ASN1_STRING *string)
{
    int len = string ? ASN1_STRING_length(string) : 0;

    return len > 0 ? mln_slice_of((const char *)ASN1_STRING_get0_data(string), (size_t)len)
                   : mln_slice_of("", 0);
}

static enum mln_cert_reason decode(const X509_EXTENSION *extension, GENERAL_NAMES **ret)
{
    struct mln_slice der =
        mln_cert_string(X509_EXTENSION_get_data((X509_EXTENSION *)(uintptr_t)extension));
    const unsigned char *at = (const unsigned char *)der.ptr;
    GENERAL_NAMES *names = d2i_GENERAL_NAMES(NULL, &at, (long)der.len);

    if (!names || at != (const unsigned char *)der.ptr + der.len) {
        GENERAL_NAMES_free(names);
        ERR_clear_error();
        return MLN_CERT_EXTENSION;
    }
    if (sk_GENERAL_NAME_num(names) > MLN_CERT_NAMES) {
        GENERAL_NAMES_free(names);
        return MLN_CERT_SEVERAL_IDENTITIES;
    }
    *ret = names;
    return MLN_CERT_OK;
}

enum mln_cert_reason mln_cert_names_in(const STACK_OF(X509_EXTENSION) * extensions,
                                       GENERAL_NAMES **ret)
{
    int first = X509v3_get_ext_by_NID(extensions, NID_subject_alt_name, -1);

    if (first < 0) {
        return MLN_CERT_NO_SAN;
    }
    if (X509v3_get_ext_by_NID(extensions, NID_subject_alt_name, first) >= 0) {
        return MLN_CERT_EXTENSION;
    }
    return decode(X509v3_get_ext(extensions, first), ret);
}

/* ---- letters ---- */

bool mln_cert_lower(struct mln_slice text, struct mln_arena *arena, struct mln_slice *ret)
{
    char *out = mln_arena_alloc(arena, text.len + 1);

    if (!out) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        out[i] = mln_lower(text.ptr[i]);
    }
    *ret = mln_slice_of(out, text.len);
    return true;
}

/* ---- object identifiers ---- */

static bool is_arc(struct mln_slice arc)
{
    if (arc.len == 0 || arc.len > 39 || (arc.len > 1 && arc.ptr[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < arc.len; i++) {
        if (arc.ptr[i] < '0' || arc.ptr[i] > '9') {
            return false;
        }
    }
    return true;
}

bool mln_cert_is_arcs(struct mln_slice text, size_t least)
{
    struct mln_slice rest = text;
    size_t count = 0;

    while (rest.ptr) {
        if (!is_arc(mln_slice_cut(&rest, '.')) || ++count > MLN_CERT_ARCS) {
            return false;
        }
    }
    return count >= least;
}

enum mln_cert_reason mln_cert_oid_text(const ASN1_OBJECT *oid, struct mln_arena *arena,
                                       struct mln_slice *ret)
{
    char text[OID_TEXT];
    int len = OBJ_obj2txt(text, sizeof text, oid, 1);

    if (len <= 0 || (size_t)len >= sizeof text ||
        !mln_cert_is_arcs(mln_slice_of(text, (size_t)len), 2)) {
        return MLN_CERT_NAME_SYNTAX;
    }
    return mln_arena_dup(arena, mln_slice_of(text, (size_t)len), ret) ? MLN_CERT_OK
                                                                      : MLN_CERT_FAILED;
}

/* Base 128 without superfluous digits, each arc below 2^63. */
static enum mln_cert_reason relative_oid(struct mln_slice der, struct mln_arena *arena,
                                         struct mln_slice *ret)
{
    struct mln_buf out;
    uint64_t arc = 0;
    bool is_start = true;

    mln_buf_init(&out, arena, OID_TEXT);
    for (size_t i = 0; i < der.len; i++) {
        unsigned char byte = (unsigned char)der.ptr[i];

        if ((is_start && byte == 0x80) || arc >> 56) {
            return MLN_CERT_NAME_SYNTAX;
        }
        arc = arc << 7 | (byte & 0x7F);
        is_start = !(byte & 0x80);
        if (is_start) {
            mln_buf_add(&out, out.len ? MLN_S(".") : MLN_S(""));
            mln_buf_u64(&out, arc);
            arc = 0;
        }
    }
    if (!is_start || mln_failed(mln_buf_finish(&out, ret))) {
        return out.failed == MLN_ERR_NO_MEMORY ? MLN_CERT_FAILED : MLN_CERT_NAME_SYNTAX;
    }
    return MLN_CERT_OK;
}

enum mln_cert_reason mln_cert_other_arcs(const ASN1_TYPE *value, struct mln_arena *arena,
                                         struct mln_slice *ret)
{
    enum { RELATIVE_OID = 13 };
    int type = value ? value->type : 0; /* ASN1_TYPE_get says 0 for a string without bytes */

    if (type == RELATIVE_OID) {
        return relative_oid(mln_cert_string(value->value.asn1_string), arena, ret);
    }
    if (type != V_ASN1_UTF8STRING) {
        return MLN_CERT_NAME_SYNTAX;
    }
    return mln_arena_dup(arena, mln_cert_string(value->value.utf8string), ret) ? MLN_CERT_OK
                                                                               : MLN_CERT_FAILED;
}

/* ---- hardware identifiers ---- */

/* HardwareModuleName ::= SEQUENCE { hwType OBJECT IDENTIFIER, hwSerialNum OCTET STRING } */
static enum mln_cert_reason hardware_module(const ASN1_TYPE *value, struct mln_arena *arena,
                                            struct mln_slice *ret)
{
    struct mln_slice der = mln_cert_string(value->value.sequence);
    const unsigned char *at = (const unsigned char *)der.ptr;
    ASN1_SEQUENCE_ANY *parts = d2i_ASN1_SEQUENCE_ANY(NULL, &at, (long)der.len);
    enum mln_cert_reason reason = MLN_CERT_NAME_SYNTAX;
    struct mln_slice serial = { 0 };
    struct mln_slice type = { 0 };
    struct mln_buf out;

    if (parts && sk_ASN1_TYPE_num(parts) == 2 &&
        sk_ASN1_TYPE_value(parts, 0)->type == V_ASN1_OBJECT &&
        sk_ASN1_TYPE_value(parts, 1)->type == V_ASN1_OCTET_STRING) {
        serial = mln_cert_string(sk_ASN1_TYPE_value(parts, 1)->value.octet_string);
        reason = serial.len == 0 || serial.len > 64
                     ? MLN_CERT_NAME_SYNTAX
                     : mln_cert_oid_text(sk_ASN1_TYPE_value(parts, 0)->value.object, arena, &type);
    }
    if (reason == MLN_CERT_OK && mln_failed(mln_cert_hex(serial, arena, &serial))) {
        reason = MLN_CERT_FAILED;
    }
    if (reason == MLN_CERT_OK) {
        mln_buf_init(&out, arena, OID_TEXT + serial.len);
        mln_buf_add(&out, type);
        mln_buf_byte(&out, '-');
        mln_buf_add(&out, serial);
        reason = mln_failed(mln_buf_finish(&out, ret)) ? MLN_CERT_FAILED : MLN_CERT_OK;
    }
    sk_ASN1_TYPE_pop_free(parts, ASN1_TYPE_free);
    ERR_clear_error();
    return reason;
}

/* id-on-hardwareModuleName 1.3.6.1.5.5.7.8.4 of RFC 4108, which devices of IEEE 802.1AR carry */
static bool is_hardware_module(const ASN1_OBJECT *oid)
{
    struct mln_slice der = mln_slice_of((const char *)OBJ_get0_data(oid), OBJ_length(oid));

    return mln_slice_eq(der, MLN_S("\x2b\x06\x01\x05\x05\x07\x08\x04"));
}

/* spec: TS-0001 H.2: manufacturer, model, serial number, and often an expanded part */
enum mln_cert_reason mln_cert_hardware_id(const OTHERNAME *name, struct mln_arena *arena,
                                          struct mln_slice *ret)
{
    struct mln_slice type = { 0 };
    struct mln_slice arcs;
    struct mln_buf out;
    enum mln_cert_reason reason;

    *ret = mln_slice_of(NULL, 0);
    if (is_hardware_module(name->type_id)) {
        return name->value->type == V_ASN1_SEQUENCE ? hardware_module(name->value, arena, ret)
                                                    : MLN_CERT_NAME_SYNTAX;
    }
    reason = mln_cert_other_arcs(name->value, arena, &arcs);
    if (reason == MLN_CERT_NAME_SYNTAX || (!reason && !mln_cert_is_arcs(arcs, 3))) {
        return MLN_CERT_OK; /* of another kind: it is nobody's identity */
    }
    reason = reason ? reason : mln_cert_oid_text(name->type_id, arena, &type);
    if (reason) {
        return reason;
    }
    mln_buf_init(&out, arena, (size_t)2 * OID_TEXT);
    mln_buf_add(&out, type);
    mln_buf_byte(&out, '.');
    mln_buf_add(&out, arcs);
    return mln_failed(mln_buf_finish(&out, ret)) ? MLN_CERT_FAILED : MLN_CERT_OK;
}

/* ---- domains and URIs ---- */

static bool has_wildcard(struct mln_slice text)
{
    return mln_slice_find(text, '*') < text.len;
}

enum mln_cert_reason mln_cert_dns_name(struct mln_slice text, struct mln_arena *arena,
                                       struct mln_slice *ret)
{
    if (has_wildcard(text)) {
        return MLN_CERT_WILDCARD;
    }
    if (!mln_cert_is_domain(text)) {
        return MLN_CERT_NAME_SYNTAX;
    }
    return mln_cert_lower(text, arena, ret) ? MLN_CERT_OK : MLN_CERT_FAILED;
}

static bool is_scheme(struct mln_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = mln_lower(s.ptr[i]);
        bool is_letter = c >= 'a' && c <= 'z';
        bool is_other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';

        if (!is_letter && (i == 0 || !is_other)) {
            return false;
        }
    }
    return s.len > 0;
}

/* "//host/…" of "//host/…" and "scheme://host/…"; empty for anything else. */
static struct mln_slice authority_form(struct mln_slice uri)
{
    size_t colon = mln_slice_find(uri, ':');

    if (mln_slice_starts(uri, MLN_S("//"))) {
        return uri;
    }
    if (colon < uri.len && is_scheme(mln_slice_head(uri, colon)) &&
        mln_slice_starts(mln_slice_from(uri, colon), MLN_S("://"))) {
        return mln_slice_from(uri, colon + 1);
    }
    return mln_slice_of(NULL, 0);
}

/* RFC 8141, lower case up to the specific part, which is taken as it is. */
static bool is_urn(struct mln_slice uri)
{
    struct mln_slice rest = mln_slice_from(uri, 4);
    struct mln_slice space = mln_slice_cut(&rest, ':');

    if (!mln_slice_starts(uri, MLN_S("urn:")) || space.len < 2 || space.len > 32 || rest.len == 0) {
        return false;
    }
    for (size_t i = 0; i < space.len; i++) {
        char c = space.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) {
            return false;
        }
    }
    for (size_t i = 0; i < rest.len; i++) {
        if (rest.ptr[i] <= ' ' || rest.ptr[i] > '~' || strchr("\"<>\\^`{|}#?%", rest.ptr[i])) {
            return false;
        }
    }
    return true;
}

enum mln_cert_reason mln_cert_uri_name(struct mln_slice text, struct mln_arena *arena,
                                       bool *ret_is_node, struct mln_slice *ret)
{
    struct mln_slice form = authority_form(text);
    struct mln_slice host;
    struct mln_slice copy;

    if (has_wildcard(text)) {
        return MLN_CERT_WILDCARD;
    }
    *ret_is_node = is_urn(text);
    if (*ret_is_node) {
        return mln_arena_dup(arena, text, ret) ? MLN_CERT_OK : MLN_CERT_FAILED;
    }
    if (!mln_cert_is_ae_id(form)) {
        return MLN_CERT_NAME_SYNTAX;
    }
    host = mln_cert_uri_host(form);
    if (!mln_arena_dup(arena, form, &copy) || !mln_cert_lower(host, arena, &host)) {
        return MLN_CERT_FAILED;
    }
    memcpy((char *)(uintptr_t)copy.ptr + 2, host.ptr, host.len);
    *ret = copy;
    return MLN_CERT_OK;
}

struct mln_slice mln_cert_uri_host(struct mln_slice uri)
{
    struct mln_slice rest = mln_slice_from(authority_form(uri), 2);

    if (mln_slice_starts(uri, MLN_S("urn:"))) {
        return uri;
    }
    return rest.ptr ? mln_slice_cut(&rest, '/') : mln_slice_of(NULL, 0);
}
