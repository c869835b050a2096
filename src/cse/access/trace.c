/* Steps of a decision as a pack. */
#include "cse/access/trace.h"

#include "model/pack.h"

void mln_trace_begin(struct mln_trace *trace, struct mln_arena *arena, size_t max)
{
    *trace = (struct mln_trace){ 0 };
    mln_buf_init(&trace->steps, arena, max);
}

/* Names of the bits as a packed array. */
static void put_parts(struct mln_buf *out, unsigned parts)
{
    static const struct {
        unsigned part;
        struct mln_slice name;
    } rows[] = {
        { MLN_PART_OPERATION, { "operation", 9 } },
        { MLN_PART_AUTHENTICATION, { "authentication", 14 } },
        { MLN_PART_DETAILS, { "details", 7 } },
        { MLN_PART_WINDOW, { "window", 6 } },
        { MLN_PART_ADDRESS, { "address", 7 } },
        { MLN_PART_REGION, { "region", 6 } },
        { MLN_PART_ORIGINATOR, { "originator", 10 } },
    };

    mln_pack_array(out, MLN_PACK_OPEN);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (parts & rows[i].part) {
            mln_pack_text(out, rows[i].name);
        }
    }
    mln_pack_end(out);
}

static void put_text(struct mln_buf *out, const char *name, struct mln_slice text)
{
    mln_pack_text(out, mln_slice_z(name));
    mln_pack_text(out, text);
}

static void put_verdict(struct mln_buf *out, bool permits)
{
    mln_pack_text(out, MLN_S("permits"));
    mln_pack_bool(out, permits);
}

void mln_trace_put_source(struct mln_trace *trace, const char *source, struct mln_slice resource)
{
    struct mln_buf *out = &trace->steps;

    mln_pack_map(out, 3);
    put_text(out, "step", MLN_S("source"));
    put_text(out, "source", mln_slice_z(source));
    put_text(out, "of", resource);
}

void mln_trace_put_verdict(struct mln_trace *trace, const char *source, struct mln_slice resource,
                           struct mln_slice creator, bool permits)
{
    struct mln_buf *out = &trace->steps;

    mln_pack_map(out, creator.len ? 5 : 4);
    put_text(out, "step", MLN_S("source"));
    put_text(out, "source", mln_slice_z(source));
    put_text(out, "of", resource);
    if (creator.len) {
        put_text(out, "creator", creator);
    }
    put_verdict(out, permits);
}

void mln_trace_put_named(struct mln_trace *trace, const char *kind, struct mln_slice id,
                         const char *state)
{
    struct mln_buf *out = &trace->steps;

    mln_pack_map(out, 3);
    put_text(out, "step", mln_slice_z(kind));
    put_text(out, "id", id);
    put_text(out, "state", mln_slice_z(state));
}

void mln_trace_put_rule(struct mln_trace *trace, unsigned number, unsigned failing,
                        struct mln_slice by)
{
    struct mln_buf *out = &trace->steps;

    mln_pack_map(out, 4);
    put_text(out, "step", MLN_S("rule"));
    mln_pack_text(out, MLN_S("number"));
    mln_pack_uint(out, number);
    put_verdict(out, failing == 0);
    if (failing) {
        mln_pack_text(out, MLN_S("fails"));
        put_parts(out, failing);
    } else {
        put_text(out, "by", by);
    }
    trace->failing |= failing;
}
