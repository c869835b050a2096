/* From the end: a media type may have colons, in a parameter between quotation marks. */
#include "model/content_info.h"

#include "model/check.h"

/* Cuts ":d" off the end when d is a digit from 0 to `most`. */
static bool cut_digit(struct mln_slice *s, int most, int *ret)
{
    int digit = s->len < 2 ? -1 : s->ptr[s->len - 1] - '0';

    if (digit < 0 || digit > most || s->ptr[s->len - 2] != ':') {
        return false;
    }
    s->len -= 2;
    *ret = digit;
    return true;
}

bool mln_content_info_read(struct mln_slice text, struct mln_content_info *ret)
{
    struct mln_slice media = text;
    int encoding = 0;
    int security = MLN_CONTENT_OPEN;
    bool is_one = cut_digit(&media, MLN_CONTENT_BASE64_BINARY, &encoding) &&
                  mln_check_pattern(MLN_PATTERN_MEDIA_TYPE, media);

    if (!is_one) {
        media = text;
        is_one = cut_digit(&media, MLN_CONTENT_XML_BASE64, &security) &&
                 cut_digit(&media, MLN_CONTENT_BASE64_BINARY, &encoding) &&
                 mln_check_pattern(MLN_PATTERN_MEDIA_TYPE, media);
    }
    if (is_one) {
        *ret = (struct mln_content_info){ media, (enum mln_content_encoding)encoding,
                                          (enum mln_content_security)security };
    }
    return is_one;
}
