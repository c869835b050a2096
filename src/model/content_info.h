/* m2m:contentInfo: what a content is, how it is encoded, and how it is protected.
 *
 * Who reads the content first undoes the protection, then the encoding, and then has what the media
 * type says. A CSE does none of it. Pure; any thread. spec: TS-0004 6.3.3, security.md 26.2 */
#pragma once

#include "base/slice.h"

/* spec: TS-0004 6.3.4.2.28 */
enum mln_content_encoding {
    MLN_CONTENT_PLAIN = 0,
    MLN_CONTENT_BASE64_TEXT = 1,
    MLN_CONTENT_BASE64_BINARY = 2,
};

/* spec: TS-0004 6.3.4.2.38 */
enum mln_content_security {
    MLN_CONTENT_OPEN = 0, /* also without the third part */
    MLN_CONTENT_JOSE_COMPACT = 1,
    MLN_CONTENT_JOSE_JSON = 2,
    MLN_CONTENT_JOSE_JSON_BASE64 = 3,
    MLN_CONTENT_XML = 4,
    MLN_CONTENT_XML_BASE64 = 5,
};

struct mln_content_info {
    struct mln_slice media_type; /* with its parameters; of the text that was read */
    enum mln_content_encoding encoding;
    enum mln_content_security security;
};

/* "media-type:encoding" or "media-type:encoding:security". False: it is none, *ret is untouched. */
bool mln_content_info_read(struct mln_slice text, struct mln_content_info *ret);
