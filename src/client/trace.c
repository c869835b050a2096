/* HTTP messages as text, for whoever wants to see what is said. */
#include "client/client_int.h"

static void put_fields(struct mln_buf *out, const struct mln_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool is_secret = mln_field_is(fields[i].name, MLN_S("Authorization"));

        mln_buf_add(out, fields[i].name);
        mln_buf_add(out, MLN_S(": "));
        mln_buf_add(out, is_secret ? MLN_S("(not shown)") : fields[i].value);
        mln_buf_byte(out, '\n');
    }
}

static void put_body(struct mln_buf *out, struct mln_slice body)
{
    mln_buf_byte(out, '\n');
    mln_buf_add(out, body);
    if (body.len && body.ptr[body.len - 1] != '\n') {
        mln_buf_byte(out, '\n');
    }
}

/* A message that does not fit into memory is not shown: a trace changes nothing else. */
static void hand_over(const struct merlon_client *client, struct mln_buf *out, bool is_request)
{
    mln_buf_byte(out, '\0');
    if (!out->failed) {
        client->trace(client->trace_data, is_request, out->ptr, out->len - 1);
    }
}

void mln_client_trace_request(const struct merlon_client *client,
                              const struct mln_fetch_request *request)
{
    struct mln_arena *arena = client->trace ? mln_arena_new(MLN_CLIENT_ARENA) : NULL;
    struct mln_buf out;

    if (!arena) {
        return;
    }
    mln_buf_init(&out, arena, MLN_CLIENT_ARENA);
    mln_buf_add(&out, request->method);
    mln_buf_byte(&out, ' ');
    mln_buf_add(&out, request->url);
    mln_buf_byte(&out, '\n');
    put_fields(&out, request->fields, request->field_count);
    if (request->has_body) {
        put_body(&out, request->body);
    }
    hand_over(client, &out, true);
    mln_arena_free(arena);
}

void mln_client_trace_answer(const struct merlon_client *client,
                             const struct mln_fetch_answer *answer)
{
    struct mln_arena *arena = client->trace ? mln_arena_new(MLN_CLIENT_ARENA) : NULL;
    struct mln_buf out;

    if (!arena) {
        return;
    }
    mln_buf_init(&out, arena, MLN_CLIENT_ARENA);
    mln_buf_printf(&out, "HTTP %d\n", answer->status);
    put_fields(&out, answer->fields, answer->field_count);
    if (answer->body.len) {
        put_body(&out, answer->body);
    }
    hand_over(client, &out, false);
    mln_arena_free(arena);
}
