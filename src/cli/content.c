/* Content from files and from attributes on the command line. */
#include <string.h>

#include "cli/session.h"

enum { CONTENT_MAX = 64 << 20 };

/* "name=value" or "name:=JSON". */
static int set_one(struct mln_session *s, struct merlon_content *content, const char *operand)
{
    enum merlon_status status;
    struct merlon_error error;
    const char *value;
    char *name;
    size_t len;

    if (!mln_cli_split(s, operand, &name, &value)) {
        return MLN_CLI_USAGE;
    }
    len = strlen(name);
    if (name[len - 1] == ':') {
        name[len - 1] = '\0';
        status = merlon_content_set_json(content, name, value, &error);
    } else {
        status = merlon_content_set(content, name, value, &error);
    }
    return status == MERLON_OK ? MLN_CLI_OK : mln_session_fail(s, &error);
}

/* "mni" of "mni=10" and of "mni:=10". */
static struct mln_slice name_of(const char *operand)
{
    struct mln_slice rest = mln_slice_z(operand);
    struct mln_slice name = mln_slice_cut(&rest, '=');

    name.len -= mln_slice_ends(name, MLN_S(":")) ? 1 : 0;
    return name;
}

static int set_all(struct mln_session *s, struct merlon_content *content)
{
    int code = MLN_CLI_OK;

    for (int i = 0; i < s->operand_count && code == MLN_CLI_OK; i++) {
        for (int j = 0; j < i; j++) {
            if (mln_slice_eq(name_of(s->operands[i]), name_of(s->operands[j]))) {
                return mln_session_misuse(s, "'%s' and '%s' give one attribute two values",
                                          s->operands[j], s->operands[i]);
            }
        }
        code = set_one(s, content, s->operands[i]);
    }
    return code;
}

/* Without a type the root of the text says what it is. */
static struct merlon_content *make(const char *type, struct mln_slice json,
                                   struct merlon_error *error)
{
    struct merlon_content *content;

    if (!type) {
        return merlon_content_new_json(json.ptr, json.len, error);
    }
    content = merlon_content_new(type, error);
    if (content && json.ptr &&
        merlon_content_read(content, json.ptr, json.len, error) != MERLON_OK) {
        merlon_content_free(content);
        return NULL;
    }
    return content;
}

int mln_session_content(struct mln_session *s, const char *type, const char *path,
                        struct merlon_content **ret)
{
    struct merlon_content *content;
    struct mln_slice json = { 0 };
    struct mln_fault fault = { 0 };
    struct merlon_error error;
    int code;

    if (path && mln_failed(mln_cli_read_file(path, CONTENT_MAX, s->arena, &json, &fault))) {
        mln_cli_say("%s", fault.text);
        return MLN_CLI_FAILED;
    }
    content = make(type, json, &error);
    if (!content) {
        return mln_session_fail(s, &error);
    }
    code = set_all(s, content);
    if (code != MLN_CLI_OK) {
        merlon_content_free(content);
        return code;
    }
    *ret = content;
    return MLN_CLI_OK;
}

int mln_session_send_content(struct mln_session *s, enum merlon_operation operation,
                             struct merlon_content *content)
{
    int code = MLN_CLI_OK;
    struct merlon_request *request = mln_session_request(s, operation, &code);
    enum merlon_status status;
    struct merlon_error error;

    if (!request) {
        merlon_content_free(content);
        return code;
    }
    status = merlon_request_set_content(request, content, &error);
    merlon_content_free(content);
    if (status != MERLON_OK) {
        merlon_request_free(request);
        return mln_session_fail(s, &error);
    }
    return mln_session_send(s, request);
}
