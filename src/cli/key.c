/* `merlon key`: the credentials of a CSE, and keys made from keys. */
#include "cli/command.h"
#include "server/server.h"

const struct mln_command mln_cli_key = {
    .name = "key",
    .summary = "Add, list or remove the credentials of a CSE, derive keys",
    .synopsis = "add\nlist\nremove ID...\nderive KIND",
    .text =
        "Works on the data directory of a CSE, with or without a running server. The credentials "
        "are sealed under a master key. A key is read from a file or from standard input, or made "
        "at random; it is never given on the command line, where others could read it.\n\n"
        "add stores one credential and the identities it stands for: a CSE, or AEs by pattern. "
        "Without any the holder may only register an AE. list shows credentials, never keys. "
        "remove takes Credential-IDs, or identifiers NAME@DOMAIN of keys.\n\n"
        "A running server reads the credentials again on SIGHUP; connections that rest on one that "
        "was removed lose their rights.\n\n"
        "derive makes one key from another as TS-0003 10.3 says, without a data directory. KIND is "
        "one of:\n\n"
        "  - exported: identifier and key of 48 bytes that TLS has exported\n\n"
        "  - master-credential: the key for a MAF, from an enrolment key\n\n"
        "  - connection-key: the key for associations with a CSE or AE, from an enrolment key\n\n"
        "  - usage-key: the key for one use with one target, from an enrolment key\n\n"
        "  - session-key: the key of an ESPrim session, from the key that both ends have been "
        "given, "
        "and their random objects\n\n"
        "  - end-to-end-master: from a connection key or a random number, and a salt\n\n"
        "  - message-authenticity, message-confidentiality, attribute-authenticity, "
        "attribute-confidentiality: the keys under an end-to-end master\n\n"
        "The identifier is printed; the key goes where --key-out or --show says.",
    .examples = "# a random key for one device, into a file for it\n"
                "merlon key add --id thermo1@sp.example --ae-id Cthermo1 --key-out thermo1.key\n"
                "# a key that is there, for all AEs of a gateway, until a day\n"
                "merlon key add --id gw@sp.example --ae-id 'Cgw*' --not-after 20300101T000000 "
                "--key-file gw.key\n"
                "# a certificate's identity, and what it may register\n"
                "merlon key add --credential-id 33-//sp.example/Slight --app-id 'R01.com.acme.*'\n"
                "merlon key list\n"
                "merlon key remove thermo1@sp.example\n"
                "# what an enrolment key gives for ESPrim with an AE, added in the same step\n"
                "merlon key derive usage-key --suid 23 --peer s123.sp.example --key-file ke.key "
                "--show | merlon key add --suid 23 --id thermo1@mef.example --ae-id S123 "
                "--key-file -",
    .options = mln_server_key_options,
    .run = mln_server_key,
};
