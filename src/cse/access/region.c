/* Distances on the globe. */
#include "cse/access/region.h"

#include <math.h>
#include <stdlib.h>

#include "model/decimal.h"

enum { NUMBER_SIZE = 41 };

#define EARTH_M     6371000.0
#define TOLERANCE_M 1e-6
#define RADIANS     (M_PI / 180.0)

static mln_err read_number(struct mln_slice text, const char *what, double *ret,
                           struct mln_fault *fault)
{
    char zero_ended[NUMBER_SIZE];
    char *end;

    if (text.len < sizeof zero_ended && mln_decimal_is_number(text)) {
        memcpy(zero_ended, text.ptr, text.len);
        zero_ended[text.len] = '\0';
        *ret = strtod(zero_ended, &end); /* LC_NUMERIC is "C": nobody sets it */
        if (*end == '\0' && isfinite(*ret)) {
            return MLN_OK;
        }
    }
    mln_fault_set(fault, "%s: '%.*s' is no number of at most %d characters", what, MLN_S_ARG(text),
                  NUMBER_SIZE - 1);
    MLN_FAIL(ATTR_INVALID);
}

static mln_err read_degrees(struct mln_slice text, const char *what, double most, double *ret,
                            struct mln_fault *fault)
{
    MLN_TRY(read_number(text, what, ret, fault));
    if (*ret < -most || *ret > most) {
        mln_fault_set(fault, "%s: %.*s is not within -%g to %g degrees", what, MLN_S_ARG(text),
                      most, most);
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

mln_err mln_latitude_parse(struct mln_slice text, double *ret, struct mln_fault *fault)
{
    return read_degrees(text, "latitude", 90, ret, fault);
}

mln_err mln_longitude_parse(struct mln_slice text, double *ret, struct mln_fault *fault)
{
    return read_degrees(text, "longitude", 180, ret, fault);
}

static double squared(double x)
{
    return x * x;
}

mln_err mln_circle_parse(const struct mln_slice texts[static 3], struct mln_circle *ret,
                         struct mln_fault *fault)
{
    struct mln_circle c = { 0 };
    double radius;
    double angle;

    MLN_TRY(mln_latitude_parse(texts[0], &c.latitude, fault));
    MLN_TRY(mln_longitude_parse(texts[1], &c.longitude, fault));
    MLN_TRY(read_number(texts[2], "radius", &radius, fault));
    if (radius < 0) {
        mln_fault_set(fault, "radius: %.*s is negative", MLN_S_ARG(texts[2]));
        MLN_FAIL(ATTR_INVALID);
    }
    angle = (radius + TOLERANCE_M) / (2 * EARTH_M);
    c.cosine = cos(c.latitude * RADIANS);
    c.limit = angle < M_PI_2 ? squared(sin(angle)) : INFINITY; /* the whole globe */
    *ret = c;
    return MLN_OK;
}

/* Haversines grow with the distance, so they are compared in its place. */
bool mln_circle_contains(const struct mln_circle *c, const struct mln_location *at)
{
    double north = squared(sin((at->latitude - c->latitude) * (RADIANS / 2)));
    double east = squared(sin((at->longitude - c->longitude) * (RADIANS / 2)));

    return at->has_position && north + c->cosine * cos(at->latitude * RADIANS) * east <= c->limit;
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

mln_err mln_country_parse(struct mln_slice text, uint16_t *ret, struct mln_fault *fault)
{
    if (text.len != 2 || !is_capital(text.ptr[0]) || !is_capital(text.ptr[1])) {
        mln_fault_set(fault, "'%.*s' is no country code of two capital letters", MLN_S_ARG(text));
        MLN_FAIL(ATTR_INVALID);
    }
    *ret = (uint16_t)((unsigned char)text.ptr[0] << 8 | (unsigned char)text.ptr[1]);
    return MLN_OK;
}
