/* Lookups in the generated tables of the resource model. */
#include "model/model.h"

#include <assert.h>

#include "model/definitions.h"
#include "model/model_int.h"

static uint64_t load64(const char *p)
{
    uint64_t n;

    memcpy(&n, p, sizeof n);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    n = __builtin_bswap64(n);
#endif
    return n;
}

static uint32_t load32(const char *p)
{
    uint32_t n;

    memcpy(&n, p, sizeof n);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    n = __builtin_bswap32(n);
#endif
    return n;
}

/* 64 bits out of a name: its ends and its length, so that no loop runs. The same function stands
 * in tools/gen_model.py. */
uint64_t mln_model_name_key(struct mln_slice s)
{
    const unsigned char *p = (const unsigned char *)s.ptr;
    size_t n = s.len;

    if (n >= 8) {
        return load64(s.ptr) ^ (uint64_t)n << 56 ^ (uint64_t)load32(s.ptr + n - 4) << 24;
    }
    if (n >= 4) {
        return load32(s.ptr) | (uint64_t)load32(s.ptr + n - 4) << 32;
    }
    if (n == 0) {
        return 0;
    }
    return p[0] | (uint64_t)p[n / 2] << 8 | (uint64_t)p[n - 1] << 16 | (uint64_t)n << 24;
}

/* Row + 1 of the only name that can be equal, or 0. The caller compares. */
static size_t candidate(const struct mln_name_index *index, struct mln_slice name)
{
    if (!index->places) {
        return 0;
    }
    return index->places[mln_model_name_key(name) * index->multiplier >> index->shift];
}

const struct mln_type *mln_model_type_at(enum mln_type_id id)
{
    assert((unsigned)id < MLN_TYPES);
    return &mln_model_gen_types[id];
}

const struct mln_type *mln_model_type(uint64_t ty)
{
    unsigned place = 0;

    if (ty < MLN_MODEL_GEN_NUMBERS) {
        place = mln_model_gen_low[ty];
    } else if (ty >= 10000 && ty < 10000 + MLN_MODEL_GEN_NUMBERS) {
        place = mln_model_gen_high[ty - 10000];
    }
    return place ? &mln_model_gen_types[place - 1] : NULL;
}

const struct mln_type *mln_model_root(struct mln_slice root)
{
    const struct mln_type *type;
    size_t colon = mln_slice_find(root, ':');
    size_t place;

    if (colon == root.len) {
        return NULL;
    }
    place = candidate(&mln_model_gen_root_index, mln_slice_from(root, colon + 1));
    if (!place) {
        return NULL;
    }
    type = &mln_model_gen_types[mln_model_gen_roots[place - 1]];
    return mln_slice_eq(type->root, root) ? type : NULL;
}

const struct mln_attribute *mln_model_attribute(const struct mln_type *type, struct mln_slice name)
{
    size_t place = candidate(&type->index->names, name);

    if (!place || !mln_slice_eq(type->attributes[place - 1].name, name)) {
        return NULL;
    }
    return &type->attributes[place - 1];
}

const struct mln_attribute *mln_model_attribute_any(const struct mln_type *type,
                                                    struct mln_slice name)
{
    const struct mln_attribute *a = mln_model_attribute(type, name);

    for (size_t i = 0; !a && i < type->attribute_count; i++) {
        if (mln_slice_eq(mln_slice_z(type->attributes[i].long_name), name)) {
            a = &type->attributes[i];
        }
    }
    return a;
}

bool mln_model_is_attribute(struct mln_slice name)
{
    size_t low = 0;
    size_t high = mln_model_gen_name_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = mln_slice_cmp(mln_model_gen_names[middle], name);

        if (order == 0) {
            return true;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

bool mln_model_may_contain(const struct mln_type *parent, uint16_t child)
{
    size_t low = 0;
    size_t high = parent->child_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (parent->children[middle] == child) {
            return true;
        }
        if (parent->children[middle] < child) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

static bool is_listed(const struct mln_type_list *list, const struct mln_type *type)
{
    for (size_t i = 0; i < list->count; i++) {
        if (&mln_model_gen_types[list->ids[i]] == type) {
            return true;
        }
    }
    return false;
}

bool mln_model_may_hold(const struct mln_type *parent, const struct mln_type *child)
{
    bool is_special = mln_model_type(child->ty) != child;

    if (parent->is_defined && child->specialised_by.len &&
        !mln_definitions_may_hold(parent, child)) {
        return false;
    }
    return mln_model_may_contain(parent, child->ty) &&
           (!is_special || parent->kinds.count == 0 || is_listed(&parent->kinds, child));
}

bool mln_model_is_single(const struct mln_type *parent, const struct mln_type *child)
{
    return is_listed(&parent->singles, child);
}

const struct mln_datatype *mln_model_datatype(enum mln_datatype_id id)
{
    assert((unsigned)id < MLN_DATATYPES);
    return &mln_model_gen_datatypes[id];
}

const struct mln_member *mln_model_members(const struct mln_datatype *type, size_t *ret_count)
{
    *ret_count = type->form == MLN_FORM_COMPLEX ? type->count : 0;
    return &mln_model_gen_members[*ret_count ? type->first : 0];
}

const int32_t *mln_model_enum(const struct mln_datatype *type, size_t *ret_count)
{
    bool has_values = type->form == MLN_FORM_ENUM || type->form == MLN_FORM_INTEGER;

    *ret_count = has_values ? type->count : 0;
    return &mln_model_gen_values[*ret_count ? type->first : 0];
}

const char *mln_model_enum_name(enum mln_datatype_id id, int64_t value)
{
    const struct mln_datatype *type = mln_model_datatype(id);
    size_t count;
    const int32_t *values = mln_model_enum(type, &count);

    for (size_t i = 0; i < count; i++) {
        if (values[i] == value) {
            return mln_model_gen_value_names[type->first + i];
        }
    }
    return NULL;
}

const uint16_t *mln_model_union(const struct mln_datatype *type, size_t *ret_count)
{
    *ret_count = type->form == MLN_FORM_UNION ? type->count : 0;
    return &mln_model_gen_unions[*ret_count ? type->first : 0];
}

const char *mln_model_pattern_text(enum mln_pattern pattern)
{
    assert((unsigned)pattern < MLN_PATTERNS);
    return mln_model_gen_pattern_texts[pattern];
}

const struct mln_content *mln_model_content(struct mln_slice root)
{
    for (size_t i = 0; i < mln_model_gen_content_count; i++) {
        if (mln_slice_eq(mln_model_gen_contents[i].root, root)) {
            return &mln_model_gen_contents[i];
        }
    }
    return NULL;
}

const struct mln_parameter *mln_model_parameters(size_t *ret_count)
{
    *ret_count = MLN_PARAMETERS;
    return mln_model_gen_parameters;
}

const struct mln_parameter *mln_model_parameter(struct mln_slice name)
{
    size_t place = candidate(&mln_model_gen_parameter_index, name);

    if (!place || !mln_slice_eq(mln_model_gen_parameters[place - 1].name, name)) {
        return NULL;
    }
    return &mln_model_gen_parameters[place - 1];
}

/* Column of the table of Result Content. */
static unsigned column(unsigned operation, bool is_discovery)
{
    assert(operation >= 1 && operation <= MLN_OPERATIONS);
    return is_discovery ? MLN_OPERATIONS : operation - 1;
}

bool mln_model_rcn_allowed(unsigned operation, bool is_discovery, uint64_t rcn)
{
    return rcn <= MLN_RCN_LAST &&
           mln_model_gen_rcn[rcn][column(operation, is_discovery)] != MLN_USE_NONE;
}

int mln_model_rcn_default(unsigned operation, bool is_discovery)
{
    unsigned at = column(operation, is_discovery);

    for (int rcn = 0; rcn <= MLN_RCN_LAST; rcn++) {
        if (mln_model_gen_rcn[rcn][at] == MLN_USE_DEFAULT) {
            return rcn;
        }
    }
    return 0; /* NOTIFY has no result content */
}
