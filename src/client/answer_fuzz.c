/* Fuzz target of what comes from a CSE: answers with their references and addresses, notifications,
 * and content from files. The input is header lines, an empty line, a body. */
#include <string.h>

#include "base/fuzz_test.h"
#include "client/client_int.h"

enum { FIELDS = 16 };

/* Text that is given out ends in NUL where it says. */
static void look_at(const struct merlon_json *value)
{
    const char *text = merlon_json_text(value);

    require(!text || text[merlon_json_text_size(value)] == '\0');
    (void)strlen(merlon_json_name(value));
    for (const struct merlon_json *v = merlon_json_first(value); v; v = merlon_json_next(v)) {
        look_at(v);
    }
}

static void look_at_answer(struct merlon_response *r)
{
    const struct merlon_reference *reference;
    char *text = merlon_json_write(merlon_response_json(r), true);
    size_t size;
    size_t count = 0;

    require(strlen(merlon_response_debug(r)) < SIZE_MAX);
    require(merlon_response_content(r, &size)[size] == '\0');
    look_at(merlon_response_json(r));
    look_at(merlon_response_attribute(r, "ri"));
    while ((reference = merlon_response_reference(r, count))) {
        require(*reference->address && reference->name && reference->type >= 0);
        count++;
    }
    if (merlon_response_address(r)) {
        (void)strlen(merlon_response_address(r));
    }
    merlon_free(text);
}

static int on_notified(void *data, const struct merlon_notification *n)
{
    (void)data;
    look_at(merlon_notification_json(n));
    look_at(merlon_notification_representation(n));
    require(merlon_notification_event(n) >= 0);
    require(strlen(merlon_notification_subscription(n)) < SIZE_MAX);
    return 0;
}

static void try_notification(struct mln_slice body)
{
    struct mln_arena *arena = mln_arena_new(MLN_CLIENT_ARENA);
    struct mln_fault fault = { 0 };
    struct mln_value *content = NULL;

    if (!mln_failed(mln_client_read_json(body, arena, &content, &fault))) {
        require(mln_client_take_notification(content, "", on_notified, NULL) >= 2000);
    }
    mln_arena_free(arena);
}

static void try_content(struct mln_slice body)
{
    struct merlon_error error;
    struct merlon_content *content = merlon_content_new_json(body.ptr, body.len, &error);
    char *text = content ? merlon_content_write(content) : NULL;

    require(!content || text);
    merlon_free(text);
    merlon_content_free(content);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mln_slice rest = mln_slice_of((const char *)data, size);
    struct mln_field fields[FIELDS];
    struct mln_fetch_answer answer = { .why = "", .status = 200, .fields = fields };
    struct merlon_response *response = NULL;
    struct mln_fault fault = { 0 };

    while (rest.ptr && answer.field_count < FIELDS) {
        struct mln_slice line = mln_slice_cut(&rest, '\n');

        if (line.len == 0) {
            break;
        }
        fields[answer.field_count].name = mln_slice_cut(&line, ':');
        fields[answer.field_count].value = mln_slice_trim(line);
        answer.field_count++;
    }
    answer.body = rest;
    if (!mln_failed(mln_client_read_answer(&answer, MLN_S("/id-2/x"), &response, &fault))) {
        look_at_answer(response);
    }
    merlon_response_free(response);
    try_notification(rest);
    try_content(rest);
    return 0;
}
