/* Settings of `merlon cse`: from the command line, else the configuration file, else defaults.
 *
 * One table (settings.c) knows every setting with its default, its check and its sentence of help;
 * command line, file, dist/merlon.conf and manual page follow from it. Texts are borrowed from the
 * arena of the settings. Main thread, at the start. */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/option.h"
#include "crypto/tls.h"
#include "cse/cse.h"
#include "io/address.h"

enum { MLN_LISTENERS_MAX = 16, MLN_POA_MAX = 16, MLN_DOMAINS_MAX = 64, MLN_TLS_FILES_MAX = 16 };

/* One --listen or --insecure-listen. */
struct mln_listen_setting {
    struct mln_slice url; /* as given, without ",trusted" */
    struct mln_slice scheme;
    struct mln_slice host;
    uint16_t port;
    bool has_port;
    bool is_insecure;  /* said by name that plain text beyond loopback is wanted */
    bool says_trusted; /* ",trusted" or ",untrusted" was given: */
    bool is_trusted;
};

struct mln_settings {
    struct mln_arena *arena;
    struct mln_slice config; /* file, empty for none */
    struct mln_slice data;
    struct mln_listen_setting listen[MLN_LISTENERS_MAX];
    size_t listen_count;
    struct mln_slice poa[MLN_POA_MAX];
    size_t poa_count;
    struct mln_slice cse_id;
    struct mln_slice cse_name;
    struct mln_slice sp_id;
    enum mln_cse_type cse_type;
    struct mln_slice in_cse_id; /* of the infrastructure node; empty: this one, or the registrar */
    struct mln_slice registrar; /* URL, empty for none */
    struct mln_slice registrar_credential;
    struct mln_slice registrar_id; /* CSE-ID */
    uint64_t registration_s;
    bool deregisters;
    struct mln_slice admin;
    enum mln_log_level log;
    bool is_log_json;
    bool only_check;
    const char *store;
    uint64_t store_max_bytes;
    uint64_t threads; /* 0: one for each processor */
    const char *user;
    bool has_call_filter;
    uint64_t max_lifetime_s;
    bool is_release_2;
    bool hides_unauthorised;
    enum mln_verify verify;
    bool rechecks_subscribers;
    const char *locations;        /* file, or NULL */
    const char *flex_definitions; /* directory, or NULL */
    enum mln_unauthenticated unauthenticated;
    bool enforces_profile;
    struct mln_slice audit; /* file, empty for none */
    bool audits_all;
    struct mln_slice statistics; /* likewise */
    bool has_tokens;
    uint64_t token_skew_s;
    bool takes_security_info;
    bool is_esprim_shared;
    uint64_t esprim_lifetime_s;
    uint64_t esprim_skew_s;
    struct mln_domain_setting role_issuers[MLN_DOMAINS_MAX];
    size_t role_issuer_count;
    struct mln_domain_setting role_repositories[MLN_DOMAINS_MAX];
    size_t role_repository_count;
    struct mln_domain_setting group_hosts[MLN_DOMAINS_MAX];
    size_t group_host_count;
    struct mln_domain_setting esprim_to[MLN_DOMAINS_MAX]; /* IDs and identifiers of keys */
    size_t esprim_to_count;
    struct mln_domain_setting peers[MLN_DOMAINS_MAX];
    size_t peer_count;
    uint64_t stop_ms;
    struct mln_limits limits;
    const char *master_key; /* file; NULL: in the data directory */
    const char *tls_certificates[MLN_TLS_IDENTITIES];
    size_t tls_certificate_count;
    const char *tls_keys[MLN_TLS_IDENTITIES];
    size_t tls_key_count;
    const char *tls_anchors[MLN_TLS_FILES_MAX];
    size_t tls_anchor_count;
    const char *tls_crls[MLN_TLS_FILES_MAX];
    size_t tls_crl_count;
    bool is_crl_soft;
    const char *tls_staples[MLN_TLS_IDENTITIES];
    size_t tls_staple_count;
    bool needs_tls_staple;
    bool is_tls_strict;
    bool says_tls_clients; /* --tls-client was given: */
    enum mln_tls_clients tls_clients;
    enum mln_tls_version tls_least;
    enum mln_tls_version tls_greatest;
    struct mln_slice authorities[MLN_TLS_AUTHORITIES];
    size_t authority_count;
};

/* Reads command line and file. Of several errors in the file the last is left in `fault`, those
 * before it go to `tell` one by one. *ret must be given back with mln_settings_done, also on
 * failure. Errors: CONFIG (fault tells what and where), NO_MEMORY, SYSTEM (the file cannot be
 * read). */
typedef void mln_settings_tell(const char *text);
mln_err mln_settings_read(int argc, char **argv, mln_settings_tell *tell, struct mln_settings *ret,
                          struct mln_fault *fault);
void mln_settings_done(struct mln_settings *settings);

/* The rows, for help and documentation. */
const struct mln_option *mln_settings_options(size_t *ret_count);

/* Writes a configuration file with every setting, commented out at its default. */
void mln_settings_write_sample(void);
