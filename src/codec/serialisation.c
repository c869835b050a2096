/* The table of serialisations. */
#include "codec/serialisation.h"

#include "codec/cbor.h"
#include "codec/json.h"
#include "codec/xml.h"

/* spec: TS-0004 6.7, TS-0009 6.4.2: all media types end in the name */
#define TYPES(name)                                                                                \
    {                                                                                              \
        [MLN_MEDIA_PLAIN] = { "application/" name, sizeof "application/" name - 1 },               \
        [MLN_MEDIA_RESOURCE] = { "application/vnd.onem2m-res+" name,                               \
                                 sizeof "application/vnd.onem2m-res+" name - 1 },                  \
        [MLN_MEDIA_NOTIFICATION] = { "application/vnd.onem2m-ntfy+" name,                          \
                                     sizeof "application/vnd.onem2m-ntfy+" name - 1 },             \
        [MLN_MEDIA_REQUEST] = { "application/vnd.onem2m-preq+" name,                               \
                                sizeof "application/vnd.onem2m-preq+" name - 1 },                  \
        [MLN_MEDIA_RESPONSE] = { "application/vnd.onem2m-prsp+" name,                              \
                                 sizeof "application/vnd.onem2m-prsp+" name - 1 },                 \
    }

static const struct mln_serialisation rows[] = {
    { { "json", 4 }, TYPES("json"), mln_json_read, mln_json_write },
    { { "cbor", 4 }, TYPES("cbor"), mln_cbor_read, mln_cbor_write },
#ifdef MLN_WITH_XML
    { { "xml", 3 }, TYPES("xml"), mln_xml_read, mln_xml_write },
#endif
};

enum { ROWS = sizeof rows / sizeof *rows };

const struct mln_serialisation *mln_serialisation_at(size_t index)
{
    return index < ROWS ? &rows[index] : NULL;
}

const struct mln_serialisation *mln_serialisation_named(struct mln_slice name)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (mln_slice_eq(rows[i].name, name)) {
            return &rows[i];
        }
    }
    return NULL;
}

/* spec: RFC9110 8.3.1: letters in any case */
static bool is_type(struct mln_slice type, struct mln_slice given)
{
    for (size_t i = 0; i < given.len && type.len == given.len; i++) {
        char c = given.ptr[i];

        if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != type.ptr[i]) {
            return false;
        }
    }
    return type.len == given.len;
}

const struct mln_serialisation *mln_serialisation_of(struct mln_slice media_type)
{
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t t = 0; t < MLN_MEDIA_TYPES; t++) {
            if (is_type(rows[i].types[t], media_type)) {
                return &rows[i];
            }
        }
    }
    return NULL;
}

mln_err mln_serialise(const struct mln_serialisation **form, struct mln_slice pack,
                      struct mln_arena *arena, size_t max, struct mln_slice *ret)
{
    struct mln_buf out;
    mln_err err;

    mln_buf_init(&out, arena, max);
    err = (*form)->write(&out, pack);
    if (err.code == MLN_ERR_NOT_ACCEPTABLE) {
        *form = &rows[0];
        mln_buf_init(&out, arena, max);
        err = (*form)->write(&out, pack);
    }
    MLN_TRY(err);
    return mln_buf_finish(&out, ret);
}
