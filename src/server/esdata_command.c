/* `merlon esdata`: protect, open, sign, verify. Works without a server. */
#include "server/esdata_command.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "server/credentials_command.h"
#include "server/privileges.h"
#include "server/server.h"

#define MOST_USUAL 67108864 /* 64 MiB */

static const struct mln_option options[] = {
    { "to", 't', "[NAME=]FILE", NULL,
      "protect: key or certificate of who may read it; NAME is the key's, or the entity that a "
      "certificate must name",
      true },
    { "key", 'k', "[NAME=]FILE", NULL, "open, verify: own key to decrypt with", true },
    { "sign-key", 's', "[NAME=]FILE", NULL, "protect, sign: own key to sign with", true },
    { "from", 0, "[NAME=]FILE", NULL, "open, verify: key or certificate of who may have signed",
      true },
    { "chain", 0, "FILE", NULL, "certificates of the own private key, PEM, its own first", false },
    { "anchor", 0, "FILE", NULL, "trust anchors for certificates of others, PEM", false },
    { "crl", 0, "FILE", NULL, "revocation lists for them", false },
    { "data", 'd', "DIR", NULL,
      "data directory of a CSE: NAME@DOMAIN in the place of a FILE is a key of its credentials",
      false },
    { "master-key", 0, "FILE", NULL, "master key of these credentials", false },
    { "in-cse-id", 0, "ID", NULL,
      "absolute CSE-ID of the IN-CSE, below whose domain name CSEs have theirs", false },
    { "signer", 0, "ID", NULL, "open, verify: this entity must have signed", false },
    { "signed", 0, NULL, NULL, "open: refuse what nobody signed", false },
    { "form", 'f', "FORM", NULL,
      "compact, json, json-base64, xml or xml-base64; compact by default where it will do; open "
      "and verify find out",
      false },
    { "alg", 0, "NAME", NULL,
      "protect: how the content key goes to them, as dir, A256KW, RSA-OAEP-256, ECDH-ES+A128KW; by "
      "default what the key is for",
      false },
    { "enc", 0, "NAME", NULL, "protect: A128GCM, A192GCM or A256GCM (the default)", false },
    { "sig", 0, "NAME", NULL,
      "protect, sign: as ES256, RS512, HS384; by default what the key is for", false },
    { "apu", 0, "TEXT", NULL, "protect: who sends, for ECDH-ES", false },
    { "apv", 0, "TEXT", NULL, "protect: who receives, for ECDH-ES", false },
    { "out", 'o', "FILE", NULL, "write to this file when all went well", false },
    { "most", 0, "BYTES", "67108864", "open, verify, and XML: how much is held in memory", false },
};

enum { OPTIONS = sizeof options / sizeof options[0] };

const struct mln_option *mln_server_esdata_options(size_t *ret_count)
{
    *ret_count = OPTIONS;
    return options;
}

/* ---- options ---- */

static const char **place_of(struct mln_esdata_settings *s, const char *name)
{
    const struct {
        const char *name;
        const char **place;
    } rows[] = {
        { "chain", &s->chain },     { "anchor", &s->anchor },
        { "crl", &s->crl },         { "in-cse-id", &s->in_cse_id },
        { "data", &s->place.data }, { "master-key", &s->place.master_key },
        { "signer", &s->signer },   { "form", &s->form },
        { "alg", &s->alg },         { "enc", &s->enc },
        { "sig", &s->sig },         { "apu", &s->party_u },
        { "apv", &s->party_v },     { "out", &s->out },
        { "most", &s->most },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return rows[i].place;
        }
    }
    return NULL;
}

static mln_err set(void *data, const struct mln_option *option, const char *value,
                   struct mln_fault *fault)
{
    static const char *const lists[MLN_ESDATA_ROLES] = { "to", "key", "sign-key", "from" };
    struct mln_esdata_settings *s = data;

    s->given |= UINT64_C(1) << (option - options);
    for (size_t i = 0; i < MLN_ESDATA_ROLES; i++) {
        struct mln_esdata_list *list = &s->lists[i];

        if (strcmp(option->name, lists[i]) != 0) {
            continue;
        }
        if (list->count == MLN_ESDATA_PARTIES) {
            mln_fault_set(fault, "--%s: at most %d of them", lists[i], MLN_ESDATA_PARTIES);
            MLN_FAIL(CONFIG);
        }
        list->items[list->count++] = value;
        return MLN_OK;
    }
    if (strcmp(option->name, "signed") == 0) {
        s->needs_signature = true;
    } else {
        *place_of(s, option->name) = value;
    }
    return MLN_OK;
}

/* What a verb would not heed is refused: who gives it relies on it. */
static mln_err check_given(const struct mln_esdata_settings *s, struct mln_fault *fault)
{
    static const struct {
        const char *name;
        const char *verbs;
    } narrow[] = {
        { "to", "protect" },         { "key", "open verify" },    { "sign-key", "protect sign" },
        { "from", "open verify" },   { "chain", "protect sign" }, { "signer", "open verify" },
        { "signed", "open verify" }, { "alg", "protect" },        { "enc", "protect" },
        { "sig", "protect sign" },   { "apu", "protect" },        { "apv", "protect" },
    };

    for (size_t i = 0; i < OPTIONS; i++) {
        for (size_t n = 0; (s->given >> i & 1) && n < sizeof narrow / sizeof narrow[0]; n++) {
            if (strcmp(narrow[n].name, options[i].name) == 0 && !strstr(narrow[n].verbs, s->verb)) {
                mln_fault_set(fault, "%s takes no --%s", s->verb, options[i].name);
                MLN_FAIL(CONFIG);
            }
        }
    }
    return MLN_OK;
}

static mln_err unknown(const char *option, const char *value, struct mln_fault *fault)
{
    mln_fault_set(fault, "--%s: '%s' is none that oneM2M permits here", option, value);
    MLN_FAIL(CONFIG);
}

static mln_err read_form(const struct mln_esdata_settings *s, struct mln_fault *fault,
                         enum mln_esdata_form *ret)
{
    static const char *const names[] = {
        "", "compact", "json", "json-base64", "xml", "xml-base64"
    };

    for (size_t i = 1; s->form && i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], s->form) == 0) {
            *ret = (enum mln_esdata_form)i;
            return MLN_OK;
        }
    }
    *ret = MLN_ESDATA_ANY;
    if (s->form) {
        mln_fault_set(fault, "--form: '%s' is none of compact, json, json-base64, xml, xml-base64",
                      s->form);
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

static mln_err read_most(const struct mln_esdata_settings *s, struct mln_fault *fault, size_t *ret)
{
    uint64_t n = MOST_USUAL;

    if (s->most && (!mln_num_u64(mln_slice_z(s->most), &n) || n > SIZE_MAX / 64)) {
        mln_fault_set(fault, "--most: '%s' is no number of bytes", s->most);
        MLN_FAIL(CONFIG);
    }
    *ret = (size_t)n;
    return MLN_OK;
}

/* ---- protect and sign ---- */

struct making {
    struct mln_esdata_signer signers[MLN_ESDATA_PARTIES];
    struct mln_esdata_recipient recipients[MLN_ESDATA_PARTIES];
    struct mln_esdata_draft draft;
};

static mln_err read_algorithms(const struct mln_esdata_settings *s, struct making *m,
                               struct mln_fault *fault)
{
    enum mln_jose_sig sig = s->sig ? mln_jose_sig_named(mln_slice_z(s->sig)) : MLN_JOSE_NO_SIG;
    enum mln_jose_wrap wrap = s->alg ? mln_jose_wrap_named(mln_slice_z(s->alg)) : MLN_JOSE_NO_WRAP;

    m->draft.enc = s->enc ? mln_jose_enc_named(mln_slice_z(s->enc)) : MLN_JOSE_NO_ENC;
    if (s->sig && !sig) {
        return unknown("sig", s->sig, fault);
    }
    if (s->alg && !wrap) {
        return unknown("alg", s->alg, fault);
    }
    if (s->enc && !m->draft.enc) {
        return unknown("enc", s->enc, fault);
    }
    for (size_t i = 0; i < MLN_ESDATA_PARTIES; i++) {
        m->signers[i].sig = sig;
        m->recipients[i].wrap = wrap;
    }
    return MLN_OK;
}

static mln_err check_lists(const struct mln_esdata_settings *s, bool is_protect,
                           struct mln_fault *fault)
{
    if (is_protect && !s->lists[MLN_ESDATA_TO].count) {
        mln_fault_set(fault, "who may read it? --to FILE; what is only signed: merlon esdata sign");
        MLN_FAIL(CONFIG);
    }
    if (!is_protect && !s->lists[MLN_ESDATA_SIGN].count) {
        mln_fault_set(fault, "sign needs --sign-key FILE");
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

static mln_err make(const struct mln_esdata_settings *s, const struct mln_esdata_keys *keys,
                    struct mln_fault *fault)
{
    struct making m = { .draft = { .now_us = mln_env_now_us(mln_env_system()) } };
    bool is_protect = strcmp(s->verb, "protect") == 0;
    size_t most = 0;

    MLN_TRY(check_lists(s, is_protect, fault));
    MLN_TRY(read_form(s, fault, &m.draft.form));
    MLN_TRY(read_most(s, fault, &most));
    MLN_TRY(read_algorithms(s, &m, fault));
    m.draft.signers = m.signers;
    m.draft.signer_count = s->lists[MLN_ESDATA_SIGN].count;
    m.draft.recipients = m.recipients;
    m.draft.recipient_count = s->lists[MLN_ESDATA_TO].count;
    m.draft.party_u = mln_slice_z(s->party_u);
    m.draft.party_v = mln_slice_z(s->party_v);
    for (size_t i = 0; i < MLN_ESDATA_PARTIES; i++) {
        m.signers[i].key = keys->all[MLN_ESDATA_SIGN][i];
        m.recipients[i].key = keys->all[MLN_ESDATA_TO][i];
    }
    if (!m.draft.form) {
        bool has_one = m.draft.signer_count < 2 && m.draft.recipient_count < 2;

        m.draft.form = has_one ? MLN_ESDATA_COMPACT : MLN_ESDATA_JSON;
    }
    return mln_esdata_make(s, &m.draft, most, fault);
}

/* ---- open and verify ---- */

static mln_err take(const struct mln_esdata_settings *s, const struct mln_esdata_keys *keys,
                    struct mln_fault *fault)
{
    const struct mln_data_key *list[2 * MLN_ESDATA_PARTIES];
    bool is_verify = strcmp(s->verb, "verify") == 0;
    struct mln_esdata_opener opener = { .keys = list,
                                        .trust = keys->verifier ? &keys->trust : NULL,
                                        .needs_signature = is_verify || s->needs_signature,
                                        .needs_encryption = !is_verify,
                                        .signer = mln_slice_z(s->signer),
                                        .now_us = mln_env_now_us(mln_env_system()) };
    enum mln_esdata_form form;

    MLN_TRY(read_form(s, fault, &form));
    MLN_TRY(read_most(s, fault, &opener.envelope_most));
    for (size_t i = 0; i < s->lists[MLN_ESDATA_KEY].count; i++) {
        list[opener.key_count++] = keys->all[MLN_ESDATA_KEY][i];
    }
    for (size_t i = 0; i < s->lists[MLN_ESDATA_FROM].count; i++) {
        list[opener.key_count++] = keys->all[MLN_ESDATA_FROM][i];
    }
    if (!opener.key_count && !opener.trust) {
        mln_fault_set(fault, is_verify ? "who may have signed it? --from FILE or --anchor FILE"
                                       : "what is it decrypted with? --key FILE");
        MLN_FAIL(CONFIG);
    }
    return mln_esdata_take(s, &opener, form, fault);
}

/* ---- the command ---- */

static mln_err run(struct mln_esdata_settings *s, int argc, char **argv, struct mln_fault *fault)
{
    static const char *const verbs[] = { "protect", "sign", "open", "verify" };
    struct mln_esdata_keys keys MLN_CLEANUP(mln_esdata_keys_done) = { 0 };
    size_t verb = 0;

    while (verb < 4 && (argc < 1 || strcmp(verbs[verb], argv[0]) != 0)) {
        verb++;
    }
    if (verb == 4 || argc > 2) {
        mln_fault_set(fault, "expected: protect, open, sign or verify, and at most one file");
        MLN_FAIL(CONFIG);
    }
    s->verb = verbs[verb];
    s->file = argc == 2 ? argv[1] : "-";
    MLN_TRY(check_given(s, fault));
    MLN_TRY(mln_esdata_keys_read(s, fault, &keys));
    return verb < 2 ? make(s, &keys, fault) : take(s, &keys, fault);
}

int mln_server_esdata(int argc, char **argv)
{
    struct mln_esdata_settings s = { 0 };
    struct mln_option_table table = { options, OPTIONS, set, &s };
    struct mln_fault fault = { 0 };
    int operand = argc;
    mln_err err = mln_options_parse(&table, 1, argc, argv, &fault, &operand);

    if (!mln_failed(err)) {
        err = mln_harden(&fault); /* there will be private keys */
    }
    if (!mln_failed(err)) {
        err = run(&s, argc - operand, argv + operand, &fault);
    }
    return mln_failed(err) ? mln_credentials_fail("esdata", err, &fault) : 0;
}
