/* What all client commands share: common options, settings, the client, messages, output.
 *
 * A command fills in its row and its own options, begins the session, works, and ends it. Messages
 * go to standard error, results to standard output. Text from a CSE is shown with control
 * characters replaced. One thread. */
#pragma once

#include "base/arena.h"
#include "base/option.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "merlon/merlon.h"

enum { MLN_CLI_PARAMS = 64 };

/* What --role and the like have said: an element of the list in a request parameter. */
struct mln_cli_claim {
    const char *parameter; /* short name */
    const char *value;
};

/* How results are printed. */
enum mln_cli_format {
    MLN_CLI_FORMAT_DEFAULT, /* pretty on a terminal, else json */
    MLN_CLI_FORMAT_JSON,
    MLN_CLI_FORMAT_PRETTY,
    MLN_CLI_FORMAT_RAW,
};

/* Settings that come from options, environment or configuration file; NULL when not given. Whatever
 * is added here gets a row in settings.c. */
struct mln_cli_settings {
    const char *url;
    const char *originator;
    const char *rvi;
    const char *timeout;
    const char *format;
    struct merlon_credential credential; /* for url, and no other */
    const char *esprim;                  /* target that requests are protected for; or NULL */
    const char *esprim_originator;       /* in protected requests; NULL: the same */
    struct merlon_protection protection; /* how; may be set without a target */
};

struct mln_session {
    /* filled in by the command before it begins */
    const struct mln_command *command;
    mln_option_set *set; /* takes the command's own options; NULL when it has none */
    void *data;          /* for set */
    bool is_open;        /* its own requests are never protected */
    /* the session's */
    struct mln_arena *arena; /* lives as long as the session */
    struct mln_cli_settings settings;
    const char *to; /* --to */
    const char *rcn;
    const char *params[MLN_CLI_PARAMS]; /* "NAME=VALUE" */
    size_t param_count;
    struct mln_cli_claim claims[MLN_CLI_PARAMS];
    size_t claim_count;
    bool wants_token_request;
    bool is_verbose;
    enum mln_cli_format format;
    struct merlon_client *client;
    struct merlon_client *carrier; /* of a protected client; else NULL */
    char **operands;               /* without the target */
    int operand_count;
    const char *target; /* NULL when there is none */
};

/* Rows of the common options. session.c */
const struct mln_option *mln_cli_common_options(size_t *ret_count);

/* Parses the arguments and makes the client. False: *ret_code is the exit code, a message was
 * written; mln_session_end is called all the same. session.c */
bool mln_session_begin(struct mln_session *s, int argc, char **argv, int *ret_code);
void mln_session_end(struct mln_session *s);

/* Writes "merlon: …" to standard error. message.c */
__attribute__((format(printf, 1, 2))) void mln_cli_say(const char *format, ...);

/* Says what is wrong with the arguments and where help is; returns the exit code. message.c */
__attribute__((format(printf, 2, 3))) int mln_session_misuse(const struct mln_session *s,
                                                             const char *format, ...);

/* Says why the library failed; returns the exit code. message.c */
int mln_session_fail(const struct mln_session *s, const struct merlon_error *error);

/* The format of that name. settings.c */
bool mln_cli_format_of(const char *word, enum mln_cli_format *ret);

/* One setting is checked, from wherever it comes. Errors: CONFIG. settings.c */
mln_err mln_cli_check_setting(const char *name, const char *value, struct mln_fault *fault);

/* Place of the setting of that name, or NULL. *ret_is_path, which may be NULL: is it the name of a
 * file? settings.c */
const char **mln_cli_setting(struct mln_cli_settings *settings, const char *name,
                             bool *ret_is_path);

/* Names of the settings, for i from 0 on; NULL behind the last. settings.c */
const char *mln_cli_setting_name(size_t i);

/* Has it anything of a credential? settings.c */
bool mln_cli_has_credential(const struct mln_cli_settings *settings);

/* Is a key or certificate set to protect requests with? settings.c */
bool mln_cli_has_protection(const struct mln_cli_settings *settings);

/* Fills in what is not set yet from a source that counts less. A credential is taken in parts that
 * belong together (what we show; the anchors; who is expected; what protects requests), and only
 * when the source does not name the URL of another CSE. settings.c */
void mln_cli_settings_merge(struct mln_cli_settings *into, const struct mln_cli_settings *from);

/* What the environment says. settings.c */
void mln_cli_settings_environment(struct mln_cli_settings *ret);

extern const char mln_cli_default_url[];

/* Fills in what is not set yet from the configuration file, if there is one. config.c
 * Errors: CONFIG (with file and line in the fault), SYSTEM, NO_MEMORY. */
mln_err mln_config_read(struct mln_cli_settings *settings, struct mln_arena *arena,
                        struct mln_fault *fault);

/* A whole file, or standard input for "-", in the arena and ending in NUL. input.c
 * Errors: SYSTEM, LIMIT, NO_MEMORY, with the reason in the fault. */
mln_err mln_cli_read_file(const char *path, size_t max, struct mln_arena *arena,
                          struct mln_slice *ret, struct mln_fault *fault);

/* A request to the target with the common parameters. NULL: *ret_code is the exit code. request.c
 */
struct merlon_request *mln_session_request(struct mln_session *s, enum merlon_operation operation,
                                           int *ret_code);

/* What a target shows, asked for beside the request itself, with the same roles and tokens. Errors
 * as merlon_retrieve. request.c */
enum merlon_status mln_session_retrieve(struct mln_session *s, const char *target,
                                        struct merlon_response **ret, struct merlon_error *error);

/* Sends the request, frees it, and prints what comes back. Returns the exit code. request.c */
int mln_session_send(struct mln_session *s, struct merlon_request *request);

/* Splits "NAME=VALUE"; *ret_name lives in the arena, *ret_value in the argument. False, with a
 * message, when there is no '='. request.c */
bool mln_cli_split(struct mln_session *s, const char *argument, char **ret_name,
                   const char **ret_value);

/* The content from a file (NULL: none), changed by the operands NAME=VALUE and NAME:=JSON. `type`
 * may be NULL when the file tells it. Returns the exit code. content.c */
int mln_session_content(struct mln_session *s, const char *type, const char *path,
                        struct merlon_content **ret);

/* Sends a CREATE, UPDATE or NOTIFY with the content, frees it, prints the answer. Returns the exit
 * code. content.c */
int mln_session_send_content(struct mln_session *s, enum merlon_operation operation,
                             struct merlon_content *content);

/* Prints the content of a response in the format of the session. Returns the exit code. output.c */
int mln_session_print(const struct mln_session *s, const struct merlon_response *response);

/* Prints a value as one line of JSON, or indented. output.c */
int mln_session_print_json(const struct mln_session *s, const struct merlon_json *value);

/* Prints text of a CSE, control characters replaced. output.c */
void mln_cli_print_text(FILE *out, const char *text);
void mln_cli_print_slice(FILE *out, struct mln_slice text);

/* Prints text of a CSE as a JSON string. output.c */
void mln_cli_print_json_string(const char *text);

/* Standard output took everything? Else says so, unless its reader has gone; returns the exit code.
 * output.c */
int mln_cli_finish_output(void);
