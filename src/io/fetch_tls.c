/* TLS of outbound fetches: libcurl makes the SSL_CTX, crypto/ decides who is believed.
 *
 * libcurl knows neither pre-shared keys nor oneM2M identities, and would look at the system's
 * certificates. So its own verification is off, and that of mln_tls_client_apply stands in its
 * place, inside the handshake. If it cannot be set up, there is no connection. */
#include "base/arena.h"
#include "io/fetch_int.h"

enum { LIFE_S = 600 }; /* of a connection: after a reload none is older */

static CURLcode set_up(CURL *easy, void *ctx, void *data)
{
    const struct mln_fetch_security *security = data;
    struct mln_tls_client *client = security->tls ? mln_tls_slot_get_client(security->tls) : NULL;
    mln_err err = mln_tls_client_apply(client, ctx, &security->target);

    (void)easy;
    mln_tls_client_unref(client);
    return mln_failed(err) ? CURLE_SSL_CERTPROBLEM : CURLE_OK;
}

bool mln_fetch_set_security(CURL *easy, struct mln_fetch_security *security)
{
#define SET(option, value) (curl_easy_setopt(easy, option, value) == CURLE_OK)
    return SET(CURLOPT_SSL_CTX_FUNCTION, set_up) && SET(CURLOPT_SSL_CTX_DATA, security) &&
           SET(CURLOPT_SSL_VERIFYPEER, 0L) && SET(CURLOPT_SSL_VERIFYHOST, 0L) &&
           SET(CURLOPT_CAINFO, NULL) && SET(CURLOPT_CAPATH, NULL) &&
           SET(CURLOPT_SSL_SESSIONID_CACHE, 0L) && SET(CURLOPT_SSL_ENABLE_ALPN, 0L) &&
           SET(CURLOPT_MAXLIFETIME_CONN, (long)LIFE_S);
#undef SET
}

/* "https://host:port/path" to "host", "https://[::1]:8443/" to "::1". */
static struct mln_slice host_of(struct mln_slice url)
{
    struct mln_slice rest = url;

    (void)mln_slice_cut(&rest, ':');
    rest = mln_slice_from(rest, 2);
    if (mln_slice_starts(rest, MLN_S("["))) {
        return mln_slice_head(mln_slice_from(rest, 1), mln_slice_find(rest, ']') - 1);
    }
    for (size_t i = 0; i < rest.len; i++) {
        char c = rest.ptr[i];

        if (c == ':' || c == '/' || c == '?' || c == '#') {
            return mln_slice_head(rest, i);
        }
    }
    return rest;
}

mln_err mln_fetch_aim(CURL *easy, const struct mln_fetch_request *request, struct mln_arena *arena,
                      struct mln_fetch_security *security)
{
    struct mln_tls_target *target = &security->target;
    bool is_particular =
        !security->has_one_peer &&
        (request->peer_cse_id.len || request->peer_ae_id.len || request->peer_credential_id.len);

    MLN_REQUIRE(mln_arena_dup(arena, host_of(request->url), &target->domain) &&
                    mln_arena_dup(arena, request->peer_cse_id, &target->cse_id) &&
                    mln_arena_dup(arena, request->peer_ae_id, &target->ae_id) &&
                    mln_arena_dup(arena, request->peer_credential_id, &target->credential_id),
                NO_MEMORY);
    mln_fault_clear(&security->why);
    target->why = &security->why; /* there is no renegotiation: nobody asks later */
    /* libcurl would share a connection by host and port alone */
    MLN_REQUIRE(
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, is_particular ? 1L : 0L) == CURLE_OK &&
            curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, is_particular ? 1L : 0L) == CURLE_OK,
        NO_MEMORY);
    return MLN_OK;
}
