/* `merlon issuer`: whose tokens a CSE accepts. */
#include "cli/command.h"
#include "server/server.h"

const struct mln_command mln_cli_issuer = {
    .name = "issuer",
    .summary = "Add, list or remove the issuers whose tokens a CSE accepts",
    .synopsis = "add ID\nlist\nremove ID...",
    .text =
        "Works on the data directory of a CSE, with or without a running server. An issuer has an "
        "identifier, as its tokens name it, a domain, which ends its Token-IDs, and keys or trust "
        "anchors. Only the algorithms that are listed for it are accepted from it. Keys are files "
        "that hold one JWK each; they are sealed like those of merlon key.\n\n"
        "A running server reads the issuers again on SIGHUP.",
    .examples = "merlon issuer add //sp.example/Sdas --fqdn das.sp.example --allow ES256 "
                "--key-file das.pub.jwk\n"
                "merlon issuer list\n"
                "merlon issuer remove //sp.example/Sdas",
    .options = mln_server_issuer_options,
    .run = mln_server_issuer,
};
