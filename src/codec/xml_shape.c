/* Names of XML in the tables of the model. */
#include "codec/xml_shape.h"

#include "base/buf.h"
#include "model/special.h"

/* TS-0023 names the home domain hd until Release 3 and hod from Release 4 on.
 * spec: TS-0004 6.1, 8.3.2 */
static const struct {
    struct mln_slice prefix;
    struct mln_slice uri;
} namespaces[] = {
    { { "m2m", 3 }, { "http://www.onem2m.org/xml/protocols", 35 } },
    { { "dcfg", 4 }, { "http://www.onem2m.org/xml/protocols/dcfg", 40 } },
    { { "hd", 2 }, { "http://www.onem2m.org/xml/protocols/homedomain", 46 } },
    { { "agd", 3 }, { "http://www.onem2m.org/xml/protocols/agriculturedomain", 53 } },
    { { "cid", 3 }, { "http://www.onem2m.org/xml/protocols/citydomain", 46 } },
    { { "cod", 3 }, { "http://www.onem2m.org/xml/protocols/commondomain", 48 } },
    { { "hed", 3 }, { "http://www.onem2m.org/xml/protocols/healthdomain", 48 } },
    { { "hod", 3 }, { "http://www.onem2m.org/xml/protocols/homedomain", 46 } },
    { { "ind", 3 }, { "http://www.onem2m.org/xml/protocols/industrydomain", 50 } },
    { { "mad", 3 }, { "http://www.onem2m.org/xml/protocols/managementdomain", 52 } },
    { { "psd", 3 }, { "http://www.onem2m.org/xml/protocols/publicsafetydomain", 54 } },
    { { "rad", 3 }, { "http://www.onem2m.org/xml/protocols/railwaydomain", 49 } },
    { { "ved", 3 }, { "http://www.onem2m.org/xml/protocols/vehiculardomain", 51 } },
};

enum { NAMESPACES = sizeof namespaces / sizeof *namespaces };

static mln_err join(struct mln_arena *arena, struct mln_slice prefix, struct mln_slice local,
                    struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, arena, prefix.len + local.len + 1);
    mln_buf_add(&out, prefix);
    mln_buf_byte(&out, ':');
    mln_buf_add(&out, local);
    return mln_buf_finish(&out, ret);
}

mln_err mln_shape_name(struct mln_arena *arena, struct mln_slice uri, struct mln_slice local,
                       struct mln_slice *ret)
{
    struct mln_slice name;
    bool is_known = false;

    *ret = (struct mln_slice){ 0 };
    for (size_t i = 0; i < NAMESPACES && !is_known; i++) {
        if (!mln_slice_eq(namespaces[i].uri, uri)) {
            continue;
        }
        MLN_TRY(join(arena, namespaces[i].prefix, local, &name));
        is_known = mln_special_root(name) != NULL;
        if (is_known || ret->len == 0) {
            *ret = name;
        }
    }
    return MLN_OK;
}

struct mln_slice mln_shape_namespace(struct mln_slice prefix)
{
    for (size_t i = 0; i < NAMESPACES; i++) {
        if (mln_slice_eq(namespaces[i].prefix, prefix)) {
            return namespaces[i].uri;
        }
    }
    return (struct mln_slice){ 0 };
}

static const struct mln_shape anything = {
    .type = MLN_DT_ANY_TYPE,
    .may_be_null = true,
    .order = -1,
};

/* A global element, as the root or anywhere within. */
static bool find_root(struct mln_slice name, struct mln_shape *ret)
{
    const struct mln_type *resource = mln_special_root(name);
    const struct mln_content *content = resource ? NULL : mln_model_content(name);

    if (!resource && !content) {
        return false;
    }
    *ret = (struct mln_shape){
        .resource = resource,
        .type = content ? (enum mln_datatype_id)content->type : MLN_DT_ANY_TYPE,
        .order = -1,
    };
    return true;
}

struct mln_shape mln_shape_root(struct mln_slice name)
{
    struct mln_shape shape = anything;

    (void)find_root(name, &shape);
    return shape;
}

static struct mln_shape of_attribute(const struct mln_type *resource, struct mln_slice name)
{
    const struct mln_attribute *a = mln_model_attribute(resource, name);
    struct mln_shape shape = anything;

    if (a) {
        return (struct mln_shape){
            .type = (enum mln_datatype_id)a->type,
            .xml = a->xml,
            .is_many = a->is_many,
            /* who asks for creator says NULL, also where there always is one */
            .may_be_null = a->least == 0 || a->slot == MLN_SLOT_CR,
            .order = (int)(a - resource->attributes),
        };
    }
    /* spec: TS-0004 7.5.2, TS-0001 8.1.2: children, and references to them */
    if (mln_slice_eq(name, MLN_S("ch"))) {
        return (struct mln_shape){
            .type = MLN_DT_CHILD_RESOURCE_REF,
            .is_many = true,
            .order = -1,
        };
    }
    shape.is_many = find_root(name, &shape);
    return shape;
}

static struct mln_shape of_member(enum mln_datatype_id type, struct mln_slice name)
{
    size_t count;
    const struct mln_member *members = mln_model_members(mln_model_datatype(type), &count);
    struct mln_shape shape = anything;

    for (size_t i = 0; i < count; i++) {
        if (mln_slice_eq(members[i].name, name)) {
            return (struct mln_shape){
                .type = (enum mln_datatype_id)members[i].type,
                .xml = members[i].xml,
                .is_many = members[i].is_many,
                .may_be_null = members[i].least == 0,
                .order = (int)i,
            };
        }
    }
    (void)find_root(name, &shape);
    return shape;
}

struct mln_shape mln_shape_member(const struct mln_shape *in, struct mln_slice name)
{
    return in->resource ? of_attribute(in->resource, name) : of_member(in->type, name);
}

bool mln_shape_is_any(const struct mln_shape *shape)
{
    return !shape->resource && mln_model_datatype(shape->type)->form == MLN_FORM_ANY;
}

bool mln_shape_has_members(const struct mln_shape *shape)
{
    return shape->resource || mln_model_datatype(shape->type)->form == MLN_FORM_COMPLEX;
}

const struct mln_member *mln_shape_base(const struct mln_shape *shape)
{
    size_t count = 0;
    const struct mln_member *members =
        shape->resource ? NULL : mln_model_members(mln_model_datatype(shape->type), &count);

    for (size_t i = 0; i < count; i++) {
        if (members[i].xml == MLN_XML_BASE) {
            return &members[i];
        }
    }
    return NULL;
}
