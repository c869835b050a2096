/* `merlon token`: makes, shows and verifies tokens. */
#include "cli/command.h"
#include "server/server.h"

const struct mln_command mln_cli_token = {
    .name = "token",
    .summary = "Issue, show or verify a token",
    .synopsis = "issue\nshow TOKEN\nverify TOKEN",
    .text =
        "A token states, signed or encrypted by its issuer, what its holder may do or which roles "
        "it has. No server is needed. '-' in the place of TOKEN reads it from standard input.\n\n"
        "issue prints a token. Its claims come from options, from a JSON file, or both. show "
        "prints "
        "header and claims as they stand there and verifies nothing. verify tells whether a token "
        "is sound, of a known issuer, and valid, and prints what it says; with --holder and "
        "--cse-id also whether that entity may use it there. Issuers come from the credentials of "
        "a CSE (merlon issuer add) or from files.",
    .examples = "# an hour of reading cse-in/ae1/data for an AE\n"
                "merlon token issue --key-file das.jwk --id @das.sp.example --issuer "
                "//sp.example/Sdas --holder //sp.example/Sdevice --permissions "
                "'{\"pm\":[{\"ris\":[\"cse-in/ae1/data\"],\"pv\":{\"acr\":[{\"acor\":[\"all\"],"
                "\"acop\":2}]}}]}'\n"
                "# would the CSE take it?\n"
                "merlon token verify --data /var/lib/merlon - < token",
    .options = mln_server_token_options,
    .run = mln_server_token,
};
