/* The loop guard of group requests. spec: TS-0004 7.3.3.2 */
#include "cse/group/gid.h"

#include "base/mem.h"
#include "base/timestamp.h"

struct entry {
    uint64_t gid; /* hash of the identifier */
    uint64_t target;
    uint64_t serial; /* of the request that made it: a repeated attempt is no second request */
    int64_t expires_us;
    uint32_t next; /* in its bucket, 1-based; 0 ends */
};

/* A ring of entries, oldest overwritten first, with hash chains through it. */
struct mln_gid_table {
    uint32_t size;
    uint32_t at;       /* next slot of the ring */
    uint32_t *buckets; /* 1-based index of the first entry */
    struct entry *entries;
};

mln_err mln_gid_table_new(uint64_t size, struct mln_gid_table **ret)
{
    struct mln_gid_table *t = mln_calloc(1, sizeof *t);

    MLN_REQUIRE(t, NO_MEMORY);
    t->size = (uint32_t)size;
    t->buckets = mln_calloc(t->size, sizeof *t->buckets);
    t->entries = mln_calloc(t->size, sizeof *t->entries);
    if (!t->buckets || !t->entries) {
        mln_gid_table_free(t);
        MLN_FAIL(NO_MEMORY);
    }
    *ret = t;
    return MLN_OK;
}

void mln_gid_table_free(struct mln_gid_table *table)
{
    if (table) {
        mln_free(table->buckets);
        mln_free(table->entries);
        mln_free(table);
    }
}

/* FNV-1a; the identifiers are made by CSEs, and a collision only costs a refused member. */
static uint64_t hash(struct mln_slice s)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < s.len; i++) {
        h = (h ^ (unsigned char)s.ptr[i]) * UINT64_C(1099511628211);
    }
    return h;
}

static uint32_t *bucket_of(struct mln_gid_table *t, uint64_t gid, uint64_t target)
{
    return &t->buckets[(gid ^ (target >> 12)) % t->size];
}

static void unlink_entry(struct mln_gid_table *t, uint32_t index)
{
    struct entry *e = &t->entries[index - 1];
    uint32_t *link = bucket_of(t, e->gid, e->target);

    while (*link && *link != index) {
        link = &t->entries[*link - 1].next;
    }
    if (*link == index) {
        *link = e->next;
    }
}

static mln_err check_table(struct mln_exec *e, uint64_t target)
{
    struct mln_gid_table *t = e->cse->gids;
    uint64_t gid = hash(e->req.gid);
    int64_t now = mln_env_now_us(e->cse->options.env);
    uint32_t *bucket = bucket_of(t, gid, target);
    struct entry *fresh;

    for (uint32_t i = *bucket; i; i = t->entries[i - 1].next) {
        const struct entry *seen = &t->entries[i - 1];

        if (seen->gid == gid && seen->target == target && seen->expires_us > now) {
            MLN_REQUIRE(seen->serial == e->serial, GROUP_REQUEST_SEEN);
            return MLN_OK;
        }
    }
    fresh = &t->entries[t->at];
    if (fresh->expires_us) {
        unlink_entry(t, t->at + 1);
    }
    *fresh = (struct entry){
        .gid = gid,
        .target = target,
        .serial = e->serial,
        .expires_us = e->req.rqet_us != MLN_NO_TIME
                          ? e->req.rqet_us
                          : now + (int64_t)e->cse->options.limits->request_ms * 1000,
        .next = *bucket,
    };
    *bucket = t->at + 1;
    t->at = (t->at + 1) % t->size;
    return MLN_OK;
}

/* Open addressing; 0 is no identifier of a resource. Returns the place of the target or of the
 * free slot where it belongs. */
static uint64_t *slot_of(uint64_t *slots, size_t cap, uint64_t target)
{
    size_t at = (size_t)((target * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & (cap - 1);

    while (slots[at] && slots[at] != target) {
        at = (at + 1) & (cap - 1);
    }
    return &slots[at];
}

static mln_err grow(struct mln_fan *fan)
{
    size_t cap = fan->seen_cap ? fan->seen_cap * 2 : 64;
    uint64_t *slots = mln_arena_zalloc(fan->arena, cap, sizeof *slots);

    MLN_REQUIRE(slots, NO_MEMORY);
    for (size_t i = 0; i < fan->seen_cap; i++) {
        if (fan->seen[i]) {
            *slot_of(slots, cap, fan->seen[i]) = fan->seen[i];
        }
    }
    fan->seen = slots;
    fan->seen_cap = cap;
    return MLN_OK;
}

static mln_err check_fan(struct mln_exec *e, uint64_t target)
{
    struct mln_fan *fan = e->fan;
    uint64_t *slot;

    if (fan->seen_count * 2 >= fan->seen_cap) {
        MLN_TRY(grow(fan));
    }
    slot = slot_of(fan->seen, fan->seen_cap, target);
    MLN_REQUIRE(*slot == 0, GROUP_REQUEST_SEEN);
    *slot = target;
    fan->seen_count++;
    return MLN_OK;
}

mln_err mln_gid_check(struct mln_exec *e, const struct mln_target *target)
{
    bool is_fan_out = target->virtual_child == MLN_VIRTUAL_FAN_OUT;
    uint64_t id = is_fan_out ? ~target->resource.id : target->resource.id;
    mln_err err = MLN_OK;

    if (e->fan && e->fan->is_guarded) {
        err = check_fan(e, id);
    }
    if (!mln_failed(err) && e->req.gid.len && e->may_write) {
        err = check_table(e, id);
    }
    if (err.code == MLN_ERR_GROUP_REQUEST_SEEN) {
        mln_fault_set(e->fault, "this group request has reached the resource before");
    }
    return err;
}

mln_err mln_gid_keep(struct mln_exec *e)
{
    const struct mln_fan *fan = e->fan;

    for (size_t i = 0; i < fan->seen_cap; i++) {
        if (fan->seen[i]) {
            MLN_TRY(check_table(e, fan->seen[i]));
        }
    }
    return MLN_OK;
}
