/* Tests of the client's side: which server is believed. SEC-SAE-08, SEC-CRT-06 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/tls_pair_test.h"

#define K1 "k1@sp.example"

struct setting {
    bool knows_anchor;
    bool has_key;
    char key_byte;
    const struct mln_tls_identity *identity;
    enum mln_tls_version version;
    bool knows_credentials;
    bool asks_keyless; /* a server with a certificate and without keys */
};

static struct mln_tls_client *make_client(struct tls_lab *lab, const struct setting *s)
{
    struct mln_tls_client_options options = {
        .env = &lab->env,
        .verifier = s->knows_anchor ? mln_tls_lab_verifier(lab) : NULL,
        .least = s->version,
        .greatest = s->version,
    };
    struct mln_secret *key = mln_secret_new(MLN_CREDENTIAL_KEY_USUAL);
    struct mln_tls_client *client = NULL;
    struct mln_fault fault = { 0 };

    memset(mln_secret_room(key), s->key_byte, MLN_CREDENTIAL_KEY_USUAL);
    if (s->has_key) {
        options.psk_identity = MLN_S(K1);
        options.psk = key;
    }
    if (s->identity) {
        options.identity = *s->identity;
    }
    if (s->knows_credentials) {
        options.credentials = lab->dir->credentials;
    }
    if (mln_failed(mln_tls_client_new(&options, &fault, &client))) {
        fail_msg("%s", fault.text);
    }
    mln_cert_verifier_unref(options.verifier);
    mln_secret_free(key);
    return client;
}

static struct mln_tls *make_keyless(struct tls_lab *lab)
{
    struct mln_tls_options options = mln_tls_lab_options(lab);
    struct mln_tls *tls = NULL;

    options.credentials = NULL;
    assert_false(mln_failed(mln_tls_new(&options, NULL, &tls)));
    return tls;
}

static struct mln_tls *make_server(struct tls_lab *lab, bool has_certificate)
{
    struct mln_tls_options options = mln_tls_lab_options(lab);
    struct mln_tls *tls = NULL;

    options.identity_count = has_certificate ? 1 : 0;
    options.clients = MLN_TLS_CLIENT_OPTIONAL;
    options.verifier = mln_tls_lab_verifier(lab);
    assert_false(mln_failed(mln_tls_new(&options, NULL, &tls)));
    mln_cert_verifier_unref(options.verifier);
    return tls;
}

/* Does the client, with these settings, take the lab's server for the target? */
static bool believes(struct tls_lab *lab, const struct setting *s,
                     const struct mln_tls_target *target)
{
    struct mln_tls *tls = s->asks_keyless ? make_keyless(lab) : make_server(lab, !s->has_key);
    struct tls_client want = { .ours = make_client(lab, s), .target = *target };
    struct tls_pair p;
    bool is_done;

    mln_tls_pair_shake(&p, tls, &want);
    is_done = p.is_done && SSL_is_init_finished(p.client);
    if (is_done && s->has_key) {
        assert_true(mln_slice_eq(p.association->credential_id, MLN_S("12-" K1)));
    }
    if (is_done && s->identity) {
        assert_true(mln_slice_eq(p.association->credential_id, MLN_S("33-//sp.example/Sdev")));
    }
    mln_tls_pair_done(&p);
    mln_tls_client_unref(want.ours);
    mln_tls_unref(tls);
    return is_done;
}

static void believes_the_server_that_it_expects(void **state)
{
    const struct mln_tls_target by_name = { .domain = MLN_S("in.sp.example") };
    const struct mln_tls_target by_cse_id = { .domain = MLN_S("127.0.0.1"),
                                              .cse_id = MLN_S("//sp.example/in") };

    for (int i = 0; i < 2; i++) {
        struct setting s = { .knows_anchor = true, .version = (enum mln_tls_version)i };

        assert_true(believes(*state, &s, &by_name));
        assert_true(believes(*state, &s, &by_cse_id));
    }
}

static void believes_no_other_server(void **state)
{
    static const struct mln_tls_target others[] = {
        { .domain = { "other.sp.example", 16 } },
        { .domain = { "sp.example", 10 } },
        { .domain = { "127.0.0.1", 9 } },
        { .domain = { "in.sp.example", 13 }, .cse_id = { "//sp.example/mn", 15 } },
        { .domain = { "in.sp.example", 13 }, .ae_id = { "//sp.example/Sdev", 17 } },
        { .why = NULL }, /* nobody */
    };

    for (size_t i = 0; i < 2 * (sizeof others / sizeof others[0]); i++) {
        struct setting s = { .knows_anchor = true, .version = (enum mln_tls_version)(i % 2) };

        assert_false(believes(*state, &s, &others[i / 2]));
    }
}

/* Nothing is believed by default, the system's anchors neither. */
static void believes_nobody_without_an_anchor(void **state)
{
    const struct mln_tls_target target = { .domain = MLN_S("in.sp.example") };

    for (int i = 0; i < 2; i++) {
        struct setting s = { .version = (enum mln_tls_version)i };
        struct tls_client want = { .target = target }; /* no client's context at all */
        struct mln_tls *tls = make_server(*state, true);
        struct tls_pair p;

        assert_false(believes(*state, &s, &target));
        mln_tls_pair_shake(&p, tls, &want);
        assert_false(p.is_done && SSL_is_init_finished(p.client));
        mln_tls_pair_done(&p);
        mln_tls_unref(tls);
    }
}

static void a_key_is_enough(void **state)
{
    const struct mln_tls_target target = { .domain = MLN_S("127.0.0.1") };

    for (int i = 0; i < 2; i++) {
        struct setting s = { .has_key = true, .key_byte = 'a', .version = (enum mln_tls_version)i };

        assert_true(believes(*state, &s, &target));
        s.key_byte = 'x';
        assert_false(believes(*state, &s, &target));
    }
}

/* The credential decides, not the host: security.md 16.3, SEC-SAE-07. */
static void believes_the_credential_of_the_target(void **state)
{
    const struct mln_tls_target by_key = { .domain = MLN_S("other.sp.example"),
                                           .credential_id = MLN_S("12-" K1) };
    const struct mln_tls_target by_certificate = { .domain = MLN_S("other.sp.example"),
                                                   .credential_id = MLN_S("32-//sp.example/in") };

    for (int i = 0; i < 2; i++) {
        struct setting s = { .knows_anchor = true,
                             .knows_credentials = true,
                             .version = (enum mln_tls_version)i };

        assert_true(believes(*state, &s, &by_key));
        assert_true(believes(*state, &s, &by_certificate));
        s.has_key = true; /* the client's own key is for others */
        s.key_byte = 'x';
        assert_true(believes(*state, &s, &by_key));
        s.asks_keyless = true;
        s.has_key = false;
        assert_false(believes(*state, &s, &by_key));
        assert_true(believes(*state, &s, &by_certificate));
        s.asks_keyless = false;
        s.knows_credentials = false;
        assert_false(believes(*state, &s, &by_key));
        assert_false(believes(*state, &s, &by_certificate));
    }
}

static void believes_no_other_credential(void **state)
{
    /* the host's name would do without a credential */
    static const struct mln_tls_target others[] = {
        { .domain = { "in.sp.example", 13 }, .credential_id = { "12-k2@sp.example", 16 } },
        { .domain = { "in.sp.example", 13 }, .credential_id = { "13-" K1, 16 } },
        { .domain = { "in.sp.example", 13 }, .credential_id = { "32-//sp.example/mn", 18 } },
        { .domain = { "in.sp.example", 13 }, .credential_id = { "33-//sp.example/Sdev", 20 } },
        { .domain = { "in.sp.example", 13 }, .credential_id = { "31-0.2.481.1.100.7", 18 } },
        { .domain = { "in.sp.example", 13 }, .credential_id = { "nonsense", 8 } },
        { .cse_id = { "//sp.example/in", 15 }, .credential_id = { "32-//sp.example/mn", 18 } },
    };

    for (size_t i = 0; i < 2 * (sizeof others / sizeof others[0]); i++) {
        struct setting s = { .knows_anchor = true,
                             .knows_credentials = true,
                             .version = (enum mln_tls_version)(i % 2) };

        assert_false(believes(*state, &s, &others[i / 2]));
    }
}

/* A key that has gone is not tried, and nothing stands in for it. */
static void a_key_that_went_reaches_nobody(void **state)
{
    struct tls_lab *lab = *state;
    const struct mln_tls_target target = { .domain = MLN_S("in.sp.example"),
                                           .credential_id = MLN_S("12-" K1) };
    struct setting s = { .knows_anchor = true, .knows_credentials = true };

    assert_true(believes(lab, &s, &target));
    assert_false(mln_failed(mln_credentials_remove(lab->dir->credentials, MLN_S("12-" K1), NULL)));
    assert_false(believes(lab, &s, &target));
}

static void shows_its_own_certificate(void **state)
{
    struct tls_lab *lab = *state;
    const struct mln_tls_target target = { .domain = MLN_S("in.sp.example") };

    for (int i = 0; i < 2; i++) {
        struct setting s = { .knows_anchor = true,
                             .identity = &lab->ae,
                             .version = (enum mln_tls_version)i };

        assert_true(believes(lab, &s, &target));
    }
}

static void bad_options_are_told(void **state)
{
    struct tls_lab *lab = *state;
    struct mln_tls_client_options options = { .env = &lab->env, .greatest = MLN_TLS_1_3 };
    struct mln_secret *key = mln_secret_new(MLN_CREDENTIAL_KEY_USUAL);
    struct mln_tls_client *client = NULL;
    struct mln_fault fault = { 0 };
    char long_name[MLN_TLS_IDENTITY_MAX + 1];

    memset(long_name, 'x', sizeof long_name);
    options.psk = key;
    mln_cred_dir_error(mln_tls_client_new(&options, &fault, &client), MLN_ERR_CONFIG);
    options.psk_identity = mln_slice_of(long_name, sizeof long_name);
    mln_cred_dir_error(mln_tls_client_new(&options, &fault, &client), MLN_ERR_CONFIG);
    options.psk_identity = MLN_S("k1\0@sp.example");
    mln_cred_dir_error(mln_tls_client_new(&options, &fault, &client), MLN_ERR_CONFIG);
    options = (struct mln_tls_client_options){ .env = &lab->env, .greatest = MLN_TLS_1_3 };
    options.identity.certificate = lab->ae.certificate;
    options.identity.key = lab->cse.key;
    mln_cred_dir_error(mln_tls_client_new(&options, &fault, &client), MLN_ERR_CONFIG);
    assert_null(client);
    mln_secret_free(key);
}

/* A slot gives what was put in last, and everybody has a reference of his own. */
static void slots_exchange_contexts(void **state)
{
    struct mln_tls_slot *slot = NULL;
    struct setting s = { .knows_anchor = true };
    struct mln_tls *first = make_server(*state, true);
    struct mln_tls *second = make_server(*state, true);
    struct mln_tls_client *client = make_client(*state, &s);
    struct mln_tls *held;
    struct mln_tls_client *held_client;

    assert_false(mln_failed(mln_tls_slot_new(&slot)));
    assert_null(mln_tls_slot_get(slot));
    assert_null(mln_tls_slot_get_client(slot));
    mln_tls_slot_set(slot, first);
    mln_tls_slot_set_client(slot, client);
    held = mln_tls_slot_get(slot);
    assert_ptr_equal(held, first);
    mln_tls_unref(first);
    mln_tls_slot_set(slot, second);
    mln_tls_unref(held); /* the last one */
    held = mln_tls_slot_get(slot);
    assert_ptr_equal(held, second);
    held_client = mln_tls_slot_get_client(slot);
    assert_ptr_equal(held_client, client);
    mln_tls_slot_free(slot);
    mln_tls_unref(held);
    mln_tls_unref(second);
    mln_tls_client_unref(held_client);
    mln_tls_client_unref(client);
}

#define LAB(test) cmocka_unit_test_setup_teardown(test, mln_tls_lab_up, mln_tls_lab_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB(believes_the_server_that_it_expects),
        LAB(believes_no_other_server),
        LAB(believes_nobody_without_an_anchor),
        LAB(a_key_is_enough),
        LAB(believes_the_credential_of_the_target),
        LAB(believes_no_other_credential),
        LAB(a_key_that_went_reaches_nobody),
        LAB(shows_its_own_certificate),
        LAB(bad_options_are_told),
        LAB(slots_exchange_contexts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
