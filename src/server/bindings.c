/* The bindings that are built in. Add a row; nothing else changes. */
#include "server/tables.h"

#ifdef MLN_WITH_HTTP
#include "bind/http/http.h"
#endif

static const struct mln_binding_ops *const bindings[] = {
#ifdef MLN_WITH_HTTP
    &mln_http_binding,
#endif
    NULL,
};

const struct mln_binding_ops *const *mln_bindings(void)
{
    return bindings;
}

const struct mln_binding_ops *mln_binding_of(struct mln_slice scheme)
{
    for (size_t i = 0; bindings[i]; i++) {
        if (mln_slice_eq(bindings[i]->scheme, scheme) ||
            (scheme.len && mln_slice_eq(bindings[i]->secured_scheme, scheme))) {
            return bindings[i];
        }
    }
    return NULL;
}

bool mln_binding_is_secured(struct mln_slice scheme)
{
    const struct mln_binding_ops *ops = mln_binding_of(scheme);

    return ops && scheme.len && mln_slice_eq(ops->secured_scheme, scheme);
}
