/* The target: everything here runs on the stub's thread, but for start and stop. */
#include "client/esprim_stub_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/json.h"
#include "e2e/inner.h"
#include "model/pack.h"

enum { ARENA = 1 << 20, LIFE_S = 600 };

/* ---- keys ---- */

static mln_err find(void *data, struct mln_slice kid, int64_t now_us, struct mln_pair_key *ret)
{
    struct mln_association draft = { .credential_id = MLN_S("13-" MLN_ESPRIM_STUB_KEY_ID),
                                     .expires_us = INT64_MAX };
    struct mln_esprim_stub *s = data;
    unsigned char bytes[32];

    if (!mln_slice_eq(kid, MLN_S(MLN_ESPRIM_STUB_KEY_ID))) {
        return s->made ? mln_made_keys_find(s->made, kid, now_us, ret) : MLN_ERROR(NOT_FOUND);
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)i;
    }
    MLN_TRY(mln_association_new(&draft, &ret->association));
    ret->key = mln_secret_of(bytes, sizeof bytes);
    MLN_REQUIRE(ret->key, NO_MEMORY);
    return MLN_OK;
}

/* ---- the engine ---- */

static int64_t now_us(void *data)
{
    struct mln_esprim_stub *s = data;

    return mln_env_now_us(mln_env_system()) + atomic_load(&s->ahead_us);
}

static mln_err random_bytes(void *data, void *out, size_t len)
{
    (void)data;
    return mln_env_random(mln_env_system(), out, len);
}

static void restart_escertke(struct mln_esprim_stub *s)
{
    struct mln_escertke_options options = { .env = &s->env, .limits = &s->limits, .slot = s->slot };

    mln_escertke_free(s->escertke);
    mln_made_keys_free(s->made);
    s->escertke = NULL;
    s->made = NULL;
    if (s->slot) {
        assert_false(mln_failed(mln_made_keys_new(&s->env, &s->limits, s->slot, &s->made)));
        options.keys = s->made;
        assert_false(mln_failed(mln_escertke_new(&options, &s->escertke)));
    }
}

static void restart(struct mln_esprim_stub *s)
{
    static const enum mln_jose_enc encs[] = { MLN_JOSE_A128GCM, MLN_JOSE_A256GCM };
    struct mln_esprim_target_options options = {
        .env = &s->env,
        .limits = &s->limits,
        .keys = { .data = s, .find = find },
        .is_shared = true,
        .random_us = INT64_C(1000000) * LIFE_S,
        .encs = encs,
        .enc_count = sizeof encs / sizeof *encs,
    };

    mln_esprim_target_free(s->target);
    s->target = NULL;
    assert_false(mln_failed(mln_esprim_target_new(&options, &s->target)));
    restart_escertke(s);
}

/* ---- answers ---- */

static const char *say(struct mln_esprim_stub *s, int rsc, const char *content)
{
    int n = snprintf(s->answer, sizeof s->answer,
                     "HTTP/1.1 200 \r\nX-M2M-RSC: %d\r\nX-M2M-RI: 1\r\nConnection: close\r\n"
                     "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                     rsc, strlen(content), content);

    assert_true(n > 0 && (size_t)n < sizeof s->answer);
    return s->answer;
}

/* A receiver object as JSON. */
static const char *object_text(struct mln_esprim_stub *s, const struct mln_e2e_random *random)
{
    struct mln_buf out;

    mln_buf_init(&out, s->arena, ARENA);
    mln_e2e_random_canonical(random, &out);
    mln_buf_byte(&out, '\0');
    assert_false(out.failed);
    return out.ptr;
}

static const char *say_info(struct mln_esprim_stub *s)
{
    struct mln_e2e_random random = { .id = MLN_S("S0") };
    int fault = atomic_load(&s->fault);
    char text[2048];

    atomic_fetch_add(&s->infos, 1);
    if (fault == MLN_FAULT_NO_RIGHT) {
        return say(s, 4103, "{\"m2m:dbg\":\"not you\"}");
    }
    if (fault == MLN_FAULT_NO_INFO) {
        return say(s, 2000, "{\"m2m:cb\":{}}");
    }
    if (fault == MLN_FAULT_OTHER_SUIDS) {
        return say(s, 2000, "{\"m2m:cb\":{\"esi\":{\"esf\":[14,45]}}}");
    }
    if (!atomic_load(&s->is_shared)) {
        return say(s, 2000, "{\"m2m:cb\":{\"esi\":{\"esf\":[12,13]}}}");
    }
    if (atomic_load(&s->is_esro_old)) {
        return say(s, 2000,
                   "{\"m2m:cb\":{\"esi\":{\"esf\":[13],\"esro\":{\"esri\":\"S1\",\"esrv\":\"R1\","
                   "\"esrx\":\"20200101T000000\",\"esks\":[1],\"espa\":[12]}}}}");
    }
    assert_false(mln_failed(mln_esprim_target_shared(s->target, s->arena, &random)));
    (void)snprintf(text, sizeof text, "{\"m2m:cb\":{\"esi\":{\"esf\":[13],\"esro\":%s}}}",
                   object_text(s, &random));
    return say(s, 2000, text);
}

static const char *say_object(struct mln_esprim_stub *s)
{
    struct mln_e2e_random random;
    char text[2048];

    atomic_fetch_add(&s->offers, 1);
    if (atomic_load(&s->fault) == MLN_FAULT_NO_OBJECT) {
        return say(s, 2000, "{\"m2m:seci\":{\"sit\":4}}");
    }
    assert_false(mln_failed(mln_esprim_target_offer(s->target, s->arena, &random)));
    (void)snprintf(text, sizeof text, "{\"m2m:seci\":{\"sit\":4,\"ero\":%s}}",
                   object_text(s, &random));
    return say(s, 2000, text);
}

static void note(struct mln_esprim_stub *s, const struct mln_value *params)
{
    struct mln_slice text = { 0 };
    struct mln_buf out;

    mln_buf_init(&out, s->arena, ARENA);
    mln_json_write_value(&out, params, false);
    assert_false(mln_failed(mln_buf_finish(&out, &text)));
    (void)snprintf(s->last, sizeof s->last, "%.*s", MLN_S_ARG(text));
}

/* The inner answer: a container, whatever was asked. */
static struct mln_slice respond(struct mln_esprim_stub *s, const struct mln_value *params,
                                const struct mln_serialisation **form)
{
    static const char content[] = "{\"m2m:cnt\":{\"ri\":\"c1\",\"mni\":3}}";
    int fault = atomic_load(&s->fault);
    struct mln_response response = { .rsc = MLN_RSC_OK, .rvi = MLN_S("3") };
    struct mln_value *pc = NULL;
    struct mln_slice text = { 0 };
    struct mln_fault why;
    struct mln_buf out;

    response.rqi = mln_value_get(params, MLN_S("rqi"))->text;
    response.rqi = fault == MLN_FAULT_OTHER_REQUEST ? MLN_S("other") : response.rqi;
    response.rsc = fault == MLN_FAULT_DENIED ? MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE : MLN_RSC_OK;
    if (fault != MLN_FAULT_DENIED) {
        assert_false(
            mln_failed(mln_json_read(mln_slice_z(content), &s->limits, s->arena, &pc, &why)));
        mln_buf_init(&out, s->arena, ARENA);
        mln_pack_value(&out, pc);
        assert_false(mln_failed(mln_buf_finish(&out, &response.pc)));
    }
    assert_false(mln_failed(mln_inner_write_response(form, &response, s->arena, ARENA, &text)));
    return text;
}

static const char *answer_opened(struct mln_esprim_stub *s, struct mln_esprim_opened *opened)
{
    const struct mln_serialisation *form = opened->form;
    struct mln_value *params = NULL;
    struct mln_slice object = { 0 };
    struct mln_fault why = { 0 };
    struct mln_slice text;
    char content[8192];
    int n;

    atomic_fetch_add(&s->opened, 1);
    assert_false(mln_failed(
        mln_inner_read_request(opened->form, opened->text, &s->limits, s->arena, &params, &why)));
    note(s, params);
    text = respond(s, params, &form);
    assert_false(mln_failed(
        mln_esprim_target_answer(s->target, opened->reply, form, text, s->arena, &object)));
    mln_association_unref(opened->association);
    n = snprintf(content, sizeof content, "{\"m2m:seci\":{\"sit\":5,\"epo\":\"%.*s\"}}",
                 MLN_S_ARG(object));
    assert_true(n > 0 && (size_t)n < sizeof content);
    if (atomic_load(&s->fault) == MLN_FAULT_CHANGED) {
        content[n - 4] ^= content[n - 4] == 'A' ? 'A' ^ 'B' : content[n - 4] ^ 'A';
    }
    return say(s, 2000, content);
}

static const char *take_object(struct mln_esprim_stub *s, struct mln_slice object)
{
    struct mln_esprim_opened opened = { 0 };
    struct mln_esprim_object parts;
    struct mln_fault why = { 0 };
    mln_err err;

    if (!mln_failed(mln_esprim_read(object, &s->limits, now_us(s), s->arena, &parts, &why))) {
        atomic_fetch_add(&s->firsts, parts.header.oro != NULL);
    }
    err = mln_esprim_target_open(s->target, object, s->arena, &opened, &why);
    if (mln_failed(err)) {
        return say(s, (int)mln_err_rsc(err), "");
    }
    return answer_opened(s, &opened);
}

static const char *protected_request(struct mln_esprim_stub *s, struct mln_slice object)
{
    int once = MLN_FAULT_ONCE_4113;

    atomic_fetch_add(&s->objects, 1);
    if (atomic_compare_exchange_strong(&s->fault, &once, MLN_FAULT_NONE)) {
        return say(s, 4113, "");
    }
    switch (atomic_load(&s->fault)) {
    case MLN_FAULT_BARE:
        return say(s, 2000, "{\"m2m:cnt\":{\"ri\":\"c1\",\"mni\":3}}");
    case MLN_FAULT_REFUSED:
        return say(s, 4103, "{\"m2m:dbg\":\"no NOTIFY for you\"}");
    case MLN_FAULT_ALWAYS_4113:
        return say(s, 4113, "");
    case MLN_FAULT_ALWAYS_4114:
        return say(s, 4114, "");
    case MLN_FAULT_SILENCE:
        return MLN_STUB_SILENCE;
    default:
        return take_object(s, object);
    }
}

/* A message of ESCertKE from whom X-M2M-Origin names. */
static const char *take_message(struct mln_esprim_stub *s, const char *request,
                                struct mln_slice text)
{
    static const struct mln_names names = { { "//sp.example", 12 }, { "/in", 3 }, { "cse-in", 6 } };
    struct mln_slice from = mln_slice_z(strstr(request, "X-M2M-Origin: ") + 14);
    struct mln_entity entity;
    struct mln_fault why = { 0 };
    struct mln_escertke_message m = { text, &entity, &names, s->arena, &why };
    struct mln_slice next = { 0 };
    char content[8192];
    mln_err err = MLN_ERROR(NOT_IMPLEMENTED);

    from = mln_slice_head(from, mln_slice_find(from, '\r'));
    atomic_fetch_add(&s->messages, 1);
    assert_true(mln_entity_parse(from, &names, &entity));
    if (s->escertke) {
        err = mln_escertke_take(s->escertke, &m, &next);
    }
    if (mln_failed(err) && !next.len) {
        return say(s, (int)mln_err_rsc(err), "");
    }
    (void)snprintf(content, sizeof content, "{\"m2m:seci\":{\"sit\":6,\"eckm\":\"%.*s\"}}",
                   MLN_S_ARG(next));
    return say(s, mln_failed(err) ? (int)mln_err_rsc(err) : 2000, content);
}

static const char *answer(void *data, const char *request)
{
    struct mln_esprim_stub *s = data;
    const char *body = strstr(request, "\r\n\r\n");
    struct mln_value *v = NULL;
    struct mln_fault why;
    uint64_t sit = 0;

    mln_arena_reset(s->arena);
    if (atomic_exchange(&s->has_restarted, false)) {
        restart(s);
    }
    if (strncmp(request, "GET ", 4) == 0) {
        return strstr(request, "atrl=esi") ? say_info(s) : say(s, 4004, "");
    }
    assert_false(mln_failed(mln_json_read(mln_slice_z(body + 4), &s->limits, s->arena, &v, &why)));
    v = mln_value_get(v, MLN_S("m2m:seci"));
    assert_true(mln_value_u64(mln_value_get(v, MLN_S("sit")), &sit));
    if (sit == 6) {
        return take_message(s, request, mln_value_get(v, MLN_S("eckm"))->text);
    }
    return sit == 3 ? say_object(s) : protected_request(s, mln_value_get(v, MLN_S("epo"))->text);
}

void mln_esprim_stub_start(struct mln_esprim_stub *stub, struct mln_tls_slot *slot)
{
    memset(stub, 0, sizeof *stub);
    stub->slot = slot;
    stub->env = (struct mln_env){ .data = stub, .now_us = now_us, .random = random_bytes };
    mln_limits_default(&stub->limits);
    stub->arena = mln_arena_new(ARENA);
    assert_non_null(stub->arena);
    restart(stub);
    mln_stub_start_with(&stub->stub, answer, stub);
}

void mln_esprim_stub_stop(struct mln_esprim_stub *stub)
{
    mln_stub_stop(&stub->stub);
    mln_esprim_target_free(stub->target);
    mln_escertke_free(stub->escertke);
    mln_made_keys_free(stub->made);
    mln_arena_free(stub->arena);
}
