/* Fuzz target of access rules.
 *
 * The first byte chooses the originator and the privilege, and with it whether the request is
 * proved to be the originator's and where it comes from; then follow entries, one a line, up to
 * an empty line; then a packed m2m:setOfAcrs as it comes. The packed set may be anything: it must
 * end, grant nothing that its rules do not say, and say the same twice. From the entries rules are
 * built whose outcome is known.
 * spec: TS-0004 7.3.3.15 */
#include <stdlib.h>

#include "base/fuzz_test.h"
#include "base/timestamp.h"
#include "cse/access/access.h"
#include "cse/access/match.h"
#include "cse/cse_int.h"
#include "model/pack.h"

enum { ARENA = 64 << 20, ENTRIES = 16 };

/* A store with a few groups, made once. */
static struct {
    struct mln_limits limits;
    struct mln_cse cse;
    struct mln_store *store;
    struct mln_reader *reader;
    struct mln_view *view;
    struct mln_arena *arena;
} world;

/* ---- the world ---- */

struct group {
    const char *name;
    const char *members[4];
};

static const struct group groups[] = {
    { "g", { "Cabc", "cse-in/other", NULL } },
    { "h", { "cse-in/g/fopt", "cse-in/h/fopt", "-/i/fopt", NULL } },
    { "i", { "/id-in/cse-in/h/fopt", "Sxyz", NULL } },
    { "e", { NULL } },
};

static mln_err put(struct mln_write *write, struct mln_resource *r, struct mln_slice short_name)
{
    char *ri = mln_arena_alloc(world.arena, MLN_RI_SIZE);
    size_t len;

    MLN_REQUIRE(ri, NO_MEMORY);
    MLN_TRY(mln_store_new_id(write, short_name, &r->id, ri, &len));
    if (!r->ri.len) {
        r->ri = mln_slice_of(ri, len);
    }
    r->et = MLN_TIMESTAMP_MAX;
    return mln_store_put(write, NULL, r);
}

static mln_err put_group(struct mln_write *write, const struct group *g, uint64_t base)
{
    struct mln_resource r = { .ty = MLN_TY_GRP, .parent = base, .rn = mln_slice_z(g->name) };
    struct mln_buf out;
    size_t count = 0;

    while (g->members[count]) {
        count++;
    }
    mln_buf_init(&out, world.arena, 1 << 16);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("mid"));
    mln_pack_array(&out, count);
    for (size_t i = 0; i < count; i++) {
        mln_pack_text(&out, mln_slice_z(g->members[i]));
    }
    MLN_TRY(mln_buf_finish(&out, &r.attrs));
    return put(write, &r, MLN_S("grp"));
}

static mln_err fill(struct mln_job *job, struct mln_view *view)
{
    static const char empty = (char)0xA0; /* a map without members */
    struct mln_resource base = {
        .ty = MLN_TY_CB, .rn = MLN_S("cse-in"), .ri = MLN_S("id-in"), .attrs = { &empty, 1 }
    };
    struct mln_write *write;

    (void)job;
    MLN_TRY(mln_write_begin(view, mln_access_internal_grant(), &write));
    MLN_TRY(put(write, &base, MLN_S("cb")));
    world.cse.base_id = base.id;
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        MLN_TRY(put_group(write, &groups[i], base.id));
    }
    return MLN_OK;
}

/* For LeakSanitizer: what was made once is given back at the end. */
static void unmake_world(void)
{
    mln_view_end(world.view);
    mln_reader_free(world.reader);
    mln_store_close(world.store);
    mln_arena_free(world.arena);
}

static void make_world(void)
{
    struct mln_store_options options = { .backend = "mem", .runs_inline = true };
    struct mln_job job = { .run = fill };

    if (world.store) {
        return;
    }
    mln_limits_default(&world.limits);
    world.cse.names =
        (struct mln_names){ MLN_S("//merlon.example"), MLN_S("/id-in"), MLN_S("cse-in") };
    world.cse.options.limits = &world.limits;
    world.cse.options.env = mln_env_system();
    world.arena = mln_arena_new(ARENA);
    require(world.arena &&
            !mln_failed(mln_store_open(&options, mln_env_system(), NULL, &world.store)));
    require(!mln_failed(mln_store_run(world.store, &job)));
    require(!mln_failed(mln_reader_new(world.store, &world.reader)));
    require(!mln_failed(mln_view_begin(world.reader, &world.view)));
    require(atexit(unmake_world) == 0);
}

/* ---- one input ---- */

static const char *const names[] = {
    "Cabc", "Cother", "Sxyz", "/cse1/Cabc", "//far.example/id/C1", "/id-in", "C"
};

static const struct mln_peer peers[] = {
    { .is_trusted = true, .address_len = 4, .address = { 127, 0, 0, 1 } },
    { .address_len = 16, .address = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } },
};

struct input {
    struct mln_originator originator;
    enum mln_privilege privilege;
    struct mln_slice entries[ENTRIES];
    size_t entry_count;
    struct mln_slice rules;
    struct mln_access_request request;
    struct mln_resource target;
};

static struct mln_originator originator_of(unsigned choice)
{
    struct mln_originator o = { .text =
                                    mln_slice_z(names[choice % (sizeof names / sizeof names[0])]) };

    if (o.text.len > 1) {
        require(mln_entity_parse(o.text, &world.cse.names, &o.entity));
    }
    o.is_registered = o.text.len > 1 && o.text.ptr[0] != '/';
    o.ae_name = o.is_registered ? MLN_S("other") : (struct mln_slice){ 0 };
    return o;
}

static struct input read_input(struct mln_slice data)
{
    struct input in = { .originator = originator_of((unsigned char)data.ptr[0] >> 3),
                        .privilege = (enum mln_privilege)(1u << (data.ptr[0] & 7) % 6),
                        .request = { .arrival_us = 1893456000000000,
                                     .peer = &peers[data.ptr[0] & 1],
                                     .created_ty = 3 },
                        .target = { .ty = MLN_TY_CNT } };
    struct mln_slice rest = mln_slice_from(data, 1);

    in.originator.is_proved = in.request.peer->is_trusted && in.originator.is_registered;
    while (rest.ptr) {
        struct mln_slice line = mln_slice_cut(&rest, '\n');

        if (line.len == 0) {
            break;
        }
        if (in.entry_count < ENTRIES) {
            in.entries[in.entry_count++] = line;
        }
    }
    in.rules = rest;
    return in;
}

static bool permits(const struct input *in, struct mln_slice rules)
{
    struct mln_access a;
    bool ret = true;

    mln_access_begin(&a, &world.cse, world.view, world.arena, &in->originator, &in->request);
    require(!mln_failed(mln_access_rules_permit(&a, rules, &in->target, in->privilege, &ret)));
    return ret;
}

/* {"acr": [{"acor": entries, "acop": operations, extra: true}]} */
static struct mln_slice build(const struct input *in, const char *all, uint64_t operations,
                              const char *extra)
{
    struct mln_buf out;
    struct mln_slice pack = { 0 };

    mln_buf_init(&out, world.arena, ARENA);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("acr"));
    mln_pack_array(&out, 1);
    mln_pack_map(&out, MLN_PACK_OPEN);
    mln_pack_text(&out, MLN_S("acor"));
    mln_pack_array(&out, MLN_PACK_OPEN);
    for (size_t i = 0; i < in->entry_count; i++) {
        mln_pack_text(&out, in->entries[i]);
    }
    if (all) {
        mln_pack_text(&out, mln_slice_z(all));
    }
    mln_pack_end(&out);
    mln_pack_text(&out, MLN_S("acop"));
    mln_pack_uint(&out, operations);
    if (extra) {
        mln_pack_text(&out, mln_slice_z(extra));
        mln_pack_bool(&out, true);
    }
    mln_pack_end(&out);
    require(!mln_failed(mln_buf_finish(&out, &pack)));
    return pack;
}

/* Could the rule have been stored: is it readable by itself? */
static bool is_storable(struct mln_slice rule)
{
    struct mln_buf out;
    struct mln_slice set = { 0 };
    uint64_t counted = 0;

    mln_buf_init(&out, world.arena, ARENA);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("acr"));
    mln_pack_array(&out, 1);
    mln_pack_raw(&out, rule);
    require(!mln_failed(mln_buf_finish(&out, &set)));
    return mln_rules_check(set, &world.limits, &counted, world.arena, NULL).code !=
           MLN_ERR_ATTR_INVALID;
}

/* Does some rule, as an independent reader sees it, have the bit, originators and nothing that is
 * not known? */
static bool some_rule_may_permit(const struct input *in)
{
    static const char *const known[] = { "acor", "acop", "acco", "acaf", "acod" };
    struct mln_slice list;
    struct mln_walk rules;
    bool may = false;

    if (!mln_pack_find(in->rules, MLN_S("acr"), &list)) {
        return false;
    }
    for (mln_walk_begin(&rules, list); mln_walk_next(&rules);) {
        uint64_t operations = 0;
        struct mln_slice acor;
        struct mln_walk members;
        bool is_known = true;

        for (mln_walk_begin(&members, rules.item); mln_walk_next(&members);) {
            bool is_one = false;

            for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
                is_one = is_one || mln_slice_eq(members.name, mln_slice_z(known[i]));
            }
            is_known = is_known && is_one;
        }
        may = may || (is_known && mln_pack_find(rules.item, MLN_S("acor"), &acor) &&
                      mln_pack_find_u64(rules.item, MLN_S("acop"), &operations) &&
                      (operations & in->privilege) && is_storable(rules.item));
    }
    return may;
}

static void check_entries(const struct input *in)
{
    bool matches = false;

    for (size_t i = 0; i < in->entry_count; i++) {
        struct mln_access a;
        bool one = true;

        mln_access_begin(&a, &world.cse, world.view, world.arena, &in->originator, &in->request);
        require(!mln_failed(mln_access_matches(&a, in->entries[i], &one)));
        require(!one || mln_access_entry_form(in->entries[i]) == MLN_ENTRY_VALID);
        matches = matches || one;
    }
    /* the bit decides, and one entry that matches is enough */
    require(permits(in, build(in, NULL, in->privilege, NULL)) == matches);
    require(permits(in, build(in, NULL, 63, NULL)) == matches);
    require(!permits(in, build(in, "all", 63u & ~(unsigned)in->privilege, NULL)));
    require(permits(in, build(in, "all", in->privilege, NULL)));
    /* a member that is not known, or not what it should be, is a constraint that is not met */
    require(!permits(in, build(in, "all", 63, "acco")));
    require(!permits(in, build(in, "all", 63, "acod")));
    require(permits(in, build(in, "all", 63, "acaf")) ==
            (in->request.peer->is_trusted && in->originator.is_registered));
    require(!permits(in, build(in, "all", 63, "x")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in;
    bool granted;

    if (size == 0) {
        return 0;
    }
    make_world();
    mln_arena_reset(world.arena);
    in = read_input(mln_slice_of((const char *)data, size));
    check_entries(&in);
    granted = permits(&in, in.rules);
    require(granted == permits(&in, in.rules));
    require(!granted || some_rule_may_permit(&in));
    return 0;
}
