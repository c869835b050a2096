/* `merlon cse`, `merlon store` and `merlon cert`: the server's commands. */
#include "server/server.h"

#include "cli/command.h"

const struct mln_command mln_cli_cse = {
    .name = "cse",
    .summary = "Run a CSE",
    .synopsis = "",
    .text = "Runs a common services entity until SIGTERM or SIGINT. Without options it keeps its "
            "data in ./merlon-data, listens on http://127.0.0.1:8080 and is reached from this host "
            "only. Options override the configuration file.\n\n"
            "Exit codes: 0 stopped as asked, 1 failed, 2 wrong option or setting, 3 the store is "
            "in use by another process, 4 the store is damaged or of a newer version, 5 cannot "
            "listen.",
    .examples = "# the first CSE\n"
                "merlon cse\n"
                "# with other names\n"
                "merlon cse --cse-id /factory --cse-name factory --sp-id //sp.example",
    .options = mln_server_cse_options,
    .run = mln_server_cse,
};

const struct mln_command mln_cli_store = {
    .name = "store",
    .summary = "Check, back up, restore or measure the store of a CSE",
    .synopsis = "check\nbackup FILE\nrestore FILE\nstats",
    .text =
        "check reads the whole store and tells what is wrong with it. backup writes a file from "
        "which restore makes a store again. stats tells how many resources of each type there "
        "are and how much room they take.\n\n"
        "Exit codes: 0 done, 1 failed, 2 wrong use, 3 the store is in use by another process, 4 "
        "the store is damaged or of a newer version.",
    .examples = "merlon store check --data /var/lib/merlon\n"
                "merlon store backup --data /var/lib/merlon merlon.backup",
    .options = mln_server_store_options,
    .run = mln_server_store,
};

const struct mln_command mln_cli_cert = {
    .name = "cert",
    .summary = "Make, revoke and check certificates",
    .synopsis = "ca\nissue\ncrl\nrevoke SERIAL|FILE\nshow FILE\nlint FILE...\nverify FILE",
    .text =
        "ca makes a small certification authority in a directory, for tests and laboratories; "
        "issue makes a key and a certificate for an AE, a CSE, a node, a device or a server, or a "
        "certificate for a signing request; revoke and crl take certificates back. show tells "
        "whom a certificate names, lint holds it against the profile of TS-0003, verify does what "
        "a peer does in a handshake.\n\n"
        "Certificates that are refused, and findings, give exit code 1.",
    .examples = "merlon cert ca --ca lab --sp-id //sp.example --in-cse-id /in-cse\n"
                "merlon cert issue --ca lab --cse-id //sp.example/in-cse --out in-cse\n"
                "merlon cert issue --ca lab --ae-id //sp.example/Sthermo --out thermo\n"
                "merlon cert verify thermo.pem --anchor lab/ca.pem --flavour ae-id\n"
                "merlon cert revoke --ca lab thermo.pem\n"
                "merlon cert crl --ca lab --out crl.pem",
    .options = mln_server_cert_options,
    .run = mln_server_cert,
};
