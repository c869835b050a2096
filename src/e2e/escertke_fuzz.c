/* Fuzz target of the TLS bytes in m2m:securityInfo, at both ends of ESCertKE. The first byte says
 * which message the rest takes the place of: '1' and '3' at the terminating end, '2' and '4' at the
 * initiating end; those before it are sound. What begins with 't' is the text itself, base64 or
 * not.
 *
 * Whatever comes must end, an answer is a message of the right kind, and no key comes of bytes that
 * no certificate stands behind. */

#include "base/fuzz_test.h"
#include "crypto/base64.h"
#include "crypto/pair_lab_test.h"
#include "e2e/escertke.h"

enum { ARENA_BYTES = 8 << 20 };

static const struct mln_names names = { { "//sp.example", 12 }, { "/in", 3 }, { "cse-in", 6 } };

static struct {
    struct pair_lab lab;
    struct mln_limits limits;
    struct mln_tls_slot *slot;
    struct mln_tls_client *client;
    struct mln_made_keys *keys;
    struct mln_escertke *end;
    struct mln_entity from;
    struct mln_arena *arena;
} fuzz;

/* ---- both ends, made once ---- */

static void make_ends(struct mln_cert_verifier *verifier)
{
    const struct mln_tls_target device = { .ae_id = MLN_S("//sp.example/Sdev") };
    const struct mln_tls_options server = { .env = mln_env_system(),
                                            .identities = &fuzz.lab.cse,
                                            .identity_count = 1,
                                            .clients = MLN_TLS_CLIENT_REQUIRED,
                                            .verifier = verifier,
                                            .expected = &device };
    const struct mln_tls_client_options client = { .env = mln_env_system(),
                                                   .verifier = verifier,
                                                   .identity = fuzz.lab.ae };
    struct mln_escertke_options options = { .env = mln_env_system(), .limits = &fuzz.limits };
    struct mln_tls *tls = NULL;

    require(!mln_failed(mln_tls_new(&server, NULL, &tls)));
    require(!mln_failed(mln_tls_slot_new(&fuzz.slot)));
    mln_tls_slot_set(fuzz.slot, tls);
    mln_tls_unref(tls);
    require(!mln_failed(mln_tls_client_new(&client, NULL, &fuzz.client)));
    require(!mln_failed(mln_made_keys_new(mln_env_system(), &fuzz.limits, fuzz.slot, &fuzz.keys)));
    options.slot = fuzz.slot;
    options.keys = fuzz.keys;
    require(!mln_failed(mln_escertke_new(&options, &fuzz.end)));
}

static void drop_ends(void)
{
    mln_escertke_free(fuzz.end);
    mln_made_keys_free(fuzz.keys);
    mln_tls_client_unref(fuzz.client);
    mln_tls_slot_free(fuzz.slot);
    mln_arena_free(fuzz.arena);
    mln_arena_free(fuzz.lab.arena);
}

static void set_up(void)
{
    static const struct mln_cert_provider provider = { { "//sp.example", 12 }, { "/in", 3 } };
    const struct mln_cert_rules rules = { .env = mln_env_system(), .names = { &provider, 1 } };
    struct mln_cert_verifier *verifier = NULL;

    mln_limits_default(&fuzz.limits);
    fuzz.arena = mln_arena_new(ARENA_BYTES);
    require(fuzz.arena && pair_lab_make(&fuzz.lab));
    require(mln_entity_parse(MLN_S("Sdev"), &names, &fuzz.from));
    require(
        !mln_failed(mln_cert_verifier_new(&rules, fuzz.lab.anchor, MLN_S(""), NULL, &verifier)));
    make_ends(verifier);
    mln_cert_verifier_unref(verifier);
    require(atexit(drop_ends) == 0);
}

/* ---- messages ---- */

static struct mln_slice text_of(struct mln_slice bytes)
{
    struct mln_slice text = { 0 };
    struct mln_buf out;

    mln_buf_init(&out, fuzz.arena, ARENA_BYTES);
    mln_base64_add(&out, bytes);
    require(!mln_failed(mln_buf_finish(&out, &text)));
    return text;
}

static enum mln_tls_flight flight_of(struct mln_slice text)
{
    struct mln_slice bytes = { 0 };

    require(!mln_failed(mln_base64_read(text, fuzz.arena, &bytes)));
    return mln_tls_flight_of(bytes);
}

static mln_err take(struct mln_slice text, struct mln_slice *ret)
{
    struct mln_fault fault = { 0 };
    const struct mln_escertke_message m = { text, &fuzz.from, &names, fuzz.arena, &fault };
    mln_err err = mln_escertke_take(fuzz.end, &m, ret);

    require(!mln_failed(err) || fault.text[0]);
    require(!mln_failed(err) || ret->len == 0 || flight_of(*ret) == MLN_TLS_FLIGHT_ALERT);
    return err;
}

static mln_err hear(struct mln_escertke_run *run, struct mln_slice text, struct mln_slice *ret)
{
    struct mln_value *info = mln_value_new(fuzz.arena, MLN_V_OBJECT);
    mln_err err;

    require(info && !mln_failed(mln_value_set(info, MLN_S("sit"), mln_value_uint(fuzz.arena, 6))));
    require(!mln_failed(mln_value_set(info, MLN_S("eckm"), mln_value_text(fuzz.arena, text))));
    err = mln_escertke_step(run, text.len ? info : NULL, fuzz.arena, NULL, ret);
    require(!mln_failed(err) || ret->len == 0 || flight_of(*ret) == MLN_TLS_FLIGHT_ALERT);
    return err;
}

/* The sound messages up to that number; the last one. */
static struct mln_slice sound(struct mln_escertke_run *run, unsigned number)
{
    struct mln_slice text = { 0 };

    for (unsigned i = 1; i <= number; i++) {
        require(!mln_failed(i % 2 ? hear(run, text, &text) : take(text, &text)));
    }
    return text;
}

/* No certificate stands behind these bytes. A ClientHello needs none: whoever says one gets message
 * 2, whenever that is. */
static void say(unsigned number, struct mln_slice text)
{
    struct mln_escertke_run *run = NULL;
    struct mln_pair_key key;
    struct mln_slice next = { 0 };
    char kid[MLN_MADE_KID];
    const struct mln_tls_target target = { .cse_id = MLN_S("//sp.example/in") };
    mln_err err;

    require(!mln_failed(mln_escertke_begin(fuzz.client, &target, NULL, &run)));
    (void)sound(run, number - 1);
    err = number % 2 ? take(text, &next) : hear(run, text, &next);
    require(mln_failed(err) || (number % 2 && flight_of(text) == MLN_TLS_FLIGHT_1 &&
                                flight_of(next) == MLN_TLS_FLIGHT_2));
    require(mln_failed(mln_escertke_finish(run, INT64_MAX, NULL, &key, kid)));
    mln_escertke_run_free(run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mln_slice rest = mln_slice_of((const char *)data + 1, size ? size - 1 : 0);

    if (!fuzz.arena) {
        set_up();
    }
    mln_arena_reset(fuzz.arena);
    if (size && data[0] >= '1' && data[0] <= '4') {
        (void)mln_tls_flight_of(rest);
        say((unsigned)(data[0] - '0'), text_of(rest));
    } else if (size && data[0] == 't') {
        say(1, rest);
    }
    return 0;
}
