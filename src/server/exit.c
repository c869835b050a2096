/* Exit codes and messages from errors. */
#include "server/exit.h"

enum mln_exit mln_exit_of(mln_err err)
{
    if (!mln_failed(err)) {
        return MLN_EXIT_OK;
    }
    if (err.code == MLN_ERR_STORE_IN_USE) {
        return MLN_EXIT_STORE_IN_USE;
    }
    if (err.code == MLN_ERR_STORE_CORRUPT || err.code == MLN_ERR_STORE_VERSION) {
        return MLN_EXIT_STORE_DAMAGED;
    }
    if (err.code == MLN_ERR_SEAL_BROKEN || err.code == MLN_ERR_SEAL_VERSION) {
        return MLN_EXIT_STORE_DAMAGED;
    }
    return err.code == MLN_ERR_CONFIG || err.code == MLN_ERR_SEAL_KEY ? MLN_EXIT_USAGE
                                                                      : MLN_EXIT_FAILED;
}

const char *mln_exit_text(mln_err err, const struct mln_fault *fault)
{
    return fault->text[0] ? fault->text : mln_err_text(err);
}
