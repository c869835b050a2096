/* The server behind the command: what `merlon cse`, `store`, `key`, `issuer`, `cert`, `token` and
 * `esdata` do.
 *
 * argv[0] is the word of the command. The functions return the exit code (enum mln_exit) and write
 * messages to standard error. Main thread. */
#pragma once

#include "base/option.h"

/* Exit codes of the server's commands. docs/guide/operate.md */
enum mln_exit {
    MLN_EXIT_OK = 0,
    MLN_EXIT_FAILED = 1,        /* out of memory, system refused, store cannot be written */
    MLN_EXIT_USAGE = 2,         /* option, configuration file or combination of settings */
    MLN_EXIT_STORE_IN_USE = 3,  /* another process has the store */
    MLN_EXIT_STORE_DAMAGED = 4, /* damaged, or written by a newer version */
    MLN_EXIT_LISTEN = 5,        /* address in use or not ours */
};

/* Runs a CSE until SIGTERM or SIGINT. */
int mln_server_cse(int argc, char **argv);

/* check, backup, restore, stats. */
int mln_server_store(int argc, char **argv);

/* add, list, remove: the credentials of a data directory; derive: keys from keys.
 * key_command.c */
int mln_server_key(int argc, char **argv);

/* The same for the issuers of tokens. issuer_command.c */
int mln_server_issuer(int argc, char **argv);

/* ca, issue, crl, revoke, show, lint, verify. */
int mln_server_cert(int argc, char **argv);

const struct mln_option *mln_server_cert_options(size_t *ret_count);
/* issue, show, verify: tokens, without a server. token_command.c */
int mln_server_token(int argc, char **argv);

/* protect, open, sign, verify: data, without a server. esdata_command.c */
int mln_server_esdata(int argc, char **argv);

const struct mln_option *mln_server_cse_options(size_t *ret_count);
const struct mln_option *mln_server_store_options(size_t *ret_count);
const struct mln_option *mln_server_key_options(size_t *ret_count);
const struct mln_option *mln_server_issuer_options(size_t *ret_count);
const struct mln_option *mln_server_token_options(size_t *ret_count);
const struct mln_option *mln_server_esdata_options(size_t *ret_count);
