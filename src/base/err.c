/* Texts, classes and response status codes of the errors, from errors.def. */
#include "base/err.h"

struct row {
    const char *name;
    const char *text;
    enum mln_err_class kind;
    enum mln_rsc rsc;
};

static const struct row rows[MLN_ERR_CODES] = {
    [MLN_ERR_NONE] = { "NONE", "success", MLN_ERR_CLASS_REQUEST, MLN_RSC_OK },
#define MLN_E(name, kind, rsc, text) [MLN_ERR_##name] = { #name, text, MLN_ERR_CLASS_##kind, rsc },
#include "base/errors.def"
#undef MLN_E
};

static const struct row *row_of(mln_err err)
{
    unsigned code = (unsigned)err.code;

    return &rows[code < MLN_ERR_CODES ? code : MLN_ERR_INTERNAL];
}

const char *mln_err_text(mln_err err)
{
    return row_of(err)->text;
}

const char *mln_err_name(mln_err err)
{
    return row_of(err)->name;
}

enum mln_err_class mln_err_class(mln_err err)
{
    return row_of(err)->kind;
}

enum mln_rsc mln_err_rsc(mln_err err)
{
    return row_of(err)->rsc;
}
