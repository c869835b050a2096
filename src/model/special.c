/* Specialisations of resource types. */
#include "model/special.h"

#include "model/definitions.h"
#include "model/pack.h"

/* Set before the threads start. */
static const struct mln_definitions *installed;

void mln_special_install(const struct mln_definitions *definitions)
{
    installed = definitions;
}

bool mln_special_is_template(const struct mln_type *type)
{
    return type->specialised_by.len && type->special_count == 0 && !type->is_defined;
}

/* The specialisation of that definition, or NULL. */
static const struct mln_type *find(const struct mln_type *base, uint64_t definition)
{
    unsigned low = base->first_special;
    unsigned high = low + base->special_count;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        const struct mln_type *type = mln_model_type_at((enum mln_type_id)middle);

        if (type->definition == definition) {
            return type;
        }
        if (type->definition < definition) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

/* The specialisation that files define by that name, or NULL. */
static const struct mln_type *find_defined(const struct mln_type *base, struct mln_slice name)
{
    const struct mln_type *type = mln_definitions_find(installed, name);

    if (type && base->is_announced) {
        return mln_definitions_announced(type);
    }
    return type && base->ty == type->instance ? mln_definitions_instance(type) : type;
}

const struct mln_type *mln_special_of(const struct mln_resource *r)
{
    const struct mln_type *base = mln_model_type(r->ty);
    const struct mln_type *type = NULL;
    struct mln_slice name;
    uint64_t definition;

    if (base && mln_special_is_template(base) &&
        mln_pack_find_text(r->attrs, base->specialised_by, &name)) {
        type = find_defined(base, name);
    }
    if (base && base->special_count &&
        mln_pack_find_u64(r->attrs, base->specialised_by, &definition)) {
        type = find(base, definition);
    }
    return type && type->ty == base->ty ? type : base;
}

const struct mln_type *mln_special_root(struct mln_slice root)
{
    const struct mln_type *type = mln_definitions_root(installed, root);

    return type ? type : mln_model_root(root);
}

const struct mln_type *mln_special_of_content(const struct mln_type *base, struct mln_slice root,
                                              const struct mln_value *attributes)
{
    const struct mln_type *type;
    uint64_t definition;

    if (mln_special_is_template(base)) {
        const struct mln_value *name = mln_value_get(attributes, base->specialised_by);

        type = name && name->kind == MLN_V_TEXT ? find_defined(base, name->text)
                                                : mln_definitions_root(installed, root);
    } else if (base->special_count == 0) {
        type = base;
    } else if (mln_value_u64(mln_value_get(attributes, base->specialised_by), &definition)) {
        type = find(base, definition);
    } else {
        type = mln_model_root(root);
    }
    return type && type->ty == base->ty ? type : base;
}

bool mln_special_shows(const struct mln_resource *r, const struct mln_attribute *attribute)
{
    bool is_counter = attribute->slot == MLN_SLOT_COUNT || attribute->slot == MLN_SLOT_BYTES;

    if (attribute->slot == MLN_SLOT_CR) {
        return (r->flags & MLN_RESOURCE_SHOWS_CREATOR) != 0;
    }
    if (is_counter && attribute->least == 0) {
        return (r->flags & MLN_RESOURCE_COUNTS) != 0;
    }
    return attribute->slot != MLN_SLOT_ATTRS;
}

bool mln_special_is_attribute(struct mln_slice name)
{
    return mln_model_is_attribute(name) || mln_definitions_is_attribute(installed, name);
}
