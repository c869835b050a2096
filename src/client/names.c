/* Names of the standard, from the tables of the model. */
#include "base/num.h"
#include "base/rsc.h"
#include "client/client_int.h"

/* The names of the model are literals: they end in NUL. */
struct merlon_type {
    struct mln_type type;
};

static const struct merlon_type *given(const struct mln_type *type)
{
    return (const struct merlon_type *)type;
}

static bool is_same(struct mln_slice a, struct mln_slice b, bool has_case)
{
    return has_case ? mln_slice_eq(a, b) : mln_slice_eq_nocase(a, b);
}

/* Virtual resources have no representation and are not for users to name. */
static const struct mln_type *find(struct mln_slice name, bool has_case)
{
    for (int i = 0; i < MLN_TYPES; i++) {
        const struct mln_type *type = mln_model_type_at((enum mln_type_id)i);

        if (type->is_virtual) {
            continue;
        }
        if (is_same(type->short_name, name, has_case) || is_same(type->root, name, has_case) ||
            is_same(mln_slice_z(type->long_name), name, has_case)) {
            return type;
        }
    }
    return NULL;
}

const struct merlon_type *merlon_type_find(const char *name)
{
    struct mln_slice s = mln_slice_z(name);
    const struct mln_type *type;
    uint64_t number;

    if (mln_num_u64(s, &number)) {
        return given(mln_model_type(number));
    }
    type = find(s, true);
    return given(type ? type : find(s, false));
}

const struct merlon_type *merlon_type_of(int number)
{
    return number < 0 ? NULL : given(mln_model_type((uint64_t)number));
}

const struct merlon_type *merlon_type_at(size_t index)
{
    for (int i = 0; i < MLN_TYPES; i++) {
        const struct mln_type *type = mln_model_type_at((enum mln_type_id)i);

        if (!type->is_virtual && index-- == 0) {
            return given(type);
        }
    }
    return NULL;
}

int merlon_type_number(const struct merlon_type *type)
{
    return type->type.ty;
}

const char *merlon_type_short_name(const struct merlon_type *type)
{
    return type->type.short_name.ptr;
}

const char *merlon_type_long_name(const struct merlon_type *type)
{
    return type->type.long_name;
}

const char *merlon_type_root(const struct merlon_type *type)
{
    return type->type.root.ptr;
}

const char *merlon_attribute_short(const struct merlon_type *type, const char *name)
{
    const struct mln_attribute *a = mln_model_attribute_any(&type->type, mln_slice_z(name));

    return a ? a->name.ptr : NULL;
}

const char *merlon_attribute_long(const struct merlon_type *type, const char *name)
{
    const struct mln_attribute *a = mln_model_attribute_any(&type->type, mln_slice_z(name));

    return a ? a->long_name : NULL;
}

const char *merlon_rsc_name(int rsc)
{
    return mln_rsc_name((enum mln_rsc)rsc);
}

bool merlon_rsc_is_success(int rsc)
{
    return rsc >= 1000 && rsc < 3000; /* spec: TS-0004 6.6.2: informational, and success */
}
