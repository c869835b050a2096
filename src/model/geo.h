/* Locations: geometries as GeoJSON writes their coordinates, and what they have to do with each
 * other.
 *
 * Coordinates are numbers of a plane, longitude before latitude; what lies on an edge belongs to
 * it. Points nearer than a tenth of a millimetre are the same. A geometry has at most
 * MLN_GEO_POINTS points, so that a comparison is cheap. Pure functions, any thread.
 * RFC 7946; docs/decisions/0038 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum { MLN_GEO_POINTS = 100 };

/* m2m:geometryType, of Release 4 */
enum mln_geo_type {
    MLN_GEO_POINT = 1,
    MLN_GEO_LINE = 2,
    MLN_GEO_POLYGON = 3,
    MLN_GEO_POINTS_OF = 4, /* several of them, as in the next two */
    MLN_GEO_LINES_OF = 5,
    MLN_GEO_POLYGONS_OF = 6,
};

/* m2m:geoSpatialFunctionType, of Release 4 */
enum mln_geo_function {
    MLN_GEO_WITHIN = 1,
    MLN_GEO_CONTAINS = 2,
    MLN_GEO_INTERSECTS = 3,
};

struct mln_geo;

/* Reads coordinates of that type, of 360 degrees at most. A third number of a point, its altitude,
 * is not looked at. Lives in the arena. Errors: SYNTAX (not of that type; too many points, or too
 * far), NO_MEMORY. */
mln_err mln_geo_read(uint64_t type, struct mln_slice coordinates, struct mln_arena *arena,
                     struct mln_geo **ret);

/* Is `a` within `b`, does it contain it, have they a point in common? Adds to *steps how many pairs
 * of edges and points that took to find out. */
bool mln_geo_holds(enum mln_geo_function function, const struct mln_geo *a, const struct mln_geo *b,
                   uint64_t *steps);
