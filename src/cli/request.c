/* Requests of the commands: common parameters, sending, printing. */
#include <string.h>

#include "cli/session.h"

bool mln_cli_split(struct mln_session *s, const char *argument, char **ret_name,
                   const char **ret_value)
{
    struct mln_slice rest = mln_slice_z(argument);
    struct mln_slice name = mln_slice_cut(&rest, '=');

    if (!rest.ptr || name.len == 0) {
        (void)mln_session_misuse(s, "'%s' is not of the form NAME=VALUE", argument);
        return false;
    }
    *ret_name = mln_arena_zdup(s->arena, name);
    *ret_value = rest.ptr;
    if (!*ret_name) {
        mln_cli_say("out of memory");
    }
    return *ret_name != NULL;
}

static enum merlon_status set_claims(const struct mln_session *s, struct merlon_request *request,
                                     struct merlon_error *error)
{
    enum merlon_status status = MERLON_OK;

    for (size_t i = 0; status == MERLON_OK && i < s->claim_count; i++) {
        status = merlon_request_add(request, s->claims[i].parameter, s->claims[i].value, error);
    }
    if (status == MERLON_OK && s->wants_token_request) {
        status = merlon_request_set(request, "tqi", "true", error);
    }
    return status;
}

static int set_params(struct mln_session *s, struct merlon_request *request)
{
    struct merlon_error error;

    if (s->rcn && merlon_request_set(request, "rcn", s->rcn, &error) != MERLON_OK) {
        return mln_session_fail(s, &error);
    }
    for (size_t i = 0; i < s->param_count; i++) {
        char *name;
        const char *value;

        if (!mln_cli_split(s, s->params[i], &name, &value)) {
            return MLN_CLI_USAGE;
        }
        if (merlon_request_set(request, name, value, &error) != MERLON_OK) {
            return mln_session_fail(s, &error);
        }
    }
    return set_claims(s, request, &error) == MERLON_OK ? MLN_CLI_OK : mln_session_fail(s, &error);
}

enum merlon_status mln_session_retrieve(struct mln_session *s, const char *target,
                                        struct merlon_response **ret, struct merlon_error *error)
{
    struct merlon_request *request = merlon_request_new(MERLON_RETRIEVE, target, error);
    struct merlon_response *response = NULL;
    enum merlon_status status;

    if (!request) {
        return error->status;
    }
    status = set_claims(s, request, error);
    if (status == MERLON_OK) {
        status = merlon_send(s->client, request, &response, error);
    }
    merlon_request_free(request);
    if (status == MERLON_OK) {
        status = merlon_response_check(response, error);
    }
    if (status == MERLON_OK) {
        *ret = response;
    } else {
        merlon_response_free(response);
    }
    return status;
}

struct merlon_request *mln_session_request(struct mln_session *s, enum merlon_operation operation,
                                           int *ret_code)
{
    struct merlon_request *request;
    struct merlon_error error;

    if (!s->target || !*s->target) {
        *ret_code = mln_session_misuse(s, "a target is missing");
        return NULL;
    }
    request = merlon_request_new(operation, s->target, &error);
    if (!request) {
        *ret_code = mln_session_fail(s, &error);
        return NULL;
    }
    *ret_code = set_params(s, request);
    if (*ret_code != MLN_CLI_OK) {
        merlon_request_free(request);
        return NULL;
    }
    return request;
}

static void tell_local_tokens(const struct mln_session *s, const struct merlon_response *response)
{
    const struct merlon_local_token *t;

    for (size_t i = 0; s->is_verbose && (t = merlon_response_local_token(response, i)) != NULL;
         i++) {
        (void)fflush(stdout);
        (void)fputs("merlon: the token ", stderr);
        mln_cli_print_text(stderr, t->token_id);
        (void)fputs(" can now be named by --local-token-id ", stderr);
        mln_cli_print_text(stderr, t->id);
        (void)fputc('\n', stderr);
    }
}

int mln_session_send(struct mln_session *s, struct merlon_request *request)
{
    struct merlon_response *response = NULL;
    struct merlon_error error;
    enum merlon_status status = merlon_send(s->client, request, &response, &error);
    int code;

    if (status == MERLON_OK) {
        status = merlon_response_check(response, &error);
    }
    code = status == MERLON_OK ? mln_session_print(s, response) : mln_session_fail(s, &error);
    if (status == MERLON_OK) {
        tell_local_tokens(s, response);
    }
    if (status == MERLON_OK && merlon_response_is_partial(response, NULL)) {
        mln_cli_say("the answer is only a part of the result");
    }
    merlon_response_free(response);
    merlon_request_free(request);
    return code;
}
