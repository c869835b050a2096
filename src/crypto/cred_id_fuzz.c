/* Fuzz target of identifiers of credentials: what is read has one canonical spelling, which is read
 * again as the same. */
#include "crypto/cred_id.h"

#include "base/fuzz_test.h"

static void check_credential_id(struct mln_slice text)
{
    char first[MLN_CREDENTIAL_ID_MAX];
    char second[MLN_CREDENTIAL_ID_MAX];
    struct mln_credential_id id;
    size_t len;

    if (!mln_credential_id_parse(text, &id)) {
        return;
    }
    require(memchr(text.ptr, '\0', text.len) == NULL);
    len = mln_credential_id_put(id.type, id.value, first);
    require(len > 3 && len <= text.len);
    require(mln_credential_id_parse(mln_slice_of(first, len), &id));
    require(mln_credential_id_put(id.type, id.value, second) == len);
    require(memcmp(first, second, len) == 0);
}

static void check_key_id(struct mln_slice text)
{
    struct mln_key_id id;

    if (mln_key_id_parse(text, &id)) {
        require(id.relative.ptr == text.ptr && id.relative.len + 1 + id.fqdn.len == text.len);
        require(mln_slice_find(id.relative, '@') == id.relative.len);
        require(mln_fqdn_is_valid(id.fqdn));
    }
    if (mln_cred_is_role_id(text)) {
        require(mln_slice_find(text, '@') < text.len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mln_slice text = { (const char *)data, size };

    check_credential_id(text);
    check_key_id(text);
    if (mln_cred_is_cse_id(text)) {
        require(mln_slice_starts(text, MLN_S("//")));
    }
    if (mln_cred_is_ae_pattern(text) || mln_cred_is_app_pattern(text)) {
        require(size > 0 && memchr(data, '\0', size) == NULL);
    }
    return 0;
}
