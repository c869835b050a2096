/* The parts of `merlon cert`. One thread. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/secret.h"
#include "crypto/ca.h"

enum { MLN_CERT_COMMAND_NAMES = MLN_CA_NAMES };

/* What the options say; texts are borrowed from the arguments. */
struct mln_cert_settings {
    const char *ca; /* directory */
    const char *name;
    const char *out;
    const char *request;
    const char *passphrase;     /* file, of the CA's key */
    const char *key_passphrase; /* file, of a new entity's key */
    const char *chain;          /* file */
    const char *anchors;        /* file */
    const char *crls;           /* file */
    const char *staple;         /* file */
    uint64_t days;              /* 0: as the command likes */
    bool is_unconstrained;
    bool is_strict;
    bool is_server;
    bool agrees;
    enum mln_cert_status status;
    unsigned flavours; /* 0: all */
    struct mln_cert_provider provider;
    struct mln_slice ae_id;
    struct mln_slice cse_id;
    struct mln_slice node_id;
    struct mln_slice device;
    struct mln_slice servers[MLN_CERT_COMMAND_NAMES];
    size_t server_count;
    struct mln_ca_name permits[MLN_CERT_COMMAND_NAMES];
    size_t permit_count;
};

/* Everything a part needs; `operands` are the words behind the subcommand. */
struct mln_cert_call {
    const struct mln_cert_settings *settings;
    struct mln_arena *arena;
    struct mln_fault *fault;
    char **operands;
    int operand_count;
    bool is_refused; /* a certificate did not pass: exit code 1, told on standard output */
};

/* The domain names of CSEs as --sp-id and --in-cse-id tell them. cert_command.c */
struct mln_cert_names mln_cert_command_names(const struct mln_cert_settings *settings);

/* A whole file, or standard input for "-". Errors: SYSTEM, LIMIT, NO_MEMORY. cert_command.c */
mln_err mln_cert_command_read(const char *path, struct mln_arena *arena, struct mln_fault *fault,
                              struct mln_slice *ret);

/* cert_authority.c: ca, issue, crl, revoke. Errors: those of crypto/ca.h. */
mln_err mln_cert_command_ca(struct mln_cert_call *call);
mln_err mln_cert_command_issue(struct mln_cert_call *call);
mln_err mln_cert_command_crl(struct mln_cert_call *call);
mln_err mln_cert_command_revoke(struct mln_cert_call *call);

/* cert_inspect.c: show, lint, verify. Errors: SYNTAX, SYSTEM, CONFIG, NO_MEMORY. */
mln_err mln_cert_command_show(struct mln_cert_call *call);
mln_err mln_cert_command_lint(struct mln_cert_call *call);
mln_err mln_cert_command_verify(struct mln_cert_call *call);
