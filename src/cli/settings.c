/* Settings of the client commands: their names, where they come from, what goes before what. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "cli/session.h"

enum { TIMEOUT_MAX = 86400 }; /* seconds */

const char mln_cli_default_url[] = "http://127.0.0.1:8080";

/* What belongs together: of a credential, a part comes from one source as a whole. */
enum part { PART_NONE, PART_PROOF, PART_ANCHOR, PART_PEER, PART_ESPRIM };

static const struct row {
    const char *name; /* of option and key */
    const char *variable;
    size_t offset;
    enum part part;
    bool is_path;
} rows[] = {
#define PLACE(member)      offsetof(struct mln_cli_settings, member)
#define CREDENTIAL(member) offsetof(struct mln_cli_settings, credential.member)
#define PROTECTION(member) offsetof(struct mln_cli_settings, protection.member)
    { "url", "MERLON_URL", PLACE(url), PART_NONE, false },
    { "originator", "MERLON_ORIGINATOR", PLACE(originator), PART_NONE, false },
    { "rvi", NULL, PLACE(rvi), PART_NONE, false },
    { "timeout", NULL, PLACE(timeout), PART_NONE, false },
    { "format", NULL, PLACE(format), PART_NONE, false },
    { "anchor", "MERLON_ANCHOR", CREDENTIAL(anchor_file), PART_ANCHOR, true },
    { "crl", "MERLON_CRL", CREDENTIAL(crl_file), PART_ANCHOR, true },
    { "ocsp", "MERLON_OCSP", CREDENTIAL(ocsp), PART_ANCHOR, false },
    { "certificate", "MERLON_CERTIFICATE", CREDENTIAL(certificate_file), PART_PROOF, true },
    { "key", "MERLON_KEY", CREDENTIAL(key_file), PART_PROOF, true },
    { "psk-id", "MERLON_PSK_ID", CREDENTIAL(psk_id), PART_PROOF, false },
    { "psk-file", "MERLON_PSK_FILE", CREDENTIAL(psk_file), PART_PROOF, true },
    { "cse-id", "MERLON_CSE_ID", CREDENTIAL(cse_id), PART_PEER, false },
    { "in-cse-id", "MERLON_IN_CSE_ID", CREDENTIAL(in_cse_id), PART_PEER, false },
    { "esprim", "MERLON_ESPRIM", PLACE(esprim), PART_NONE, false },
    { "esprim-peer", "MERLON_ESPRIM_PEER", PROTECTION(peer), PART_ESPRIM, false },
    { "esprim-originator", "MERLON_ESPRIM_ORIGINATOR", PLACE(esprim_originator), PART_NONE, false },
    { "esprim-format", NULL, PROTECTION(serialisation), PART_NONE, false },
    { "esprim-in-cse-id", "MERLON_ESPRIM_IN_CSE_ID", PROTECTION(in_cse_id), PART_ESPRIM, false },
    { "esprim-key-id", "MERLON_ESPRIM_KEY_ID", PROTECTION(key_id), PART_ESPRIM, false },
    { "esprim-key-file", "MERLON_ESPRIM_KEY_FILE", PROTECTION(key_file), PART_ESPRIM, true },
    { "esprim-certificate", "MERLON_ESPRIM_CERTIFICATE", PROTECTION(certificate_file), PART_ESPRIM,
      true },
    { "esprim-private-key", "MERLON_ESPRIM_PRIVATE_KEY", PROTECTION(private_key_file), PART_ESPRIM,
      true },
    { "esprim-anchor", "MERLON_ESPRIM_ANCHOR", PROTECTION(anchor_file), PART_ESPRIM, true },
    { "esprim-crl", "MERLON_ESPRIM_CRL", PROTECTION(crl_file), PART_ESPRIM, true },
#undef PROTECTION
#undef CREDENTIAL
#undef PLACE
};

enum { ROWS = sizeof rows / sizeof *rows };

static const char **place_of(struct mln_cli_settings *settings, const struct row *row)
{
    return (const char **)(void *)((char *)settings + row->offset);
}

static const char *value_of(const struct mln_cli_settings *settings, const struct row *row)
{
    return *(const char *const *)(const void *)((const char *)settings + row->offset);
}

const char **mln_cli_setting(struct mln_cli_settings *settings, const char *name, bool *ret_is_path)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            if (ret_is_path) {
                *ret_is_path = rows[i].is_path;
            }
            return place_of(settings, &rows[i]);
        }
    }
    return NULL;
}

const char *mln_cli_setting_name(size_t i)
{
    return i < ROWS ? rows[i].name : NULL;
}

/* ---- values ---- */

bool mln_cli_format_of(const char *word, enum mln_cli_format *ret)
{
    static const char *const words[] = {
        [MLN_CLI_FORMAT_JSON] = "json",
        [MLN_CLI_FORMAT_PRETTY] = "pretty",
        [MLN_CLI_FORMAT_RAW] = "raw",
    };

    for (int i = MLN_CLI_FORMAT_JSON; i <= MLN_CLI_FORMAT_RAW; i++) {
        if (strcmp(words[i], word) == 0) {
            *ret = (enum mln_cli_format)i;
            return true;
        }
    }
    return false;
}

mln_err mln_cli_check_setting(const char *name, const char *value, struct mln_fault *fault)
{
    enum mln_cli_format format;
    uint64_t seconds = 0;

    if (strcmp(name, "format") == 0 && !mln_cli_format_of(value, &format)) {
        mln_fault_set(fault, "format: '%s' is none of json, pretty, raw", value);
        MLN_FAIL(CONFIG);
    }
    if (strcmp(name, "timeout") == 0 &&
        (!mln_num_u64(mln_slice_z(value), &seconds) || !seconds || seconds > TIMEOUT_MAX)) {
        mln_fault_set(fault, "timeout: '%s' is no number of seconds from 1 to %d", value,
                      TIMEOUT_MAX);
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

/* ---- sources ---- */

static bool has_part(const struct mln_cli_settings *settings, enum part part)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].part == part && value_of(settings, &rows[i])) {
            return true;
        }
    }
    return false;
}

bool mln_cli_has_credential(const struct mln_cli_settings *settings)
{
    return has_part(settings, PART_PROOF) || has_part(settings, PART_ANCHOR) ||
           has_part(settings, PART_PEER);
}

/* "https://host:port/path" at "host:port"? */
static bool leads_to(const char *url, const char *other)
{
    const char *authority = strstr(other, "://");
    char text[512];
    size_t len;

    if (!authority) {
        return false;
    }
    authority += 3;
    len = strcspn(authority, "/");
    if (len >= sizeof text) {
        return false;
    }
    memcpy(text, authority, len);
    text[len] = '\0';
    return merlon_url_is_at(url, text) > 0;
}

bool mln_cli_has_protection(const struct mln_cli_settings *settings)
{
    return has_part(settings, PART_ESPRIM);
}

void mln_cli_settings_merge(struct mln_cli_settings *into, const struct mln_cli_settings *from)
{
    const char *url = into->url ? into->url : from->url;
    bool is_for_it = !from->url || (leads_to(url, from->url) && leads_to(from->url, url));
    bool takes[] = {
        [PART_NONE] = true,
        [PART_PROOF] = is_for_it && !has_part(into, PART_PROOF),
        [PART_ANCHOR] = is_for_it && !has_part(into, PART_ANCHOR),
        [PART_PEER] = is_for_it && !has_part(into, PART_PEER),
        [PART_ESPRIM] = is_for_it && !has_part(into, PART_ESPRIM),
    };

    for (size_t i = 0; i < ROWS; i++) {
        const char **place = place_of(into, &rows[i]);

        if (!*place && takes[rows[i].part]) {
            *place = value_of(from, &rows[i]);
        }
    }
}

void mln_cli_settings_environment(struct mln_cli_settings *ret)
{
    memset(ret, 0, sizeof *ret);
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].variable) {
            *place_of(ret, &rows[i]) = getenv(rows[i].variable);
        }
    }
}
