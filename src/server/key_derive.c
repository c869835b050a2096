/* `merlon key derive`: each derivation of TS-0003 10.3 by itself. spec: security.md 21 */
#include <stdio.h>
#include <string.h>

#include "base/env.h"
#include "codec/json.h"
#include "crypto/kdf.h"
#include "e2e/random.h"
#include "server/key_command.h"
#include "server/privileges.h"

enum takes {
    TAKES_PEER = 1,
    TAKES_SUID = 2,
    TAKES_SALT = 4,   /* may be left out */
    TAKES_DOMAIN = 8, /* likewise */
    TAKES_OBJECTS = 16,
};

struct kind {
    const char *name;
    unsigned takes;
    size_t least; /* bytes of the key that it begins with */
    size_t most;
    mln_err (*make)(const struct kind *kind, const struct mln_key_settings *s,
                    const struct mln_secret *source, struct mln_fault *fault,
                    unsigned char ret[static MLN_KDF_KEY]);
    enum mln_kdf_end_to_end which;
};

/* ---- the derivations ---- */

/* The identifier is no secret: it goes to standard output, before the key. */
static mln_err print_identifier(const unsigned char id[static MLN_KDF_ID], struct mln_slice domain)
{
    enum { ARENA = 4096 };
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(ARENA);
    struct mln_slice text;

    MLN_REQUIRE(arena, NO_MEMORY);
    MLN_TRY(mln_kdf_key_identifier(id, domain, arena, &text));
    (void)printf("%.*s\n", MLN_S_ARG(text));
    return MLN_OK;
}

static mln_err make_exported(const struct kind *kind, const struct mln_key_settings *s,
                             const struct mln_secret *source, struct mln_fault *fault,
                             unsigned char ret[static MLN_KDF_KEY])
{
    unsigned char id[MLN_KDF_ID];
    mln_err err = MLN_OK;

    (void)kind;
    mln_kdf_split(mln_secret_bytes(source), id, ret);
    if (s->domain.len) {
        err = print_identifier(id, s->domain);
    } else {
        for (size_t i = 0; i < sizeof id; i++) {
            (void)printf("%02x", id[i]);
        }
        (void)printf("\n");
    }
    if (err.code == MLN_ERR_PARAM_INVALID || err.code == MLN_ERR_LIMIT) {
        mln_fault_set(fault, "--domain: no domain name, or too long for an identifier of %d bytes",
                      MLN_KEY_ID_MAX);
        MLN_FAIL(CONFIG);
    }
    if (!mln_failed(err) && fflush(stdout) != 0) {
        mln_fault_set(fault, "cannot write to standard output");
        MLN_FAIL(SYSTEM);
    }
    return err;
}

/* Says what was wrong with --peer. */
static mln_err of_peer(mln_err err, struct mln_fault *fault)
{
    if (err.code == MLN_ERR_PARAM_INVALID || err.code == MLN_ERR_LIMIT) {
        mln_fault_set(fault,
                      "--peer: no UTF-8, characters that Unicode has not assigned, or more than %d",
                      MLN_KDF_TEXT_MAX);
        MLN_FAIL(CONFIG);
    }
    return err;
}

static mln_err make_master_credential(const struct kind *kind, const struct mln_key_settings *s,
                                      const struct mln_secret *source, struct mln_fault *fault,
                                      unsigned char ret[static MLN_KDF_KEY])
{
    (void)kind;
    return of_peer(mln_kdf_master_credential(source, s->peer, ret), fault);
}

static mln_err make_connection_key(const struct kind *kind, const struct mln_key_settings *s,
                                   const struct mln_secret *source, struct mln_fault *fault,
                                   unsigned char ret[static MLN_KDF_KEY])
{
    (void)kind;
    return of_peer(mln_kdf_connection_key(source, s->peer, ret), fault);
}

static mln_err make_usage_key(const struct kind *kind, const struct mln_key_settings *s,
                              const struct mln_secret *source, struct mln_fault *fault,
                              unsigned char ret[static MLN_KDF_KEY])
{
    enum { PROVISIONED = 2 };

    (void)kind;
    if (s->suid / 10 != PROVISIONED) {
        mln_fault_set(fault, "--suid: a key made from an enrolment key has a SUID of 21 to 25");
        MLN_FAIL(CONFIG);
    }
    return of_peer(mln_kdf_usage_key(source, s->suid, s->peer, ret), fault);
}

/* The canonical text of the random object in a file. Only the session key is a secret. */
static mln_err read_object(const char *path, bool is_originators, struct mln_arena *arena,
                           struct mln_fault *fault, struct mln_slice *ret)
{
    enum { OBJECT_MAX = 65536 };
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *text = NULL;
    struct mln_limits limits;
    struct mln_e2e_random object;
    struct mln_value *value = NULL;
    struct mln_fault why = { 0 };
    struct mln_buf out;
    mln_err err;

    mln_limits_default(&limits);
    MLN_TRY(mln_secret_read(path, OBJECT_MAX, fault, &text));
    err = mln_json_read(mln_slice_of((const char *)mln_secret_bytes(text), mln_secret_len(text)),
                        &limits, arena, &value, &why);
    if (!mln_failed(err)) {
        err = mln_e2e_random_read(value, is_originators, mln_env_now_us(mln_env_system()), &object,
                                  &why);
    }
    if (mln_failed(err)) {
        mln_fault_set(fault, "%s: no random object of %s: %s", path,
                      is_originators ? "an originator" : "a receiver", why.text);
        MLN_FAIL(CONFIG);
    }
    mln_buf_init(&out, arena, OBJECT_MAX);
    mln_e2e_random_canonical(&object, &out);
    return mln_buf_finish(&out, ret);
}

static mln_err make_session_key(const struct kind *kind, const struct mln_key_settings *s,
                                const struct mln_secret *source, struct mln_fault *fault,
                                unsigned char ret[static MLN_KDF_KEY])
{
    enum { ARENA = 1 << 20 };
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(ARENA);
    struct mln_slice receiver;
    struct mln_slice originator;

    (void)kind;
    MLN_REQUIRE(arena, NO_MEMORY);
    MLN_TRY(read_object(s->receiver, false, arena, fault, &receiver));
    MLN_TRY(read_object(s->originator, true, arena, fault, &originator));
    return mln_kdf_session(source, receiver, originator, ret);
}

static mln_err make_end_to_end_master(const struct kind *kind, const struct mln_key_settings *s,
                                      const struct mln_secret *source, struct mln_fault *fault,
                                      unsigned char ret[static MLN_KDF_KEY])
{
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *salt = NULL;
    struct mln_slice text = { 0 };

    (void)kind;
    if (s->salt_file) {
        MLN_TRY(mln_key_read(s->salt_file, s->is_raw, fault, &salt));
        text = mln_slice_of((const char *)mln_secret_bytes(salt), mln_secret_len(salt));
    }
    return mln_kdf_end_to_end_master(text, source, ret);
}

static mln_err make_end_to_end_key(const struct kind *kind, const struct mln_key_settings *s,
                                   const struct mln_secret *source, struct mln_fault *fault,
                                   unsigned char ret[static MLN_KDF_KEY])
{
    (void)s;
    (void)fault;
    return mln_kdf_end_to_end_key(source, kind->which, ret);
}

#define ANY_KEY MLN_CREDENTIAL_KEY_MIN, MLN_CREDENTIAL_KEY_MAX

static const struct kind kinds[] = {
    { "exported", TAKES_DOMAIN, MLN_KDF_EXPORT, MLN_KDF_EXPORT, make_exported, 0 },
    { "master-credential", TAKES_PEER, ANY_KEY, make_master_credential, 0 },
    { "connection-key", TAKES_PEER, ANY_KEY, make_connection_key, 0 },
    { "usage-key", TAKES_PEER | TAKES_SUID, ANY_KEY, make_usage_key, 0 },
    { "session-key", TAKES_OBJECTS, ANY_KEY, make_session_key, 0 },
    { "end-to-end-master", TAKES_SALT, ANY_KEY, make_end_to_end_master, 0 },
    { "message-authenticity", 0, ANY_KEY, make_end_to_end_key, MLN_KDF_MESSAGE_AUTHENTICITY },
    { "message-confidentiality", 0, ANY_KEY, make_end_to_end_key, MLN_KDF_MESSAGE_CONFIDENTIALITY },
    { "attribute-authenticity", 0, ANY_KEY, make_end_to_end_key, MLN_KDF_ATTRIBUTE_AUTHENTICITY },
    { "attribute-confidentiality", 0, ANY_KEY, make_end_to_end_key,
      MLN_KDF_ATTRIBUTE_CONFIDENTIALITY },
};

/* ---- the command ---- */

static mln_err find_kind(const char *name, struct mln_fault *fault, const struct kind **ret)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            *ret = &kinds[i];
            return MLN_OK;
        }
    }
    mln_fault_set(fault, "derive: '%s' is no key that can be derived; merlon help key lists them",
                  name);
    MLN_FAIL(CONFIG);
}

/* A setting that is missing, or that would be left unused. */
static mln_err check_settings(const struct kind *kind, const struct mln_key_settings *s,
                              struct mln_fault *fault)
{
    const struct {
        const char *name;
        bool is_given;
        bool is_taken;
        bool is_needed;
    } all[] = {
        { "peer", s->peer.len > 0, kind->takes & TAKES_PEER, kind->takes & TAKES_PEER },
        { "suid", s->suid > 0, kind->takes & TAKES_SUID, kind->takes & TAKES_SUID },
        { "receiver", s->receiver, kind->takes & TAKES_OBJECTS, kind->takes & TAKES_OBJECTS },
        { "originator", s->originator, kind->takes & TAKES_OBJECTS, kind->takes & TAKES_OBJECTS },
        { "salt-file", s->salt_file, kind->takes & TAKES_SALT, false },
        { "domain", s->domain.len > 0, kind->takes & TAKES_DOMAIN, false },
        { "key-file", s->key_file, true, true },
        { "key-out FILE or --show", s->key_out || s->shows, true, true },
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i].is_given ? !all[i].is_taken : all[i].is_needed) {
            mln_fault_set(fault, "derive %s %s --%s", kind->name,
                          all[i].is_given ? "takes no" : "needs", all[i].name);
            MLN_FAIL(CONFIG);
        }
    }
    return MLN_OK;
}

static mln_err check_source(const struct kind *kind, const struct mln_secret *source,
                            struct mln_fault *fault)
{
    size_t len = mln_secret_len(source);

    if (len >= kind->least && len <= kind->most) {
        return MLN_OK;
    }
    if (kind->least == kind->most) {
        mln_fault_set(fault, "--key-file: %s bytes are %zu, here are %zu", kind->name, kind->least,
                      len);
    } else {
        mln_fault_set(fault, "--key-file: a key has %zu to %zu bytes, here are %zu", kind->least,
                      kind->most, len);
    }
    MLN_FAIL(CONFIG);
}

mln_err mln_key_derive(const struct mln_key_settings *settings, const char *kind,
                       struct mln_fault *fault)
{
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *source = NULL;
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *key = NULL;
    const struct kind *row = NULL;

    MLN_TRY(find_kind(kind, fault, &row));
    MLN_TRY(check_settings(row, settings, fault));
    MLN_TRY(mln_harden(fault));
    MLN_TRY(mln_key_read(settings->key_file, settings->is_raw, fault, &source));
    MLN_TRY(check_source(row, source, fault));
    key = mln_secret_new(MLN_KDF_KEY);
    MLN_REQUIRE(key, NO_MEMORY);
    MLN_TRY(row->make(row, settings, source, fault, mln_secret_room(key)));
    return mln_key_tell(settings, key, fault);
}
