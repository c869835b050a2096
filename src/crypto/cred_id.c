/* Grammar and canonical spelling of identifiers of credentials. */
#include "crypto/cred_id.h"

#include "base/utf8.h"

enum { TYPE_DIGITS = 2, LABEL_MAX = 63, TEXT_MAX = 255 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Only letters, digits and the marks; at least one character. */
static bool is_made_of(struct mln_slice s, const char *marks)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_alnum(s.ptr[i]) && (s.ptr[i] == '\0' || !strchr(marks, s.ptr[i]))) {
            return false;
        }
    }
    return s.len > 0;
}

/* ---- domain names and key identifiers ---- */

static bool is_label(struct mln_slice s)
{
    return s.len <= LABEL_MAX && is_made_of(s, "-") && s.ptr[0] != '-' && s.ptr[s.len - 1] != '-';
}

bool mln_fqdn_is_valid(struct mln_slice text)
{
    struct mln_slice rest = text;

    if (text.len == 0 || text.len > MLN_FQDN_MAX) {
        return false;
    }
    while (rest.ptr) {
        if (!is_label(mln_slice_cut(&rest, '.'))) {
            return false;
        }
    }
    return true;
}

/* Any "name@domain". */
static bool split(struct mln_slice text, struct mln_key_id *ret)
{
    struct mln_slice fqdn = text;
    struct mln_slice relative = mln_slice_cut(&fqdn, '@');

    if (!is_made_of(relative, "._-") || !mln_fqdn_is_valid(fqdn)) {
        return false;
    }
    *ret = (struct mln_key_id){ relative, fqdn };
    return true;
}

bool mln_key_id_parse(struct mln_slice text, struct mln_key_id *ret)
{
    return text.len <= MLN_KEY_ID_MAX && split(text, ret);
}

/* spec: security.md 13.2: hex(KcID), hex(RelativeKeID) */
static bool is_hex_id(struct mln_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_hex(s.ptr[i])) {
            return false;
        }
    }
    return s.len == 32 || s.len == 64;
}

/* ---- public key identifiers ---- */

/* Six bits of base64url, or 64. */
static unsigned sextet(char c)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *hit = c ? strchr(alphabet, c) : NULL;

    return hit ? (unsigned)(hit - alphabet) : 64;
}

struct digest_name {
    struct mln_slice name;
    size_t chars;   /* of its base64url */
    unsigned spare; /* bits of the last one that must be 0 */
};

/* spec: RFC 6920: the digest is cut to the bits of its name */
static const struct digest_name digests[] = {
    { { "sha-256;", 8 }, 43, 0x3 },
    { { "sha-256-128;", 12 }, 22, 0xf },
    { { "sha-256-120;", 12 }, 20, 0 },
};

static bool is_digest(struct mln_slice s, const struct digest_name *d)
{
    struct mln_slice digits = mln_slice_from(s, d->name.len);
    unsigned last = 0;

    if (!mln_slice_starts(s, d->name) || digits.len != d->chars) {
        return false;
    }
    for (size_t i = 0; i < digits.len; i++) {
        last = sextet(digits.ptr[i]);
        if (last > 63) {
            return false;
        }
    }
    return (last & d->spare) == 0;
}

static struct mln_slice without_scheme(struct mln_slice s)
{
    return mln_slice_starts(s, MLN_S("ni:///")) ? mln_slice_from(s, 6) : s;
}

static bool is_public_key_id(struct mln_slice s)
{
    for (size_t i = 0; i < sizeof digests / sizeof digests[0]; i++) {
        if (is_digest(without_scheme(s), &digests[i])) {
            return true;
        }
    }
    return false;
}

/* ---- CSE-ID and AE-ID ---- */

#define UNRESERVED "-._~"

/* Cuts "//domain" off; *s keeps what follows, beginning with '/'. True also when there is none. */
static bool skip_domain(struct mln_slice *s)
{
    struct mln_slice domain;

    if (!mln_slice_starts(*s, MLN_S("//"))) {
        return true;
    }
    domain = mln_slice_from(*s, 2);
    domain = mln_slice_head(domain, mln_slice_find(domain, '/'));
    *s = mln_slice_from(*s, 2 + domain.len);
    return mln_fqdn_is_valid(domain);
}

/* "/cse" */
static bool is_relative_cse_id(struct mln_slice s)
{
    return mln_slice_starts(s, MLN_S("/")) && is_made_of(mln_slice_from(s, 1), UNRESERVED);
}

static bool is_cse_value(struct mln_slice s)
{
    return skip_domain(&s) && is_relative_cse_id(s);
}

bool mln_cred_is_cse_id(struct mln_slice text)
{
    return text.len <= TEXT_MAX && mln_slice_starts(text, MLN_S("//")) && is_cse_value(text);
}

/* `marks`: UNRESERVED, with '*' for a pattern. */
static bool is_stem(struct mln_slice s, const char *marks)
{
    bool is_pattern = strchr(marks, '*') != NULL;
    bool begins = s.len && (s.ptr[0] == 'C' || s.ptr[0] == 'S' || (is_pattern && s.ptr[0] == '*'));

    return begins && (s.len > 1 || s.ptr[0] == '*') && is_made_of(s, marks);
}

/* Behind the domain: "/cse/Cstem" or "/Sstem"; a pattern may have '*' in both. */
static bool is_ae_path(struct mln_slice s, const char *marks)
{
    struct mln_slice rest = mln_slice_from(s, 1);
    struct mln_slice first;

    if (!mln_slice_starts(s, MLN_S("/"))) {
        return false;
    }
    first = mln_slice_cut(&rest, '/');
    if (!rest.ptr) {
        return is_stem(first, marks) && first.ptr[0] != 'C';
    }
    return is_made_of(first, marks) && is_stem(rest, marks) && rest.ptr[0] != 'S';
}

static bool is_ae_value(struct mln_slice s)
{
    return skip_domain(&s) && is_ae_path(s, UNRESERVED);
}

bool mln_cred_is_ae_pattern(struct mln_slice text)
{
    if (text.len > TEXT_MAX) {
        return false;
    }
    if (!mln_slice_starts(text, MLN_S("/"))) {
        return is_stem(text, UNRESERVED "*");
    }
    return skip_domain(&text) && is_ae_path(text, UNRESERVED "*");
}

bool mln_cred_is_app_pattern(struct mln_slice text)
{
    if (text.len == 0 || text.len > TEXT_MAX || text.ptr[0] == '\0' ||
        !strchr("RNr*", text.ptr[0])) {
        return false;
    }
    while (text.len) {
        size_t n = mln_utf8_printable(text);

        if (n == 0) {
            return false;
        }
        text = mln_slice_from(text, n);
    }
    return true;
}

bool mln_cred_is_role_id(struct mln_slice text)
{
    struct mln_key_id id;

    if (text.len > TEXT_MAX || !split(text, &id)) {
        return false;
    }
    for (size_t i = 0; i < id.fqdn.len; i++) {
        if (id.fqdn.ptr[i] != mln_lower(id.fqdn.ptr[i])) {
            return false;
        }
    }
    return true;
}

/* ---- Credential-IDs ---- */

bool mln_credential_is_key(enum mln_credential_type type)
{
    return (unsigned)type >= MLN_CREDENTIAL_MEF_KEY && (unsigned)type <= MLN_CREDENTIAL_HMAC_KEY;
}

/* The five flavours of certificates as types 30 to 34; 0 for what is none. */
static enum mln_credential_type flavour(enum mln_credential_type type)
{
    unsigned n = type;

    if (n > MLN_CREDENTIAL_ENCRYPTION && n <= MLN_CREDENTIAL_SIGNATURE + 5 && n % 10 >= 1 &&
        n % 10 <= 5) {
        return (enum mln_credential_type)(MLN_CREDENTIAL_RAW_KEY + n % 10 - 1);
    }
    return (enum mln_credential_type)(n >= 30 && n <= 34 ? n : 0);
}

static bool is_value(enum mln_credential_type type, struct mln_slice value)
{
    enum mln_credential_type form = flavour(type);
    struct mln_key_id id;

    if (mln_credential_is_key(type)) {
        return mln_key_id_parse(value, &id);
    }
    if (form == MLN_CREDENTIAL_RAW_KEY) {
        return is_public_key_id(value);
    }
    if (form == MLN_CREDENTIAL_CSE) {
        return is_cse_value(value);
    }
    if (form == MLN_CREDENTIAL_AE) {
        return is_ae_value(value);
    }
    /* hardware and nodes: object identifiers, URNs */
    return form != 0 && is_made_of(value, UNRESERVED ":/@");
}

bool mln_credential_id_parse(struct mln_slice text, struct mln_credential_id *ret)
{
    struct mln_slice value = mln_slice_from(text, TYPE_DIGITS + 1);
    enum mln_credential_type type;

    if (text.len > MLN_CREDENTIAL_ID_MAX || value.len == 0 || !is_digit(text.ptr[0]) ||
        !is_digit(text.ptr[1]) || text.ptr[2] != '-') {
        return false;
    }
    type = (enum mln_credential_type)((text.ptr[0] - '0') * 10 + text.ptr[1] - '0');
    if (!is_value(type, value)) {
        return false;
    }
    *ret = (struct mln_credential_id){ type, value };
    return true;
}

/* From where to where is the value written in lower case? */
static struct mln_slice folded_part(enum mln_credential_type type, struct mln_slice value)
{
    struct mln_slice at = value;
    bool has_domain = flavour(type) == MLN_CREDENTIAL_CSE || flavour(type) == MLN_CREDENTIAL_AE;
    struct mln_key_id id;

    if (has_domain && mln_slice_starts(value, MLN_S("//"))) {
        (void)skip_domain(&at);
        return mln_slice_head(value, value.len - at.len);
    }
    if (!mln_credential_is_key(type) || !mln_key_id_parse(value, &id)) {
        return mln_slice_head(value, 0);
    }
    /* spec: TS-0003 10.6: the relative part of a KmID is not case sensitive */
    return type == MLN_CREDENTIAL_MAF_KEY || is_hex_id(id.relative) ? value : id.fqdn;
}

size_t mln_credential_id_put(enum mln_credential_type type, struct mln_slice value,
                             char out[static MLN_CREDENTIAL_ID_MAX])
{
    struct mln_slice folded;
    size_t at = 0;

    if (value.len > MLN_CREDENTIAL_ID_MAX - TYPE_DIGITS - 1 || !is_value(type, value)) {
        return 0;
    }
    if (flavour(type) == MLN_CREDENTIAL_RAW_KEY) {
        value = without_scheme(value);
    }
    folded = folded_part(type, value);
    out[at++] = (char)('0' + (unsigned)type / 10);
    out[at++] = (char)('0' + (unsigned)type % 10);
    out[at++] = '-';
    for (const char *c = value.ptr; c < value.ptr + value.len; c++) {
        bool is_folded = c >= folded.ptr && c < folded.ptr + folded.len;

        out[at++] = is_folded ? mln_lower(*c) : *c;
    }
    return at;
}

/* ---- usage ---- */

bool mln_suid_is_valid(unsigned suid)
{
    unsigned origin = suid / 10;
    unsigned least = origin == 2 ? 1 : origin == 3 ? 2 : 0;

    return origin >= 1 && origin <= 4 && suid % 10 >= least && suid % 10 <= 5;
}

bool mln_suid_permits(unsigned suid, enum mln_use use)
{
    return mln_suid_is_valid(suid) && suid % 10 == (use == MLN_USE_WRAP ? MLN_USE_ESDATA : use);
}

enum mln_credential_type mln_use_key_type(enum mln_use use)
{
    static const enum mln_credential_type types[] = {
        [MLN_USE_MEF] = MLN_CREDENTIAL_MEF_KEY,       [MLN_USE_MAF] = MLN_CREDENTIAL_MAF_KEY,
        [MLN_USE_SAEF] = MLN_CREDENTIAL_SAEF_KEY,     [MLN_USE_ESPRIM] = MLN_CREDENTIAL_ESPRIM_KEY,
        [MLN_USE_ESDATA] = MLN_CREDENTIAL_ESDATA_KEY, [MLN_USE_SIGNATURE] = MLN_CREDENTIAL_HMAC_KEY,
        [MLN_USE_WRAP] = MLN_CREDENTIAL_WRAP_KEY,
    };

    return types[use];
}

bool mln_suid_fits(unsigned suid, enum mln_credential_type type)
{
    unsigned n = type;

    if (!mln_suid_is_valid(suid)) {
        return false;
    }
    if (mln_credential_is_key(type)) {
        for (unsigned use = MLN_USE_MEF; use <= MLN_USE_WRAP; use++) {
            if (mln_use_key_type((enum mln_use)use) == type) {
                return suid < 40 && mln_suid_permits(suid, (enum mln_use)use);
            }
        }
    }
    if (n > MLN_CREDENTIAL_ENCRYPTION) { /* 4x: encryption, SUID 44; 5x: signature, SUID 45 */
        return flavour(type) != 0 && suid == 40 + n / 10;
    }
    return flavour(type) != 0 && suid >= 40 && suid <= 43;
}
