/* Tests of session tickets: a session that is resumed has the association of the one before, or
 * there is none. SEC-TLS-09 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/tls_pair_test.h"

#define K1     "k1@sp.example"
#define HOUR   INT64_C(3600000000)
#define SECOND INT64_C(1000000)

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

static struct mln_tls *make(struct tls_lab *lab, enum mln_tls_clients clients)
{
    struct mln_tls_options options = mln_tls_lab_options(lab);
    struct mln_fault fault = { 0 };
    struct mln_tls *tls = NULL;

    options.clients = clients;
    options.verifier = mln_tls_lab_verifier(lab);
    if (mln_failed(mln_tls_new(&options, &fault, &tls))) {
        fail_msg("%s", fault.text);
    }
    mln_cert_verifier_unref(options.verifier);
    return tls;
}

/* A first connection; the ticket that it brings. */
static SSL_SESSION *first(struct mln_tls *tls, const struct tls_client *want)
{
    struct tls_pair p;
    SSL_SESSION *session;

    mln_tls_pair_shake(&p, tls, want);
    if (!p.is_done) {
        fail_msg("%s", p.why.text);
    }
    assert_non_null(p.session);
    assert_false(SSL_session_reused(p.client) && !want->psk_identity);
    session = p.session;
    p.session = NULL;
    mln_tls_pair_done(&p);
    return session;
}

/* A second one, of somebody who has the ticket and a wrong key only: TLS 1.2 wants its suites.
 * True: it stands and is resumed; it is then that of the credential. */
static bool resumes(struct mln_tls *tls, int version, SSL_SESSION *session, const char *credential)
{
    bool is_key = credential && strncmp(credential, "12-", 3) == 0;
    struct tls_client want = {
        .version = version,
        .session = session,
        .psk_identity = is_key ? K1 : NULL,
        .psk_byte = 'x',
    };
    struct tls_pair p;
    bool is_resumed;

    mln_tls_pair_shake(&p, tls, &want);
    is_resumed = p.is_done && SSL_session_reused(p.client);
    if (is_resumed && credential) {
        assert_non_null(p.association);
        assert_true(mln_slice_eq(p.association->credential_id, mln_slice_z(credential)));
    } else {
        assert_null(p.association);
    }
    mln_tls_pair_done(&p);
    return is_resumed;
}

static struct tls_client of_key(int version)
{
    return (struct tls_client){ .version = version, .psk_identity = K1, .psk_byte = 'a' };
}

static void the_association_of_a_key_is_restored(void **state)
{
    struct mln_tls *tls = make(*state, MLN_TLS_CLIENT_OPTIONAL);
    struct tls_client want = of_key(TLS1_2_VERSION);
    SSL_SESSION *session = first(tls, &want);

    assert_true(resumes(tls, TLS1_2_VERSION, session, "12-" K1));
    SSL_SESSION_free(session);
    mln_tls_unref(tls);
}

/* It would save nothing, and the key says more. */
static void a_key_gets_no_ticket_in_1_3(void **state)
{
    struct mln_tls *tls = make(*state, MLN_TLS_CLIENT_OPTIONAL);
    struct tls_client want = of_key(TLS1_3_VERSION);
    struct tls_pair p;

    mln_tls_pair_shake(&p, tls, &want);
    assert_true(p.is_done);
    assert_null(p.session);
    mln_tls_pair_done(&p);
    mln_tls_unref(tls);
}

static void the_association_of_a_certificate_is_restored(void **state)
{
    struct tls_lab *lab = *state;
    struct mln_tls *tls = make(lab, MLN_TLS_CLIENT_REQUIRED);

    for (int i = 0; i < 2; i++) {
        struct tls_client want = { .version = versions[i], .identity = &lab->ae };
        SSL_SESSION *session = first(tls, &want);

        assert_true(resumes(tls, versions[i], session, "33-//sp.example/Sdev"));
        SSL_SESSION_free(session);
    }
    mln_tls_unref(tls);
}

/* Nobody stays nobody, also where nobody may come in. */
static void nobody_is_restored_as_nobody(void **state)
{
    struct mln_tls *tls = make(*state, MLN_TLS_CLIENT_OPTIONAL);

    for (int i = 0; i < 2; i++) {
        struct tls_client want = { .version = versions[i] };
        SSL_SESSION *session = first(tls, &want);

        assert_true(resumes(tls, versions[i], session, NULL));
        SSL_SESSION_free(session);
    }
    mln_tls_unref(tls);
}

static void a_removed_key_ends_its_tickets(void **state)
{
    struct tls_lab *lab = *state;
    struct mln_tls *tls = make(lab, MLN_TLS_CLIENT_OPTIONAL);
    struct tls_client want = of_key(TLS1_2_VERSION);
    SSL_SESSION *session = first(tls, &want);

    assert_false(mln_failed(mln_credentials_remove(lab->dir->credentials, MLN_S("12-" K1), NULL)));
    assert_false(resumes(tls, TLS1_2_VERSION, session, "12-" K1));
    /* another key under the same name is another credential */
    mln_cred_dir_add(lab->dir, "12-" K1, 'b', "Stwo");
    assert_false(resumes(tls, TLS1_2_VERSION, session, "12-" K1));
    SSL_SESSION_free(session);
    mln_tls_unref(tls);
}

static void an_expired_key_ends_its_tickets(void **state)
{
    struct tls_lab *lab = *state;
    const struct mln_slice ae[] = { MLN_S("Sshort") };
    const struct mln_credential credential = {
        .id = MLN_S("12-short@sp.example"),
        .suid = 12,
        .ae_ids = { ae, 1 },
        .not_after_us = mln_env_now_us(&lab->env) + 60 * SECOND,
    };
    struct mln_secret *key = mln_secret_new(MLN_CREDENTIAL_KEY_USUAL);
    struct mln_tls *tls = make(lab, MLN_TLS_CLIENT_OPTIONAL);
    struct tls_client want = { .version = TLS1_2_VERSION,
                               .psk_identity = "short@sp.example",
                               .psk_byte = 's' };
    SSL_SESSION *session;

    memset(mln_secret_room(key), 's', MLN_CREDENTIAL_KEY_USUAL);
    assert_false(mln_failed(mln_credentials_add(lab->dir->credentials, &credential, key, NULL)));
    mln_secret_free(key);
    lab->later_us = 0;
    session = first(tls, &want);
    assert_true(SSL_SESSION_get_ticket_lifetime_hint(session) <= 60);
    assert_true(resumes(tls, TLS1_2_VERSION, session, "12-short@sp.example"));
    lab->later_us = 61 * SECOND;
    assert_false(resumes(tls, TLS1_2_VERSION, session, "12-short@sp.example"));
    SSL_SESSION_free(session);
    mln_tls_unref(tls);
}

/* A ticket without a second of life is one that OpenSSL cannot write. */
static void a_credential_serves_to_its_last_moment(void **state)
{
    struct tls_lab *lab = *state;
    const struct mln_slice ae = MLN_S("Slast");
    const int64_t end_us = mln_env_now_us(&lab->env) + HOUR;
    const struct mln_credential credential = {
        .id = MLN_S("12-last@sp.example"), .suid = 12, .ae_ids = { &ae, 1 }, .not_after_us = end_us
    };
    struct mln_tls *tls = make(lab, MLN_TLS_CLIENT_OPTIONAL);
    struct tls_client want = { .version = TLS1_2_VERSION,
                               .psk_identity = "last@sp.example",
                               .psk_byte = 'a' };
    SSL_SESSION *session;
    struct mln_secret *key = mln_secret_new(MLN_CREDENTIAL_KEY_USUAL);

    memset(mln_secret_room(key), 'a', MLN_CREDENTIAL_KEY_USUAL);
    assert_false(mln_failed(mln_credentials_add(lab->dir->credentials, &credential, key, NULL)));
    mln_secret_free(key);
    lab->fixed_us = end_us - 1;
    session = first(tls, &want);
    lab->fixed_us = end_us;
    assert_false(resumes(tls, TLS1_2_VERSION, session, "12-last@sp.example"));
    SSL_SESSION_free(session);
    mln_tls_unref(tls);
}

static void an_expired_certificate_ends_its_tickets(void **state)
{
    struct tls_lab *lab = *state;

    for (int i = 0; i < 2; i++) {
        struct mln_tls *tls = make(lab, MLN_TLS_CLIENT_OPTIONAL);
        struct tls_client want = { .version = versions[i], .identity = &lab->ae };
        SSL_SESSION *session;

        /* an hour before its end */
        lab->later_us = INT64_C(30) * 24 * HOUR - HOUR;
        session = first(tls, &want);
        lab->later_us += HOUR - 60 * SECOND;
        assert_true(resumes(tls, versions[i], session, "33-//sp.example/Sdev"));
        lab->later_us += 120 * SECOND;
        assert_false(resumes(tls, versions[i], session, NULL));
        SSL_SESSION_free(session);
        mln_tls_unref(tls);
    }
}

/* After a reload, which may bring a revocation list, everybody shows again who he is. */
static void another_context_takes_no_ticket(void **state)
{
    struct tls_lab *lab = *state;
    struct mln_tls *before = make(lab, MLN_TLS_CLIENT_OPTIONAL);
    struct mln_tls *after = make(lab, MLN_TLS_CLIENT_OPTIONAL);

    for (int i = 0; i < 2; i++) {
        struct tls_client want = { .version = versions[i], .identity = &lab->ae };
        SSL_SESSION *session = first(before, &want);

        assert_false(resumes(after, versions[i], session, NULL));
        want.session = session; /* and who can does so in the same handshake */
        SSL_SESSION_free(first(after, &want));
        SSL_SESSION_free(session);
    }
    mln_tls_unref(before);
    mln_tls_unref(after);
}

/* A ticket lives for an hour here; its key for two. */
static void ticket_keys_rotate(void **state)
{
    struct tls_lab *lab = *state;
    struct mln_tls *tls = make(lab, MLN_TLS_CLIENT_OPTIONAL);
    struct tls_client want = { .version = TLS1_2_VERSION, .identity = &lab->ae };
    SSL_SESSION *old = first(tls, &want);
    SSL_SESSION *young;

    lab->later_us = HOUR + SECOND; /* the first key has served its time */
    young = first(tls, &want);
    assert_true(resumes(tls, TLS1_2_VERSION, young, "33-//sp.example/Sdev"));
    assert_true(resumes(tls, TLS1_2_VERSION, old, "33-//sp.example/Sdev")); /* OpenSSL's own clock
                                                                               ends its hour */
    lab->later_us = 2 * HOUR;
    assert_false(resumes(tls, TLS1_2_VERSION, old, NULL));
    assert_true(resumes(tls, TLS1_2_VERSION, young, "33-//sp.example/Sdev"));
    SSL_SESSION_free(old);
    SSL_SESSION_free(young);
    mln_tls_unref(tls);
}

/* A ticket that says a key, in a handshake that ends without it, lends nothing. */
static void a_ticket_that_is_left_aside_proves_nothing(void **state)
{
    struct tls_lab *lab = *state;
    struct mln_tls_identity both[] = { lab->cse, lab->other };
    struct mln_tls_options options = mln_tls_lab_options(lab);
    struct mln_tls *tls = NULL;
    struct tls_client want = of_key(TLS1_2_VERSION);
    struct tls_client thief = { .version = TLS1_2_VERSION };
    struct tls_pair p;

    options.identities = both;
    options.identity_count = 2;
    assert_false(mln_failed(mln_tls_new(&options, NULL, &tls)));
    want.name = "in.sp.example";
    thief.session = first(tls, &want);
    thief.name = "other.sp.example"; /* the session of another name is left aside */
    mln_tls_pair_shake(&p, tls, &thief);
    assert_false(SSL_session_reused(p.client));
    assert_null(p.association);
    mln_tls_pair_done(&p);
    SSL_SESSION_free(thief.session);
    mln_tls_unref(tls);
}

static void tickets_can_be_switched_off(void **state)
{
    struct tls_lab *lab = *state;
    struct mln_tls_options options = mln_tls_lab_options(lab);
    struct mln_tls *tls = NULL;

    options.ticket_us = 0;
    assert_false(mln_failed(mln_tls_new(&options, NULL, &tls)));
    for (int i = 0; i < 2; i++) {
        struct tls_client want = of_key(versions[i]);
        struct tls_pair p;

        mln_tls_pair_shake(&p, tls, &want);
        assert_true(p.is_done);
        assert_true(!p.session || !SSL_SESSION_has_ticket(p.session));
        mln_tls_pair_done(&p);
    }
    mln_tls_unref(tls);
}

#define LAB(test) cmocka_unit_test_setup_teardown(test, mln_tls_lab_up, mln_tls_lab_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB(the_association_of_a_key_is_restored),
        LAB(the_association_of_a_certificate_is_restored),
        LAB(nobody_is_restored_as_nobody),
        LAB(a_removed_key_ends_its_tickets),
        LAB(an_expired_key_ends_its_tickets),
        LAB(an_expired_certificate_ends_its_tickets),
        LAB(another_context_takes_no_ticket),
        LAB(ticket_keys_rotate),
        LAB(a_ticket_that_is_left_aside_proves_nothing),
        LAB(a_credential_serves_to_its_last_moment),
        LAB(a_key_gets_no_ticket_in_1_3),
        LAB(tickets_can_be_switched_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
