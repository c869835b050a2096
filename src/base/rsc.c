/* Response status codes, from the rows of the generated header. */
#include "base/rsc.h"

#include <stddef.h>

struct row {
    const char *name;
    uint16_t code;
    uint16_t http;
};

/* ascending by code */
static const struct row rows[] = {
#define X(name, code, http, coap) { #name, code, http },
    MLN_RSC_ROWS(X)
#undef X
};

static const struct row *find(uint64_t code)
{
    size_t low = 0;
    size_t high = sizeof rows / sizeof rows[0];

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (rows[middle].code == code) {
            return &rows[middle];
        }
        if (rows[middle].code < code) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const char *mln_rsc_name(enum mln_rsc rsc)
{
    const struct row *row = find((uint64_t)rsc);

    return row ? row->name : "UNKNOWN";
}

bool mln_rsc_is_final(enum mln_rsc rsc)
{
    return rsc >= MLN_RSC_OK && find((uint64_t)rsc);
}

int mln_rsc_http(enum mln_rsc rsc)
{
    const struct row *row = find((uint64_t)rsc);

    return row ? row->http : 500;
}
