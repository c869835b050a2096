/* Locations. */
#include "model/geo.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/decimal.h"

#define SAME 1e-9 /* degrees */
#define MOST 360  /* degrees; far beyond, doubles are coarser than that */

struct point {
    double x;
    double y;
};

/* Points, one behind the other: the ends of edges, except where the geometry is of points. */
struct path {
    size_t first;
    size_t count;
};

struct mln_geo {
    unsigned dimensions; /* 0: points, 1: lines, 2: areas */
    struct point points[MLN_GEO_POINTS];
    size_t point_count;
    struct path
        paths[MLN_GEO_POINTS]; /* of areas: their rings; within a ring of holes is outside */
    size_t path_count;
};

/* ---- reading ---- */

struct reader {
    struct mln_slice rest;
    struct mln_geo *geo;
};

static void skip_blanks(struct reader *r)
{
    while (r->rest.len && memchr(" \t\r\n", r->rest.ptr[0], 4)) {
        r->rest = mln_slice_from(r->rest, 1);
    }
}

static bool take(struct reader *r, char c)
{
    skip_blanks(r);
    if (!r->rest.len || r->rest.ptr[0] != c) {
        return false;
    }
    r->rest = mln_slice_from(r->rest, 1);
    return true;
}

static bool read_number(struct reader *r, double *ret)
{
    enum { ROOM = 64 };
    char text[ROOM];
    size_t len = 0;

    skip_blanks(r);
    while (len < r->rest.len && len + 1 < ROOM && r->rest.ptr[len] &&
           strchr("+-.eE0123456789", r->rest.ptr[len])) {
        text[len] = r->rest.ptr[len];
        len++;
    }
    text[len] = '\0';
    *ret = strtod(text, NULL); /* LC_NUMERIC is "C": nobody sets it */
    r->rest = mln_slice_from(r->rest, len);
    return mln_decimal_is_number(mln_slice_of(text, len)) && isfinite(*ret);
}

/* [x, y] or [x, y, z] */
static bool read_point(struct reader *r)
{
    struct mln_geo *g = r->geo;
    struct point p;
    double unused;

    if (g->point_count == MLN_GEO_POINTS || !take(r, '[') || !read_number(r, &p.x) ||
        !take(r, ',') || !read_number(r, &p.y) || (take(r, ',') && !read_number(r, &unused)) ||
        !take(r, ']') || fabs(p.x) > MOST || fabs(p.y) > MOST) {
        return false;
    }
    g->points[g->point_count++] = p;
    return true;
}

/* Some of them, in brackets. */
static bool read_list(struct reader *r, bool (*read)(struct reader *r), size_t *ret_count)
{
    *ret_count = 0;
    if (!take(r, '[')) {
        return false;
    }
    do {
        if (!read(r)) {
            return false;
        }
        ++*ret_count;
    } while (take(r, ','));
    return take(r, ']');
}

static bool read_path(struct reader *r, size_t least)
{
    struct mln_geo *g = r->geo;
    struct path path = { .first = g->point_count };

    if (!read_list(r, read_point, &path.count) || path.count < least) {
        return false;
    }
    g->paths[g->path_count++] = path;
    return true;
}

static bool read_points(struct reader *r)
{
    return read_path(r, 1);
}

static bool read_line(struct reader *r)
{
    return read_path(r, 2);
}

static bool is_same(struct point a, struct point b)
{
    return fabs(a.x - b.x) <= SAME && fabs(a.y - b.y) <= SAME;
}

/* RFC 7946 3.1.6: it ends where it begins */
static bool read_ring(struct reader *r)
{
    const struct mln_geo *g = r->geo;
    const struct path *path = &g->paths[g->path_count];

    return read_path(r, 4) &&
           is_same(g->points[path->first], g->points[path->first + path->count - 1]);
}

static bool read_polygon(struct reader *r)
{
    size_t unused;

    return read_list(r, read_ring, &unused);
}

static bool read_one_point(struct reader *r)
{
    struct mln_geo *g = r->geo;

    g->paths[g->path_count++] = (struct path){ .count = 1 };
    return read_point(r);
}

static bool read_all(struct reader *r, uint64_t type)
{
    size_t unused;

    switch ((enum mln_geo_type)type) {
    case MLN_GEO_POINT:
        return read_one_point(r);
    case MLN_GEO_POINTS_OF:
        return read_points(r);
    case MLN_GEO_LINE:
        return read_line(r);
    case MLN_GEO_LINES_OF:
        return read_list(r, read_line, &unused);
    case MLN_GEO_POLYGON:
        return read_polygon(r);
    case MLN_GEO_POLYGONS_OF:
        return read_list(r, read_polygon, &unused);
    }
    return false;
}

mln_err mln_geo_read(uint64_t type, struct mln_slice coordinates, struct mln_arena *arena,
                     struct mln_geo **ret)
{
    struct reader r = { .rest = coordinates, .geo = mln_arena_zalloc(arena, 1, sizeof *r.geo) };
    bool is_line = type == MLN_GEO_LINE || type == MLN_GEO_LINES_OF;
    bool is_area = type == MLN_GEO_POLYGON || type == MLN_GEO_POLYGONS_OF;

    MLN_REQUIRE(r.geo, NO_MEMORY);
    r.geo->dimensions = is_area ? 2 : is_line;
    MLN_REQUIRE(read_all(&r, type), SYNTAX);
    skip_blanks(&r);
    MLN_REQUIRE(r.rest.len == 0, SYNTAX);
    *ret = r.geo;
    return MLN_OK;
}

/* ---- edges ---- */

struct edge {
    struct point a;
    struct point b;
};

/* Where a walk over the edges of a geometry stands; one of points has none. */
struct walk {
    const struct mln_geo *geo;
    size_t path;
    size_t at;
};

static bool next_edge(struct walk *w, struct edge *ret)
{
    const struct mln_geo *g = w->geo;

    while (g->dimensions && w->path < g->path_count) {
        const struct path *path = &g->paths[w->path];

        if (w->at + 1 < path->count) {
            const struct point *p = &g->points[path->first + w->at++];

            *ret = (struct edge){ p[0], p[1] };
            return true;
        }
        w->path++;
        w->at = 0;
    }
    return false;
}

static struct point between(struct edge e, double t)
{
    return (struct point){ e.a.x + t * (e.b.x - e.a.x), e.a.y + t * (e.b.y - e.a.y) };
}

/* The part of the edge, from 0 to 1, that is nearest to the point. */
static double nearest(struct edge e, struct point p)
{
    double dx = e.b.x - e.a.x;
    double dy = e.b.y - e.a.y;
    double length = dx * dx + dy * dy;
    double t = length > 0 ? ((p.x - e.a.x) * dx + (p.y - e.a.y) * dy) / length : 0;

    return t < 0 ? 0 : t > 1 ? 1 : t;
}

static bool is_on_edge(struct edge e, struct point p)
{
    return is_same(between(e, nearest(e, p)), p);
}

static bool is_on_edges(const struct mln_geo *g, struct point p)
{
    struct walk w = { .geo = g };
    struct edge e;

    while (next_edge(&w, &e)) {
        if (is_on_edge(e, p)) {
            return true;
        }
    }
    return false;
}

/* By the number of edges that a line to the right crosses. For points that are on none. */
static bool is_enclosed(const struct mln_geo *g, struct point p)
{
    struct walk w = { .geo = g };
    struct edge e;
    bool ret = false;

    while (g->dimensions == 2 && next_edge(&w, &e)) {
        if ((e.a.y > p.y) != (e.b.y > p.y) &&
            p.x < e.a.x + (p.y - e.a.y) / (e.b.y - e.a.y) * (e.b.x - e.a.x)) {
            ret = !ret;
        }
    }
    return ret;
}

static bool is_inside(const struct mln_geo *g, struct point p)
{
    return !is_on_edges(g, p) && is_enclosed(g, p);
}

static bool covers_point(const struct mln_geo *g, struct point p)
{
    if (is_on_edges(g, p) || is_enclosed(g, p)) {
        return true;
    }
    for (size_t i = 0; g->dimensions == 0 && i < g->point_count; i++) {
        if (is_same(g->points[i], p)) {
            return true;
        }
    }
    return false;
}

/* ---- where edges meet ---- */

enum { CUTS = 3 * MLN_GEO_POINTS + 2 }; /* by each edge of another, and its ends */

struct cuts {
    double at[CUTS];
    size_t count;
};

static void add_cut(struct cuts *c, double t)
{
    if (t >= 0 && t <= 1) {
        c->at[c->count++] = t;
    }
}

static double cross(struct point a, struct point b)
{
    return a.x * b.y - a.y * b.x;
}

static struct point minus(struct point a, struct point b)
{
    return (struct point){ a.x - b.x, a.y - b.y };
}

/* Where `f` crosses or touches `e`. */
static void cut(struct edge e, struct edge f, struct cuts *c)
{
    struct point along = minus(e.b, e.a);
    struct point across = minus(f.b, f.a);
    double d = cross(along, across);
    double t = d != 0 ? cross(minus(f.a, e.a), across) / d : -1;
    double u = d != 0 ? cross(minus(f.a, e.a), along) / d : -1;

    if (u >= 0 && u <= 1) {
        add_cut(c, t);
    }
    if (is_on_edge(e, f.a)) {
        add_cut(c, nearest(e, f.a));
    }
    if (is_on_edge(e, f.b)) {
        add_cut(c, nearest(e, f.b));
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Where the edges of the geometry divide the edge, from 0 to 1. */
static void divide(struct edge e, const struct mln_geo *g, struct cuts *ret)
{
    struct walk w = { .geo = g };
    struct edge f;

    ret->count = 0;
    while (next_edge(&w, &f)) {
        cut(e, f, ret);
    }
    add_cut(ret, 0);
    add_cut(ret, 1);
    qsort(ret->at, ret->count, sizeof ret->at[0], by_value);
}

/* Is there a part of an edge of `a`, undivided by `b`, of which that is true? */
static bool any_part(const struct mln_geo *a, const struct mln_geo *b,
                     bool (*is)(const struct mln_geo *g, struct point p), uint64_t *steps)
{
    struct walk w = { .geo = a };
    struct cuts cuts;
    struct edge e;

    while (next_edge(&w, &e)) {
        divide(e, b, &cuts);
        *steps += cuts.count * b->point_count;
        for (size_t i = 0; i + 1 < cuts.count; i++) {
            if (is(b, between(e, (cuts.at[i] + cuts.at[i + 1]) / 2))) {
                return true;
            }
        }
    }
    return false;
}

/* ---- what is asked ---- */

static bool is_outside(const struct mln_geo *g, struct point p)
{
    return !covers_point(g, p);
}

static bool covers_all_points(const struct mln_geo *b, const struct mln_geo *a)
{
    for (size_t i = 0; i < a->point_count; i++) {
        if (!covers_point(b, a->points[i])) {
            return false;
        }
    }
    return true;
}

/* Does `b` cover the area just above the lowest point of the ring? Each part of an area has a ring
 * around it, and begins there. */
static bool covers_bottom(const struct mln_geo *b, const struct mln_geo *a, const struct path *ring)
{
    double low = INFINITY;
    double next = INFINITY;
    double y;
    struct walk w = { .geo = a };
    struct cuts x = { .count = 0 };
    struct edge e;
    bool ret = true;

    for (size_t i = 0; i < ring->count; i++) {
        double at = a->points[ring->first + i].y;

        low = at < low ? at : low;
    }
    for (size_t i = 0; i < a->point_count; i++) {
        double at = a->points[i].y;

        next = at > low + SAME && at < next ? at : next;
    }
    y = (low + next) / 2; /* infinite where nothing is above: then no edge is there */
    while (next_edge(&w, &e)) {
        if ((e.a.y > y) != (e.b.y > y)) {
            x.at[x.count++] = e.a.x + (y - e.a.y) / (e.b.y - e.a.y) * (e.b.x - e.a.x);
        }
    }
    qsort(x.at, x.count, sizeof x.at[0], by_value);
    for (size_t i = 0; ret && i + 1 < x.count; i += 2) {
        ret = covers_point(b, (struct point){ (x.at[i] + x.at[i + 1]) / 2, y });
    }
    return ret;
}

/* Of areas not only the edges: nothing of what is not `b` may lie in the middle of `a`. */
static bool covers_middle(const struct mln_geo *b, const struct mln_geo *a, uint64_t *steps)
{
    if (any_part(b, a, is_inside, steps)) {
        return false;
    }
    for (size_t i = 0; i < a->path_count; i++) {
        *steps += a->point_count * b->point_count;
        if (!covers_bottom(b, a, &a->paths[i])) {
            return false;
        }
    }
    return true;
}

static bool is_within(const struct mln_geo *a, const struct mln_geo *b, uint64_t *steps)
{
    return a->dimensions <= b->dimensions && covers_all_points(b, a) &&
           !any_part(a, b, is_outside, steps) && (a->dimensions < 2 || covers_middle(b, a, steps));
}

static bool intersects(const struct mln_geo *a, const struct mln_geo *b)
{
    struct walk w = { .geo = a };
    struct edge e;
    struct edge f;

    for (size_t i = 0; i < a->point_count; i++) {
        if (covers_point(b, a->points[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < b->point_count; i++) {
        if (covers_point(a, b->points[i])) {
            return true;
        }
    }
    while (next_edge(&w, &e)) {
        struct walk v = { .geo = b };

        while (next_edge(&v, &f)) {
            struct cuts cuts = { .count = 0 };

            cut(e, f, &cuts);
            if (cuts.count) {
                return true;
            }
        }
    }
    return false;
}

bool mln_geo_holds(enum mln_geo_function function, const struct mln_geo *a, const struct mln_geo *b,
                   uint64_t *steps)
{
    *steps += a->point_count * b->point_count;
    switch (function) {
    case MLN_GEO_WITHIN:
        return is_within(a, b, steps);
    case MLN_GEO_CONTAINS:
        return is_within(b, a, steps);
    case MLN_GEO_INTERSECTS:
        return intersects(a, b);
    }
    return false;
}
