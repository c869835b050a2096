/* The resource model as tables, generated from spec/ by tools/gen_model.py.
 *
 * Resource types with their attributes and children, data types, enumerations, complex types and
 * request parameters. Everything here is constant and lives for ever; any thread.
 * spec: TS-0004 6.3, 6.4, 7.4, 8.2 */
#pragma once

#include "base/err.h"
#include "base/slice.h"
#include "model/model_gen.h" /* MLN_TY_CNT, MLN_DT_TIMESTAMP, enums, counts */

/* What a data type looks like once decoded. */
enum mln_form {
    MLN_FORM_TEXT,
    MLN_FORM_BOOLEAN,
    MLN_FORM_INTEGER,
    MLN_FORM_NUMBER,  /* integer or real */
    MLN_FORM_ENUM,    /* INTEGER out of a set */
    MLN_FORM_LIST,    /* JSON array of `item` */
    MLN_FORM_UNION,   /* one of several data types */
    MLN_FORM_COMPLEX, /* object with members */
    MLN_FORM_ANY,     /* no rule */
};

/* How XML carries a value. spec: TS-0004 6.3.5, 6.5 */
enum mln_xml {
    MLN_XML_ELEMENT,
    MLN_XML_ATTRIBUTE, /* of the element around it */
    MLN_XML_BASE,      /* the text of the element around it */
};

struct mln_member {
    struct mln_slice name; /* short */
    const char *long_name;
    uint16_t type;           /* enum mln_datatype_id */
    uint8_t least;           /* 0 or 1 */
    bool is_many;            /* more than one: a JSON array of `type` */
    bool is_unbuilt;         /* refused with NOT_IMPLEMENTED */
    uint16_t most;           /* is_many: most elements, 0 for any */
    struct mln_slice unique; /* is_many: member of the elements whose values differ; or empty */
    enum mln_xml xml;
};

struct mln_datatype {
    struct mln_slice name; /* "m2m:timestamp" */
    enum mln_form form;
    enum mln_pattern pattern; /* TEXT: rule for the characters; MLN_PATTERN_NONE: any */
    uint16_t item;            /* LIST: type of the elements */
    uint16_t first;           /* ENUM, UNION, COMPLEX, bit mask: first row in its table */
    uint16_t count;           /* ... and how many */
    bool is_choice;           /* COMPLEX: exactly one of the members */
    uint32_t least;           /* LIST: fewest elements */
    uint32_t most;            /* LIST: most elements, 0 for any */
    int64_t min;              /* INTEGER */
    uint64_t max;             /* INTEGER */
};

/* May an attribute stand in a request? */
enum mln_presence {
    MLN_PRESENCE_FORBIDDEN,
    MLN_PRESENCE_OPTIONAL,
    MLN_PRESENCE_MANDATORY,
};

enum mln_announced {
    MLN_ANNOUNCED_NOT,
    MLN_ANNOUNCED_OPTIONAL,
    MLN_ANNOUNCED_MANDATORY,
};

/* Where the value of an attribute lives in struct mln_resource. */
enum mln_slot {
    MLN_SLOT_ATTRS, /* in the packed map */
    MLN_SLOT_RN,
    MLN_SLOT_TY,
    MLN_SLOT_RI,
    MLN_SLOT_PI,
    MLN_SLOT_CT,
    MLN_SLOT_LT,
    MLN_SLOT_ET,
    MLN_SLOT_ST,
    MLN_SLOT_CR,
    MLN_SLOT_COUNT, /* cni and its like */
    MLN_SLOT_BYTES, /* cbs, cs and their like */
};

struct mln_attribute {
    struct mln_slice name; /* short */
    const char *long_name;
    uint16_t type;   /* enum mln_datatype_id */
    uint8_t least;   /* multiplicity: 0 or 1 */
    bool is_many;    /* element of the type may repeat: a JSON array of `type` */
    bool is_unbuilt; /* part of the standard that is not enforced yet: NOT_IMPLEMENTED */
    enum mln_presence create : 8;
    enum mln_presence update : 8;
    enum mln_announced announced : 8;
    enum mln_slot slot : 8;
    enum mln_xml xml : 8;
    bool is_identifier; /* of resources or entities: what is relative is relative to the CSE */
};

/* Rows of the table of types, as enum mln_type_id. */
struct mln_type_list {
    const uint16_t *ids;
    uint16_t count;
};

/* Pairs of attributes. */
struct mln_pair_list {
    const struct mln_slice (*names)[2];
    uint16_t count;
};

struct mln_type_index;

struct mln_type {
    const struct mln_type_index *index; /* of the names of its attributes */
    uint16_t ty;                        /* resource type number; shared by specialisations */
    uint16_t definition;                /* mgmtDefinition of a mgmtObj specialisation, else 0 */
    uint16_t instance;                  /* type of the children that la and ol stand for, or 0 */
    struct mln_slice short_name;
    struct mln_slice root; /* member name of the representation: "m2m:cnt" */
    const char *long_name;
    const struct mln_attribute *attributes; /* in the order of XML */
    uint16_t attribute_count;
    const uint16_t *children; /* resource type numbers, ascending */
    uint16_t child_count;
    bool is_virtual;
    bool is_announced; /* the ...Annc variant */
    bool in_cse_only;  /* may exist on an IN-CSE only */
    bool has_acpi;     /* defines accessControlPolicyIDs */
    bool has_et;
    bool has_st;
    bool is_defined;                 /* by a file that was read at the start: definitions.h */
    bool is_unbuilt;                 /* this specialisation is refused with NOT_IMPLEMENTED */
    struct mln_slice specialised_by; /* base type: attribute that names the specialisation */
    uint16_t first_special;          /* base type: its specialisations, by their definition */
    uint16_t special_count;
    struct mln_type_list kinds; /* specialisations that alone may stand below, where not all may */
    struct mln_type_list singles;   /* what may stand below once at most */
    struct mln_pair_list exclusive; /* attributes that an UPDATE cannot both set to true */
};

/* All types in the order of enum mln_type_id. */
const struct mln_type *mln_model_type_at(enum mln_type_id id);

/* By resource type number. For mgmtObj and flexContainer (13, 28 and their announced variants)
 * it is the base type; NULL for a number that the standard does not define. */
const struct mln_type *mln_model_type(uint64_t ty);

/* By member name of a representation ("m2m:cnt"), specialisations included; or NULL. */
const struct mln_type *mln_model_root(struct mln_slice root);

/* The attribute of that short name, or NULL. */
const struct mln_attribute *mln_model_attribute(const struct mln_type *type, struct mln_slice name);

/* Short name for a short or a long attribute name of the type; NULL when neither. */
const struct mln_attribute *mln_model_attribute_any(const struct mln_type *type,
                                                    struct mln_slice name);

/* Does some resource type define an attribute of that short name? */
bool mln_model_is_attribute(struct mln_slice name);

/* May `child` be created below `parent`? */
bool mln_model_may_contain(const struct mln_type *parent, uint16_t child);

/* As mln_model_may_contain, and is it one of the specialisations that may? */
bool mln_model_may_hold(const struct mln_type *parent, const struct mln_type *child);

/* May there be one such child at most? */
bool mln_model_is_single(const struct mln_type *parent, const struct mln_type *child);

const struct mln_datatype *mln_model_datatype(enum mln_datatype_id id);

/* Members of a COMPLEX data type; *ret_count of them. */
const struct mln_member *mln_model_members(const struct mln_datatype *type, size_t *ret_count);

/* Values of an ENUM data type, or bits of an INTEGER that is a sum of such (m2m:accessControl-
 * Operations), in ascending order; none for other types. */
const int32_t *mln_model_enum(const struct mln_datatype *type, size_t *ret_count);

/* Name of an enumeration value or bit, e.g. "ABANDON_MEMBER"; NULL when not defined. */
const char *mln_model_enum_name(enum mln_datatype_id id, int64_t value);

/* Alternatives of a UNION data type, as enum mln_datatype_id. */
const uint16_t *mln_model_union(const struct mln_datatype *type, size_t *ret_count);

/* What a TEXT data type wants, for messages: "a timestamp YYYYMMDDThhmmss[,ffffff]". */
const char *mln_model_pattern_text(enum mln_pattern pattern);

/* Root of a content that is no representation: "m2m:sgn". spec: TS-0004 7.5.2 */
struct mln_content {
    struct mln_slice root;
    uint16_t type; /* enum mln_datatype_id */
};

/* By root, or NULL. */
const struct mln_content *mln_model_content(struct mln_slice root);

/* A parameter of requests, by short name. */
struct mln_parameter {
    struct mln_slice name; /* short: "rqi" */
    const char *long_name;
    uint16_t type;
    enum mln_presence presence[MLN_OPERATIONS]; /* by operation, create first */
    bool is_unbuilt; /* refused with NOT_IMPLEMENTED when it asks for something */
};

/* All request parameters; *ret_count of them. */
const struct mln_parameter *mln_model_parameters(size_t *ret_count);

/* The parameter of that short name, or NULL. */
const struct mln_parameter *mln_model_parameter(struct mln_slice name);

/* May Result Content take a value in an operation? `operation` is 1 for create to 5 for notify;
 * discovery is a retrieve with filterUsage discovery. spec: TS-0001 8.1.2 */
bool mln_model_rcn_allowed(unsigned operation, bool is_discovery, uint64_t rcn);

/* The value that counts when the request has none. */
int mln_model_rcn_default(unsigned operation, bool is_discovery);
