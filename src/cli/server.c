/* `merlon cse` and `merlon store`: the server's commands. */
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
