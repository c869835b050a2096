/* `merlon esdata`: protects data end to end, and opens it. */
#include "cli/command.h"
#include "server/server.h"

const struct mln_command mln_cli_esdata = {
    .name = "esdata",
    .summary = "Protect data end to end, or open what is protected",
    .synopsis = "protect [FILE]\nopen [FILE]\nsign [FILE]\nverify [FILE]",
    .text =
        "What is protected goes into a content, an attribute or a parameter as it is; CSEs on the "
        "way store it and understand nothing of it. No server is needed. Without FILE, or with "
        "'-', standard input is read; the result goes to standard output.\n\n"
        "protect encrypts for everybody who is given with --to; with --sign-key what is encrypted "
        "is signed. sign only signs. open decrypts, and verifies what is signed inside. verify "
        "wants a signature. Both tell on standard error who signed and who can read.\n\n"
        "A key file holds a JWK, a key or certificates in PEM, or the digits of a secret as merlon "
        "key add writes them; such secrets have no name, so NAME= gives them one, as "
        "thermo1@sp.example=thermo1.key. For a certificate NAME= is whom it must name. "
        "Certificates of others, also those that come along with a signature, count when --anchor "
        "trusts them.\n\n"
        "protect and sign work on streams of any length. open and verify hold all of it in memory, "
        "at most --most bytes, since nothing is given out before it was checked; so does XML.",
    .examples = "# from a sensor to an application, by a secret that both have\n"
                "merlon esdata protect --to k1@sp.example=k1.key reading.json > reading.jose\n"
                "merlon esdata open --key k1@sp.example=k1.key reading.jose\n"
                "# signed by the sensor, readable by two\n"
                "merlon esdata protect --sign-key sensor.pem --to app1.jwk --to app2.jwk "
                "reading.json > reading.jose\n"
                "merlon esdata open --signed --key app1-private.jwk --anchor ca.pem --signer "
                "//sp.example/Ssensor reading.jose\n"
                "# only signed\n"
                "merlon esdata sign --sign-key sensor.jwk reading.json | merlon esdata verify "
                "--from sensor-public.jwk",
    .options = mln_server_esdata_options,
    .run = mln_server_esdata,
};
