/* Rules for the characters of texts, one function per pattern of spec/datatypes.json.
 * spec: TS-0004 6.3.2, 6.3.3 */
#include <arpa/inet.h>

#include "base/num.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "model/check.h"
#include "model/content_info.h"
#include "model/ident.h"
#include "model/pattern_int.h"

/* ---- characters ---- */

enum {
    LOWER = 1,
    UPPER = 2,
    DIGIT = 4,
    MARK = 8, /* '-', '.', '_' */
    HEX = 16,
    MEDIA = 32,    /* RFC 6838: what a token has beside letters and digits */
    NO_IRI = 64,   /* printable, but not allowed in an IRI: RFC 3987 2.2 */
    CONTROL = 128, /* including DEL */
    ALNUM = LOWER | UPPER | DIGIT,
    WORD = ALNUM | MARK,
};

/* what one character is, short for the table */
enum {
    CT = CONTROL,
    LO = LOWER,
    LX = LOWER | HEX,
    UP = UPPER,
    UX = UPPER | HEX,
    DX = DIGIT | HEX,
    MM = MARK | MEDIA,
    ME = MEDIA,
    MN = MEDIA | NO_IRI,
    NO = NO_IRI,
};

/* clang-format off */
static const unsigned char classes[256] = {
    CT, CT, CT, CT, CT, CT, CT, CT, CT, CT, CT, CT, CT, CT, CT, CT, /* control */
    CT, CT, CT, CT, CT, CT, CT, CT, CT, CT, CT, CT, CT, CT, CT, CT, /* control */
    0, ME, NO, ME, ME, ME, ME, ME, 0, 0, ME, ME, 0, MM, MM, 0, /* space to / */
    DX, DX, DX, DX, DX, DX, DX, DX, DX, DX, 0, 0, NO, 0, NO, 0, /* 0 to ? */
    0, UX, UX, UX, UX, UX, UX, UP, UP, UP, UP, UP, UP, UP, UP, UP, /* @ to O */
    UP, UP, UP, UP, UP, UP, UP, UP, UP, UP, UP, 0, NO, 0, MN, MM, /* P to _ */
    MN, LX, LX, LX, LX, LX, LX, LO, LO, LO, LO, LO, LO, LO, LO, LO, /* ` to o */
    LO, LO, LO, LO, LO, LO, LO, LO, LO, LO, LO, NO, MN, NO, ME, CT, /* p to DEL */
};
/* clang-format on */

static bool is(char c, unsigned set)
{
    return (classes[(unsigned char)c] & set) != 0;
}

/* How many characters at the start are of the set. */
static size_t span(struct mln_slice s, unsigned set)
{
    size_t n = 0;

    while (n < s.len && is(s.ptr[n], set)) {
        n++;
    }
    return n;
}

/* One or more characters, all of the set. */
static bool only(struct mln_slice s, unsigned set)
{
    return s.len > 0 && span(s, set) == s.len;
}

static bool has_none(struct mln_slice s, unsigned set, bool blank_is_fine)
{
    for (size_t i = 0; i < s.len; i++) {
        if (is(s.ptr[i], set) || (s.ptr[i] == ' ' && !blank_is_fine)) {
            return false;
        }
    }
    return true;
}

static bool is_one_of(struct mln_slice s, const char *const *words)
{
    for (; *words; words++) {
        if (mln_slice_eq(s, mln_slice_z(*words))) {
            return true;
        }
    }
    return false;
}

/* ---- strings of XML Schema ---- */

static bool is_normalized(struct mln_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\t' || s.ptr[i] == '\n' || s.ptr[i] == '\r') {
            return false;
        }
    }
    return true;
}

/* Control characters that XML cannot carry are refused as well. */
static bool is_token(struct mln_slice s)
{
    if (s.len && (s.ptr[0] == ' ' || s.ptr[s.len - 1] == ' ')) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        if (is(s.ptr[i], CONTROL) || (s.ptr[i] == ' ' && s.ptr[i + 1] == ' ')) {
            return false; /* a blank is never the last character here */
        }
    }
    return true;
}

struct range {
    uint32_t first;
    uint32_t last;
};

static bool in_ranges(uint32_t code, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

/* spec: XML 1.0, production 4 without ':' */
static bool is_name_start(uint32_t code)
{
    static const struct range ranges[] = {
        { 0xC0, 0xD6 },     { 0xD8, 0xF6 },     { 0xF8, 0x2FF },    { 0x370, 0x37D },
        { 0x37F, 0x1FFF },  { 0x200C, 0x200D }, { 0x2070, 0x218F }, { 0x2C00, 0x2FEF },
        { 0x3001, 0xD7FF }, { 0xF900, 0xFDCF }, { 0xFDF0, 0xFFFD }, { 0x10000, 0xEFFFF },
    };

    if (code < 0x80) {
        return is((char)code, LOWER | UPPER) || code == '_';
    }
    return in_ranges(code, ranges, sizeof ranges / sizeof ranges[0]);
}

/* spec: XML 1.0, production 4a without ':' */
static bool is_name_rest(uint32_t code)
{
    static const struct range ranges[] = {
        { 0xB7, 0xB7 },
        { 0x300, 0x36F },
        { 0x203F, 0x2040 },
    };

    if (code < 0x80) {
        return is((char)code, WORD);
    }
    return is_name_start(code) || in_ranges(code, ranges, sizeof ranges / sizeof ranges[0]);
}

/* The character at the start, which is `len` bytes long. */
static uint32_t decode(struct mln_slice s, size_t len)
{
    static const unsigned char mask[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
    uint32_t code = (unsigned char)s.ptr[0] & mask[len];

    for (size_t i = 1; i < len; i++) {
        code = code << 6 | ((unsigned char)s.ptr[i] & 0x3F);
    }
    return code;
}

static bool is_ncname(struct mln_slice s)
{
    bool is_first = true;

    if (s.len == 0) {
        return false;
    }
    while (s.len) {
        size_t len = mln_utf8_char(s);
        uint32_t code;

        if (len == 0) {
            return false;
        }
        code = decode(s, len);
        if (is_first ? !is_name_start(code) : !is_name_rest(code)) {
            return false;
        }
        is_first = false;
        s = mln_slice_from(s, len);
    }
    return true;
}

static bool is_hex(struct mln_slice s)
{
    return s.len % 2 == 0 && span(s, HEX) == s.len;
}

static bool is_base64(struct mln_slice s)
{
    size_t padding = 0;
    struct mln_slice digits;

    if (s.len % 4 != 0) {
        return false;
    }
    while (padding < 2 && padding < s.len && s.ptr[s.len - 1 - padding] == '=') {
        padding++;
    }
    digits = mln_slice_head(s, s.len - padding);
    for (size_t i = 0; i < digits.len; i++) {
        if (!is(digits.ptr[i], ALNUM) && digits.ptr[i] != '+' && digits.ptr[i] != '/') {
            return false;
        }
    }
    return true;
}

/* ---- identifiers ---- */

/* An IRI reference that is not empty: everywhere the standard uses xs:anyURI something is named.
 * spec: RFC 3987 2.2 */
static bool is_uri(struct mln_slice s)
{
    return s.len > 0 && has_none(s, CONTROL | NO_IRI, false);
}

/* "urn:" namespace ":" specific part. spec: RFC 8141 2 */
static bool is_urn(struct mln_slice s)
{
    struct mln_slice rest = mln_slice_from(s, 4);
    struct mln_slice space;

    if (s.len < 4 || (s.ptr[0] | 0x20) != 'u' || (s.ptr[1] | 0x20) != 'r' ||
        (s.ptr[2] | 0x20) != 'n' || s.ptr[3] != ':') {
        return false;
    }
    space = mln_slice_cut(&rest, ':');
    return only(space, ALNUM | MARK) && is_uri(rest);
}

/* Segments of an entity or resource identifier: printable, not empty, '/' between them; one '/' in
 * front makes it SP-relative, two absolute. spec: TS-0004 6.2.3, 6.2.4 */
static bool is_id(struct mln_slice s)
{
    size_t start = 0;
    bool is_empty = true;

    while (start < 2 && start < s.len && s.ptr[start] == '/') {
        start++;
    }
    for (size_t i = start; i < s.len; i++) {
        char c = s.ptr[i];

        if (c == '/') {
            if (is_empty) {
                return false;
            }
            is_empty = true;
            continue;
        }
        if (is(c, CONTROL | NO_IRI) || c == ' ' || c == '?' || c == '#' ||
            (unsigned char)c >= 0x80) {
            return false;
        }
        is_empty = false;
    }
    return !is_empty;
}

/* Labels of letters, digits and inner '-'. The ABNF of TS-0004 6.2.3 knows lower case only. */
static bool is_domain(struct mln_slice s, unsigned letters)
{
    if (s.len == 0 || s.ptr[s.len - 1] == '.') {
        return false;
    }
    while (s.len) {
        struct mln_slice label = mln_slice_cut(&s, '.');

        if (label.len == 0 || label.ptr[0] == '-' || label.ptr[label.len - 1] == '-') {
            return false;
        }
        for (size_t i = 0; i < label.len; i++) {
            if (!is(label.ptr[i], letters | DIGIT) && label.ptr[i] != '-') {
                return false;
            }
        }
    }
    return true;
}

/* spec: TS-0004 6.3.3: issuerRelativeID "@" lower-case FQDN */
static bool is_role_id(struct mln_slice s)
{
    struct mln_slice rest = s;
    struct mln_slice name = mln_slice_cut(&rest, '@');

    return only(name, WORD) && is_domain(rest, LOWER);
}

/* spec: 3GPP TS 23.003 19.7.2: localpart@domain */
static bool is_external_id(struct mln_slice s)
{
    struct mln_slice rest = s;
    struct mln_slice local = mln_slice_cut(&rest, '@');

    return local.len > 0 && has_none(local, CONTROL, false) && is_domain(rest, LOWER | UPPER);
}

/* The type of the credential as two digits, '-', and its value. spec: TS-0003 10.4 */
static bool is_credential_id(struct mln_slice s)
{
    return s.len > 3 && is(s.ptr[0], DIGIT) && is(s.ptr[1], DIGIT) && s.ptr[2] == '-' &&
           has_none(mln_slice_from(s, 3), CONTROL, false);
}

/* key or key:value; the key is not empty and holds no ':'. spec: TS-0004 6.3.3 */
static bool is_label(struct mln_slice s)
{
    return s.len > 0 && s.ptr[0] != ':' && is_token(s);
}

/* ---- addresses ---- */

/* Cuts "/n" off the end; n at most `most`. */
static bool cut_prefix_length(struct mln_slice *s, uint64_t most)
{
    size_t at = mln_slice_find(*s, '/');
    struct mln_slice digits = mln_slice_from(*s, at + 1);
    uint64_t n;

    if (at == s->len) {
        return true;
    }
    *s = mln_slice_head(*s, at);
    return digits.len <= 3 && mln_num_u64(digits, &n) && n <= most &&
           (digits.len == 1 || digits.ptr[0] != '0');
}

static bool is_ip(int family, struct mln_slice s, uint64_t most)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char address[16];

    if (!cut_prefix_length(&s, most) || s.len == 0 || s.len >= sizeof text ||
        memchr(s.ptr, '\0', s.len)) {
        return false;
    }
    memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    return inet_pton(family, text, address) == 1;
}

static bool is_port(struct mln_slice s)
{
    uint64_t port;

    return s.len <= 5 && mln_num_u64(s, &port) && port <= 65535;
}

/* host, host:port, [address], [address]:port */
static bool is_authority(struct mln_slice s)
{
    struct mln_slice host;

    if (s.len && s.ptr[0] == '[') {
        size_t end = mln_slice_find(s, ']');
        struct mln_slice rest = mln_slice_from(s, end + 1);

        host = mln_slice_head(mln_slice_from(s, 1), end - 1);
        return end < s.len && mln_slice_find(host, '/') == host.len && is_ip(AF_INET6, host, 128) &&
               (rest.len == 0 || (rest.ptr[0] == ':' && is_port(mln_slice_from(rest, 1))));
    }
    host = mln_slice_cut(&s, ':');
    return only(host, WORD) && (s.ptr == NULL || is_port(s));
}

/* spec: TS-0004 6.3.3: scheme "://" host [":" port] ["/" path], no white space */
static bool is_point_of_access(struct mln_slice s)
{
    struct mln_slice rest = s;
    struct mln_slice scheme = mln_slice_cut(&rest, ':');
    size_t end = 2;

    if (scheme.len == 0 || !is(scheme.ptr[0], LOWER | UPPER) ||
        !mln_slice_starts(rest, MLN_S("//")) || !is_uri(s)) {
        return false;
    }
    for (size_t i = 1; i < scheme.len; i++) {
        char c = scheme.ptr[i];

        if (!is(c, ALNUM) && c != '+' && c != '-' && c != '.') {
            return false;
        }
    }
    while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?' && rest.ptr[end] != '#') {
        end++;
    }
    return is_authority(mln_slice_from(mln_slice_head(rest, end), 2));
}

/* ---- media types ---- */

/* Length of a quoted string at the start, or 0. spec: RFC 9110 5.6.4 */
static size_t quoted_length(struct mln_slice s)
{
    if (s.len == 0 || s.ptr[0] != '"') {
        return 0;
    }
    for (size_t i = 1; i < s.len; i++) {
        if (s.ptr[i] == '"') {
            return i + 1;
        }
        if (s.ptr[i] == '\\') {
            i++;
        } else if (is(s.ptr[i], CONTROL)) {
            return 0;
        }
    }
    return 0;
}

/* *( OWS ";" OWS name "=" value ). spec: RFC 9110 5.6.6 */
static bool are_parameters(struct mln_slice s)
{
    while (s.len) {
        size_t len;

        s = mln_slice_trim(s);
        if (s.len == 0 || s.ptr[0] != ';') {
            return false;
        }
        s = mln_slice_trim(mln_slice_from(s, 1));
        len = span(s, ALNUM | MEDIA);
        if (len == 0 || len >= s.len || s.ptr[len] != '=') {
            return false;
        }
        s = mln_slice_from(s, len + 1);
        len = quoted_length(s);
        len = len ? len : span(s, ALNUM | MEDIA);
        if (len == 0) {
            return false;
        }
        s = mln_slice_from(s, len);
    }
    return true;
}

static bool is_media_type(struct mln_slice s)
{
    size_t type = span(s, ALNUM | MEDIA);
    struct mln_slice rest = mln_slice_from(s, type + 1);
    size_t subtype = span(rest, ALNUM | MEDIA);

    return type > 0 && type < s.len && s.ptr[type] == '/' && subtype > 0 &&
           are_parameters(mln_slice_from(rest, subtype));
}

static bool is_content_info(struct mln_slice s)
{
    struct mln_content_info info;

    return mln_content_info_read(s, &info);
}

static bool is_session_capability(struct mln_slice s)
{
    struct mln_slice rest = s;
    struct mln_slice media = mln_slice_cut(&rest, ':');

    return media.len > 0 && rest.len > 0 && has_none(s, CONTROL, false) &&
           mln_slice_find(rest, ':') == rest.len;
}

/* ---- signatures and tokens ---- */

/* Without padding. spec: RFC 4648 5 */
static bool is_base64url(struct mln_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is(s.ptr[i], ALNUM) && s.ptr[i] != '-' && s.ptr[i] != '_') {
            return false;
        }
    }
    return s.len % 4 != 1;
}

static bool is_signature(struct mln_slice s)
{
    size_t padding = 0;

    while (padding < 2 && padding < s.len && s.ptr[s.len - 1 - padding] == '=') {
        padding++;
    }
    if (padding && s.len % 4 != 0) {
        return false;
    }
    return s.len > padding && is_base64url(mln_slice_head(s, s.len - padding));
}

/* Parts between dots; `needed` has '1' for each that must not be empty. */
static bool is_compact(struct mln_slice s, const char *needed)
{
    for (; *needed; needed++) {
        struct mln_slice part;

        if (!s.ptr) {
            return false;
        }
        part = mln_slice_cut(&s, '.');
        if ((*needed == '1' && part.len == 0) || !is_base64url(part)) {
            return false;
        }
    }
    return s.ptr == NULL;
}

/* ---- all of them ---- */

static bool is_release(struct mln_slice s)
{
    static const char *const words[] = { "2", "2a", "3", "4", "5", NULL };

    return is_one_of(s, words);
}

static bool is_any_release(struct mln_slice s)
{
    return mln_slice_eq(s, MLN_S("1")) || is_release(s);
}

static bool is_serialization(struct mln_slice s)
{
    static const char *const words[] = { "xml", "json", "cbor", NULL };

    return is_one_of(s, words);
}

static bool is_timestamp(struct mln_slice s)
{
    int64_t us;

    return mln_timestamp_parse(s, &us);
}

static bool is_duration(struct mln_slice s)
{
    int64_t us;

    return mln_duration_parse(s, &us);
}

static bool is_relative_time(struct mln_slice s)
{
    int64_t ms;

    return mln_num_i64(s, &ms);
}

static bool is_ipv4(struct mln_slice s)
{
    return is_ip(AF_INET, s, 32);
}

static bool is_ipv6(struct mln_slice s)
{
    return is_ip(AF_INET6, s, 128);
}

static bool is_country_code(struct mln_slice s)
{
    return s.len == 2 && only(s, UPPER);
}

static bool is_request_id(struct mln_slice s)
{
    return s.len > 0 && has_none(s, CONTROL, true);
}

static bool is_nh_uri(struct mln_slice s)
{
    return s.len == 0 || is_id(s);
}

static bool is_tmgi(struct mln_slice s)
{
    return only(s, ALNUM);
}

static bool is_msisdn(struct mln_slice s)
{
    return s.len >= 5 && s.len <= 15 && only(s, DIGIT);
}

static bool is_rel_key_id(struct mln_slice s)
{
    return only(s, WORD);
}

static bool is_jws(struct mln_slice s)
{
    return is_compact(s, "101");
}

static bool is_jwe(struct mln_slice s)
{
    return is_compact(s, "10010");
}

/* in the order of enum mln_pattern by designators; a hole would be a pattern without a rule */
static bool (*const rules[MLN_PATTERNS])(struct mln_slice) = {
    [MLN_PATTERN_NORMALIZED_STRING] = is_normalized,
    [MLN_PATTERN_TOKEN] = is_token,
    [MLN_PATTERN_NC_NAME] = is_ncname,
    [MLN_PATTERN_ANY_URI] = is_uri,
    [MLN_PATTERN_URN] = is_urn,
    [MLN_PATTERN_ID] = is_id,
    [MLN_PATTERN_NH_URI] = is_nh_uri,
    [MLN_PATTERN_RESOURCE_NAME] = mln_ident_is_name,
    [MLN_PATTERN_EXTERNAL_ID] = is_external_id,
    [MLN_PATTERN_REQUEST_ID] = is_request_id,
    [MLN_PATTERN_IPV4] = is_ipv4,
    [MLN_PATTERN_IPV6] = is_ipv6,
    [MLN_PATTERN_COUNTRY_CODE] = is_country_code,
    [MLN_PATTERN_POINT_OF_ACCESS] = is_point_of_access,
    [MLN_PATTERN_TIMESTAMP] = is_timestamp,
    [MLN_PATTERN_RELATIVE_TIME] = is_relative_time,
    [MLN_PATTERN_DURATION] = is_duration,
    [MLN_PATTERN_MEDIA_TYPE] = is_media_type,
    [MLN_PATTERN_CONTENT_INFO] = is_content_info,
    [MLN_PATTERN_SCHEDULE_ENTRY] = mln_pattern_schedule,
    [MLN_PATTERN_ROLE_ID] = is_role_id,
    [MLN_PATTERN_LABEL] = is_label,
    [MLN_PATTERN_SERIALIZATION] = is_serialization,
    [MLN_PATTERN_SESSION_CAPABILITY] = is_session_capability,
    [MLN_PATTERN_BASE64] = is_base64,
    [MLN_PATTERN_BASE64URL] = is_signature,
    [MLN_PATTERN_HEX_BINARY] = is_hex,
    [MLN_PATTERN_COMPACT_JWS] = is_jws,
    [MLN_PATTERN_COMPACT_JWE] = is_jwe,
    [MLN_PATTERN_RELEASE_VERSION] = is_release,
    [MLN_PATTERN_ANY_RELEASE_VERSION] = is_any_release,
    [MLN_PATTERN_TMGI] = is_tmgi,
    [MLN_PATTERN_MSISDN] = is_msisdn,
    [MLN_PATTERN_REL_KEY_ID] = is_rel_key_id,
    [MLN_PATTERN_CREDENTIAL_ID] = is_credential_id,
};

bool mln_check_pattern(enum mln_pattern pattern, struct mln_slice text)
{
    if (pattern == MLN_PATTERN_NONE) {
        return true;
    }
    return (unsigned)pattern < MLN_PATTERNS && rules[pattern] && rules[pattern](text);
}
