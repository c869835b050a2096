/* Regions of access rules: circles on the globe, and countries.
 *
 * Distances are great circles on a sphere of 6,371 km, by the haversine formula; the edge belongs
 * to the circle, to a millionth of a metre. Longitudes close at 180 degrees. Values; pure
 * functions, any thread.
 * spec: TS-0004 6.3.5.28, TS-0003 annex F */
#pragma once

#include "base/err.h"
#include "base/fault.h"
#include "base/slice.h"

/* Where somebody is, as far as it is known. */
struct mln_location {
    double latitude; /* degrees, north and east positive */
    double longitude;
    bool has_position;
    uint16_t country; /* mln_country_parse; 0: unknown */
};

struct mln_circle {
    double latitude; /* degrees */
    double longitude;
    double cosine; /* of the latitude */
    double limit;  /* of the haversine */
};

struct mln_ip;

/* Where locations come from. Any thread may call. False: not known. */
struct mln_locator {
    void *data;
    bool (*locate)(void *data, const struct mln_ip *ip, struct mln_location *ret);
};

/* Degrees and metres from the texts of JSON numbers. Errors: ATTR_INVALID (not a number of at most
 * 40 characters, latitude beyond 90, longitude beyond 180, radius negative). */
mln_err mln_circle_parse(const struct mln_slice texts[static 3], struct mln_circle *ret,
                         struct mln_fault *fault);

/* A latitude or a longitude from its text. Errors: as mln_circle_parse. */
mln_err mln_latitude_parse(struct mln_slice text, double *ret, struct mln_fault *fault);
mln_err mln_longitude_parse(struct mln_slice text, double *ret, struct mln_fault *fault);

/* False where the position is unknown. */
bool mln_circle_contains(const struct mln_circle *c, const struct mln_location *at);

/* Two capital letters of ISO 3166-1 as one number, never 0. Errors: ATTR_INVALID. */
mln_err mln_country_parse(struct mln_slice text, uint16_t *ret, struct mln_fault *fault);
