/* Checks of settings that need no socket and no store. */
#include "server/check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "crypto/cred_id.h"
#include "server/definitions.h"
#include "server/exit.h"
#include "server/locations.h"
#include "server/privileges.h"
#include "server/tables.h"
#include "server/tls.h"

/* ---- listeners ---- */

static mln_err refuse_plain(const struct mln_listen_setting *l, struct mln_fault *fault)
{
    mln_fault_set(fault,
                  "%.*s is not a loopback address: a plain-text listener there must be asked for "
                  "by name, with --insecure-listen",
                  MLN_S_ARG(l->url));
    MLN_FAIL(CONFIG);
}

mln_err mln_check_listener(const struct mln_listen_setting *l, struct mln_fault *fault,
                           struct mln_address *ret, bool *ret_is_trusted)
{
    const struct mln_binding_ops *ops = mln_binding_of(l->scheme);
    bool is_secured = mln_binding_is_secured(l->scheme);
    uint16_t port = is_secured ? ops->secured_port : ops->default_port;
    struct mln_address address;
    bool is_loopback;
    bool is_trusted;

    MLN_TRY(mln_address_resolve(l->host, l->has_port ? l->port : port, &address, fault));
    is_loopback = mln_address_is_loopback(&address);
    if (!is_loopback && !l->is_insecure && !is_secured) {
        return refuse_plain(l, fault);
    }
    /* under TLS a credential says who somebody is, and the place does not */
    is_trusted = l->says_trusted ? l->is_trusted : is_loopback && !l->is_insecure && !is_secured;
    if (is_trusted && !is_loopback) {
        mln_fault_set(fault, "%.*s: a listener beyond loopback cannot be trusted",
                      MLN_S_ARG(l->url));
        MLN_FAIL(CONFIG);
    }
    *ret = address;
    *ret_is_trusted = is_trusted;
    return MLN_OK;
}

static mln_err check_listeners(const struct mln_settings *s, struct mln_fault *fault)
{
    for (size_t i = 0; i < s->listen_count; i++) {
        struct mln_address address;
        bool is_trusted;

        MLN_TRY(mln_check_listener(&s->listen[i], fault, &address, &is_trusted));
    }
    return MLN_OK;
}

/* ---- the data directory ---- */

static mln_err require_directory(const char *path, struct mln_fault *fault)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        mln_fault_set(fault, "%s: %s", path, strerror(errno));
        MLN_FAIL(SYSTEM);
    }
    if (!S_ISDIR(st.st_mode)) {
        mln_fault_set(fault, "%s is not a directory", path);
        MLN_FAIL(SYSTEM);
    }
    return MLN_OK;
}

/* It is made when it is missing, but not what is above it. */
static mln_err check_data(const struct mln_settings *s, struct mln_fault *fault)
{
    char *path = mln_arena_zdup(s->arena, s->data);
    size_t len = s->data.len;
    struct stat st;

    MLN_REQUIRE(path, NO_MEMORY);
    if (stat(path, &st) == 0 || errno != ENOENT) {
        return require_directory(path, fault);
    }
    while (len > 0 && path[len - 1] == '/') {
        len--;
    }
    while (len > 0 && path[len - 1] != '/') {
        len--;
    }
    path[len] = '\0';
    return len ? require_directory(path, fault) : MLN_OK;
}

/* ---- TLS ---- */

/* The files are read and fit together. */
static mln_err check_tls(const struct mln_settings *s, struct mln_fault *fault,
                         enum mln_exit *ret_exit)
{
    struct mln_server_tls *tls;
    mln_err err = mln_server_tls_new(s, fault, &tls);

    *ret_exit = mln_exit_of(err);
    MLN_TRY(err);
    mln_server_tls_free(tls);
    return MLN_OK;
}

/* ---- the table of locations ---- */

static mln_err check_locations(const struct mln_settings *s, struct mln_fault *fault)
{
    struct mln_locations *locations = NULL;

    if (s->locations) {
        MLN_TRY(mln_locations_read(s->locations, &locations, fault));
    }
    mln_locations_free(locations);
    return MLN_OK;
}

static mln_err check_definitions(const struct mln_settings *s, struct mln_fault *fault)
{
    struct mln_definitions *definitions = NULL;

    if (s->flex_definitions) {
        MLN_TRY(mln_server_definitions(s->flex_definitions, &s->limits, &definitions, fault));
    }
    mln_definitions_free(definitions);
    return MLN_OK;
}

/* ---- the registrar ---- */

static const char *wrong_with_registrar(const struct mln_settings *s)
{
    if (!s->registrar.len || !s->registrar_id.len) {
        return "registrar: needs a URL and, as registrar-id, a CSE-ID";
    }
    if (s->cse_type == MLN_CSE_TYPE_IN) {
        return "registrar: an IN-CSE has none; say --cse-type mn or asn";
    }
    return mln_slice_eq(s->registrar_id, s->cse_id) ? "registrar-id: is that of this CSE" : NULL;
}

/* What it must prove unless the settings say it: its CSE-ID. spec: security.md 16, SEC-SAE-08 */
static mln_err usual_credential(const struct mln_settings *s, const struct mln_domain_setting *cse,
                                struct mln_fault *fault, struct mln_slice *ret)
{
    char text[MLN_CREDENTIAL_ID_MAX];
    size_t len;

    *ret = cse->credential_id;
    if (ret->len || !mln_slice_starts(cse->value, MLN_S("https://"))) {
        return MLN_OK;
    }
    len = mln_credential_id_put(MLN_CREDENTIAL_CSE, cse->domain, text);
    if (len == 0) {
        mln_fault_set(fault, "%.*s: no certificate names that CSE-ID; say ',credential='",
                      MLN_S_ARG(cse->domain));
        MLN_FAIL(CONFIG);
    }
    MLN_REQUIRE(mln_arena_dup(s->arena, mln_slice_of(text, len), ret), NO_MEMORY);
    return MLN_OK;
}

static mln_err absolute_id(const struct mln_settings *s, struct mln_slice cse_id,
                           struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, s->arena, SIZE_MAX);
    mln_buf_add(&out, s->sp_id);
    mln_buf_add(&out, cse_id);
    return mln_buf_finish(&out, ret);
}

mln_err mln_check_registrar(const struct mln_settings *s, struct mln_fault *fault,
                            struct mln_registrar *ret)
{
    struct mln_registrar r = { .cse_id = s->registrar_id,
                               .url = s->registrar,
                               .lifetime_us = (int64_t)s->registration_s * 1000000,
                               .is_left = s->deregisters };
    struct mln_domain_setting d = { .value = s->registrar,
                                    .credential_id = s->registrar_credential };
    const char *wrong;

    if (!s->registrar.len && !s->registrar_id.len) {
        return MLN_OK;
    }
    wrong = wrong_with_registrar(s);
    if (wrong) {
        mln_fault_set(fault, "%s", wrong);
        MLN_FAIL(CONFIG);
    }
    MLN_TRY(absolute_id(s, s->registrar_id, &d.domain));
    MLN_TRY(usual_credential(s, &d, fault, &r.credential_id));
    *ret = r;
    return MLN_OK;
}

/* ---- other service providers ---- */

static bool is_same_provider(struct mln_slice cse_id, struct mln_slice other)
{
    static const struct mln_names names = { { "//x", 3 }, { "/x", 2 }, { "x", 1 } };
    struct mln_entity a;
    struct mln_entity b;

    return mln_entity_parse_cse(cse_id, &names, &a) && mln_entity_parse_cse(other, &names, &b) &&
           mln_entity_same_sp(&a, &b);
}

mln_err mln_check_peers(const struct mln_settings *s, struct mln_fault *fault,
                        struct mln_domain_setting *ret)
{
    struct mln_slice ours;

    if (s->peer_count && s->cse_type != MLN_CSE_TYPE_IN) {
        mln_fault_set(fault, "peer: only an IN-CSE deals with other service providers");
        MLN_FAIL(CONFIG);
    }
    MLN_TRY(absolute_id(s, s->cse_id, &ours));
    for (size_t i = 0; i < s->peer_count; i++) {
        bool is_twice = is_same_provider(s->peers[i].domain, ours);

        for (size_t j = 0; j < i; j++) {
            is_twice = is_twice || is_same_provider(s->peers[i].domain, s->peers[j].domain);
        }
        if (is_twice) {
            mln_fault_set(fault, "peer: %.*s is of our service provider, or its is named twice",
                          MLN_S_ARG(s->peers[i].domain));
            MLN_FAIL(CONFIG);
        }
        ret[i] = s->peers[i];
        MLN_TRY(usual_credential(s, &s->peers[i], fault, &ret[i].credential_id));
    }
    return MLN_OK;
}

/* ---- all of it ---- */

mln_err mln_check_settings(const struct mln_settings *s, struct mln_fault *fault,
                           enum mln_exit *ret_exit)
{
    struct mln_domain_setting peers[MLN_DOMAINS_MAX];
    struct mln_registrar registrar;
    struct mln_run_as as;

    *ret_exit = MLN_EXIT_USAGE;
    MLN_TRY(check_listeners(s, fault));
    MLN_TRY(mln_check_registrar(s, fault, &registrar));
    MLN_TRY(mln_check_peers(s, fault, peers));
    if (!s->store) {
        mln_fault_set(fault, "no store is built in");
        MLN_FAIL(CONFIG);
    }
    MLN_TRY(check_locations(s, fault));
    MLN_TRY(check_definitions(s, fault));
    MLN_TRY(mln_run_as_find(s->user, &as, fault));
    *ret_exit = MLN_EXIT_FAILED;
    if (strcmp(s->store, "mem") != 0) {
        MLN_TRY(check_data(s, fault));
    }
    return check_tls(s, fault, ret_exit);
}
