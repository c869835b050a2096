/* Exit codes by table. */
#include "cli/exit.h"

/* Single codes first, then classes. spec: TS-0004 6.6.2, 6.6.3 */
enum mln_cli_exit mln_cli_exit_of_rsc(int rsc)
{
    static const struct {
        int first;
        int last;
        enum mln_cli_exit code;
    } rows[] = {
        { 4004, 4004, MLN_CLI_NOT_FOUND },
        { 4101, 4101, MLN_CLI_DENIED },   /* SUBSCRIPTION_CREATOR_HAS_NO_PRIVILEGE */
        { 4103, 4103, MLN_CLI_DENIED },   /* ORIGINATOR_HAS_NO_PRIVILEGE */
        { 4106, 4106, MLN_CLI_DENIED },   /* ORIGINATOR_NOT_AUTHENTICATED */
        { 4107, 4107, MLN_CLI_DENIED },   /* SECURITY_ASSOCIATION_REQUIRED */
        { 4116, 4116, MLN_CLI_DENIED },   /* ESPRIM_IMPERSONATION_ERROR */
        { 4126, 4128, MLN_CLI_DENIED },   /* APP_RULE_VALIDATION_FAILED and its like */
        { 5105, 5105, MLN_CLI_DENIED },   /* RECEIVER_HAS_NO_PRIVILEGE */
        { 5205, 5205, MLN_CLI_DENIED },   /* SUBSCRIPTION_HOST_HAS_NO_PRIVILEGE */
        { 4105, 4105, MLN_CLI_CONFLICT }, /* CONFLICT */
        { 4117, 4117, MLN_CLI_CONFLICT }, /* ORIGINATOR_HAS_ALREADY_REGISTERED */
        { 4000, 4999, MLN_CLI_REFUSED },
        { 5000, 6999, MLN_CLI_RECEIVER },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rsc >= rows[i].first && rsc <= rows[i].last) {
            return rows[i].code;
        }
    }
    return MLN_CLI_FAILED;
}

enum mln_cli_exit mln_cli_exit_of(const struct merlon_error *error)
{
    switch (error->status) {
    case MERLON_OK:
        return MLN_CLI_OK;
    case MERLON_INVALID:
        return MLN_CLI_USAGE;
    case MERLON_UNREACHABLE:
    case MERLON_TIMEOUT:
        return MLN_CLI_NO_ANSWER;
    case MERLON_REFUSED:
        return mln_cli_exit_of_rsc(error->rsc);
    case MERLON_SECURITY:
        return MLN_CLI_UNPROTECTED;
    case MERLON_NO_MEMORY:
    case MERLON_PROTOCOL:
    case MERLON_SYSTEM:
    case MERLON_CANCELLED:
        break;
    }
    return MLN_CLI_FAILED;
}
