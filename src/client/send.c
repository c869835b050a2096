/* Sending: requests of any kind, and one function for each operation. */
#include "base/mem.h"
#include "client/client_int.h"

/* ---- any request ---- */

enum merlon_status merlon_send(struct merlon_client *client, const struct merlon_request *request,
                               struct merlon_response **ret_response, struct merlon_error *error)
{
    struct mln_client_result result;

    mln_client_exchange(client, request, &result);
    if (!mln_failed(result.err)) {
        *ret_response = result.response;
    }
    return mln_client_end_call(&result, error);
}

struct begun {
    merlon_answered *answered;
    void *data;
};

static void on_done(void *data, struct mln_client_result *result)
{
    struct begun begun = *(struct begun *)data;
    struct merlon_error error = { .status = MERLON_OK };
    bool is_answered = mln_client_end_call(result, &error) == MERLON_OK;

    mln_free(data);
    begun.answered(begun.data, result->response, is_answered ? NULL : &error);
}

enum merlon_status merlon_begin(struct merlon_client *client, const struct merlon_request *request,
                                merlon_answered *answered, void *data, struct merlon_error *error)
{
    struct begun *begun = mln_calloc(1, sizeof *begun);
    struct mln_client_call *call = NULL;
    struct mln_fault fault = { 0 };
    mln_err err = MLN_ERROR(NO_MEMORY);

    if (begun) {
        begun->answered = answered;
        begun->data = data;
        err = mln_client_start(client, request, on_done, begun, &call, &fault);
    }
    if (mln_failed(err)) {
        mln_free(begun);
    }
    return mln_client_end(err, &fault, error);
}

/* ---- one operation each ---- */

/* Sends and frees the request. */
static enum merlon_status perform(struct merlon_client *client, struct merlon_request *request,
                                  struct merlon_response **ret, struct merlon_error *error)
{
    struct merlon_response *response = NULL;
    enum merlon_status status;

    status = merlon_send(client, request, &response, error);
    if (status == MERLON_OK) {
        status = merlon_response_check(response, error);
    }
    merlon_request_free(request);
    if (status == MERLON_OK && ret) {
        *ret = response;
    } else {
        merlon_response_free(response);
    }
    return status;
}

static enum merlon_status operate(struct merlon_client *client, enum merlon_operation operation,
                                  const char *to, const struct merlon_content *content,
                                  struct merlon_response **ret, struct merlon_error *error)
{
    struct merlon_error own = { 0 };
    struct merlon_error *told = error ? error : &own;
    struct merlon_request *request = merlon_request_new(operation, to, told);
    enum merlon_status status;

    if (!request) {
        return told->status;
    }
    status = content ? merlon_request_set_content(request, content, told) : MERLON_OK;
    if (status != MERLON_OK) {
        merlon_request_free(request);
        return status;
    }
    return perform(client, request, ret, told);
}

enum merlon_status merlon_create(struct merlon_client *client, const char *parent,
                                 const struct merlon_content *content,
                                 struct merlon_response **ret_response, struct merlon_error *error)
{
    return operate(client, MERLON_CREATE, parent, content, ret_response, error);
}

enum merlon_status merlon_retrieve(struct merlon_client *client, const char *target,
                                   struct merlon_response **ret_response,
                                   struct merlon_error *error)
{
    return operate(client, MERLON_RETRIEVE, target, NULL, ret_response, error);
}

enum merlon_status merlon_update(struct merlon_client *client, const char *target,
                                 const struct merlon_content *content,
                                 struct merlon_response **ret_response, struct merlon_error *error)
{
    return operate(client, MERLON_UPDATE, target, content, ret_response, error);
}

enum merlon_status merlon_delete(struct merlon_client *client, const char *target,
                                 struct merlon_response **ret_response, struct merlon_error *error)
{
    return operate(client, MERLON_DELETE, target, NULL, ret_response, error);
}

enum merlon_status merlon_notify(struct merlon_client *client, const char *target,
                                 const struct merlon_content *content,
                                 struct merlon_response **ret_response, struct merlon_error *error)
{
    return operate(client, MERLON_NOTIFY, target, content, ret_response, error);
}
