/* The store backends that are built in, for messages and checks of options. */
#include "server/tables.h"

#include <string.h>

static const char *const names[] = {
#ifdef MLN_WITH_LMDB
    "lmdb",
#endif
#ifdef MLN_WITH_MEM
    "mem",
#endif
    NULL,
};

const char *mln_stores_default(void)
{
    return names[0];
}

bool mln_stores_has(const char *name)
{
    for (size_t i = 0; names[i]; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}
