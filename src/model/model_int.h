/* The generated tables as model.c, check.c and primitive.c see them. No other folder includes
 * this. Constant data of model_gen.c; any thread. */
#pragma once

#include "model/model.h"

/* A perfect hash over names: place = key * multiplier >> shift, each place holds row + 1 or 0. */
struct mln_name_index {
    uint64_t multiplier;
    uint8_t shift;
    const uint8_t *places; /* NULL when there are no names */
};

struct mln_type_index {
    struct mln_name_index names;
    uint64_t mandatory; /* bit i: attribute i must be in a CREATE */
};

/* 64 bits out of a name, for the hash above. */
uint64_t mln_model_name_key(struct mln_slice s);

enum mln_use {
    MLN_USE_NONE,
    MLN_USE_VALID,
    MLN_USE_DEFAULT,
};

extern const struct mln_type mln_model_gen_types[MLN_TYPES];
extern const struct mln_type_index mln_model_gen_indexes[MLN_TYPES];

enum { MLN_MODEL_GEN_NUMBERS = 128 };

extern const uint8_t mln_model_gen_low[MLN_MODEL_GEN_NUMBERS];  /* type number -> type + 1 */
extern const uint8_t mln_model_gen_high[MLN_MODEL_GEN_NUMBERS]; /* ... number - 10000 */

extern const uint8_t mln_model_gen_roots[];
extern const struct mln_name_index mln_model_gen_root_index;
extern const struct mln_datatype mln_model_gen_datatypes[MLN_DATATYPES];
extern const struct mln_member mln_model_gen_members[];
extern const int32_t mln_model_gen_values[];
extern const char *const mln_model_gen_value_names[];
extern const uint16_t mln_model_gen_unions[];
extern const char *const mln_model_gen_pattern_texts[MLN_PATTERNS];
extern const struct mln_parameter mln_model_gen_parameters[MLN_PARAMETERS];
extern const struct mln_name_index mln_model_gen_parameter_index;
extern const uint8_t mln_model_gen_rcn[MLN_RCN_LAST + 1][MLN_OPERATIONS + 1];
extern const struct mln_slice mln_model_gen_names[]; /* of all attributes, sorted */
extern const size_t mln_model_gen_name_count;
extern const struct mln_content mln_model_gen_contents[];
extern const size_t mln_model_gen_content_count;

/* Attributes that must be in a CREATE, as bits by their place in type->attributes. */
static inline uint64_t mln_model_mandatory(const struct mln_type *type)
{
    return type->index->mandatory;
}
