/* From errors to the statuses of the library's face; its version; what callers free. */
#include <stdio.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "client/client_int.h"

enum { VALUE_DEPTH = 128, VALUE_ITEMS = 10 * 1000 * 1000 };

static enum merlon_status status_of(mln_err err)
{
    static const struct {
        enum mln_err_code code;
        enum merlon_status status;
    } rows[] = {
        { MLN_ERR_NONE, MERLON_OK },
        { MLN_ERR_NO_MEMORY, MERLON_NO_MEMORY },
        { MLN_ERR_NETWORK, MERLON_UNREACHABLE },
        { MLN_ERR_TIMEOUT, MERLON_TIMEOUT },
        { MLN_ERR_PROTOCOL, MERLON_PROTOCOL },
        { MLN_ERR_SYSTEM, MERLON_SYSTEM },
        { MLN_ERR_OVERLOAD, MERLON_SYSTEM },
        { MLN_ERR_INTERNAL, MERLON_SYSTEM },
        { MLN_ERR_CANCELLED, MERLON_CANCELLED },
        { MLN_ERR_PROTECTION, MERLON_SECURITY },
        { MLN_ERR_ESDATA, MERLON_SECURITY },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].code == err.code) {
            return rows[i].status;
        }
    }
    return MERLON_INVALID;
}

/* Copies text, with a '?' for what is not printable UTF-8. */
static void put_printable(char *out, size_t size, struct mln_slice text)
{
    size_t at = 0;

    while (text.len && at + 1 < size) {
        size_t n = mln_utf8_printable(text);

        if (n > 0 && at + n >= size) {
            break;
        }
        if (n > 0) {
            memcpy(out + at, text.ptr, n);
            at += n;
        } else {
            n = mln_utf8_char(text);
            out[at++] = text.ptr[0] == '\n' || text.ptr[0] == '\r' ? ' ' : '?';
        }
        text = mln_slice_from(text, n ? n : 1);
    }
    out[at] = '\0';
}

enum merlon_status mln_client_tell(enum merlon_status status, int rsc, struct mln_slice text,
                                   struct merlon_error *error)
{
    if (error) {
        memset(error, 0, sizeof *error);
        error->status = status;
        error->rsc = rsc;
        put_printable(error->text, sizeof error->text, text);
    }
    return status;
}

enum merlon_status mln_client_end(mln_err err, const struct mln_fault *fault,
                                  struct merlon_error *error)
{
    const char *text = fault->text[0] ? fault->text : mln_err_text(err);

    if (!mln_failed(err)) {
        return MERLON_OK;
    }
    return mln_client_tell(status_of(err), 0, mln_slice_z(text), error);
}

enum merlon_status mln_client_end_call(const struct mln_client_result *result,
                                       struct merlon_error *error)
{
    enum merlon_status status = mln_client_end(result->err, &result->fault, error);

    if (status != MERLON_OK && error) {
        error->rsc = result->rsc;
    }
    return status;
}

void mln_client_limits(struct mln_limits *ret)
{
    mln_limits_default(ret);
    ret->value_depth = VALUE_DEPTH;
    ret->value_items = VALUE_ITEMS;
}

const char *merlon_version(void)
{
    return MERLON_VERSION;
}

void merlon_free(char *text)
{
    mln_free(text);
}
