/* Makes the n-th allocation of the client fail, for each n: every failure is told, nothing leaks
 * and nothing breaks. The peer has a thread of its own, which the counting does not touch. */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "client/client_int.h"
#include "client/esprim_stub_test.h"
#include "crypto/ca.h"

enum { MANY = 3000, PATH_SIZE = 256 };

#define CREATED                                                                                    \
    "HTTP/1.1 201 \r\nX-M2M-RSC: 2001\r\nContent-Location: /c/x\r\nX-M2M-RI: 1\r\n"                \
    "Content-Type: application/json\r\nContent-Length: 21\r\n\r\n{\"m2m:cnt\":{\"mni\":3}}"
/* The stub serves one connection after the other. */
#define LISTED                                                                                     \
    "HTTP/1.1 200 \r\nX-M2M-RSC: 2000\r\nContent-Type: application/json\r\n"                       \
    "Connection: close\r\nContent-Length: 22\r\n\r\n{\"m2m:uril\":[\"a\",\"b\"]}"

static bool found(void *data, const struct merlon_reference *reference)
{
    (void)data;
    return reference->address != NULL;
}

/* Builds, sends, reads. The status of the first step that fails. */
static enum merlon_status create(struct merlon_client *client, struct merlon_error *error)
{
    struct merlon_content *content = merlon_content_new("container", error);
    struct merlon_response *response = NULL;
    enum merlon_status status = content ? MERLON_OK : error->status;

    if (status == MERLON_OK) {
        status = merlon_content_set(content, "maxNrOfInstances", "3", error);
    }
    if (status == MERLON_OK) {
        status = merlon_content_set(content, "lbl", "a,b", error);
    }
    if (status == MERLON_OK) {
        status = merlon_content_set_json(content, "x", "[1,{\"a\":\"\\u0041\"}]", error);
    }
    if (status == MERLON_OK) {
        status = merlon_create(client, "cse-in", content, &response, error);
    }
    if (status == MERLON_OK) {
        assert_string_equal(merlon_response_address(response), "c/x");
    }
    merlon_response_free(response);
    merlon_content_free(content);
    return status;
}

static enum merlon_status list(struct merlon_client *client, struct merlon_error *error)
{
    struct merlon_request *request = merlon_request_new(MERLON_RETRIEVE, "cse-in", error);
    enum merlon_status status = request ? MERLON_OK : error->status;

    if (status == MERLON_OK) {
        status = merlon_request_set(request, "atrl", "mni,lbl", error);
    }
    if (status == MERLON_OK) {
        status = merlon_request_filter(request, "ty", "cnt,cin", error);
    }
    if (status == MERLON_OK) {
        status = merlon_request_filter_attribute(request, "mni", "3", error);
    }
    if (status == MERLON_OK) {
        status = merlon_list(client, request, found, NULL, error);
    }
    merlon_request_free(request);
    return status;
}

struct told {
    struct merlon_client *client;
    enum merlon_status status;
    int left;
};

static void on_answered(void *data, struct merlon_response *response,
                        const struct merlon_error *error)
{
    struct told *told = data;

    assert_true(!response == !!error);
    if (error) {
        assert_string_not_equal(error->text, "");
        told->status = error->status;
    }
    merlon_response_free(response);
    told->left--;
    merlon_client_stop(told->client);
}

/* Two calls without waiting. */
static enum merlon_status begin(struct merlon_client *client, struct merlon_error *error)
{
    struct told told = { .client = client };
    struct merlon_request *request = merlon_request_new(MERLON_RETRIEVE, "cse-in/c1", error);
    enum merlon_status status = request ? MERLON_OK : error->status;

    for (int i = 0; i < 2 && status == MERLON_OK; i++) {
        status = merlon_begin(client, request, on_answered, &told, error);
        told.left += status == MERLON_OK;
    }
    merlon_request_free(request);
    while (told.left) {
        enum merlon_status ran = merlon_client_run(client, -1, error);

        status = status == MERLON_OK ? ran : status;
    }
    if (status == MERLON_OK && told.status != MERLON_OK) {
        error->status = status = told.status;
        (void)snprintf(error->text, sizeof error->text, "told");
    }
    return status;
}

static int on_notified(void *data, const struct merlon_notification *notification)
{
    (void)data;
    (void)notification;
    return 0;
}

static enum merlon_status scenario(const char *url, struct merlon_error *error)
{
    struct merlon_client *client = merlon_client_new(url, error);
    struct merlon_receiver *receiver = NULL;
    enum merlon_status status = client ? MERLON_OK : error->status;

    if (status == MERLON_OK) {
        status = merlon_client_set_originator(client, "Cme", error);
    }
    if (status == MERLON_OK) {
        receiver = merlon_receiver_new(client, "127.0.0.1:0", on_notified, NULL, error);
        status = receiver ? MERLON_OK : error->status;
    }
    if (status == MERLON_OK) {
        status = create(client, error);
    }
    if (status == MERLON_OK) {
        status = list(client, error);
    }
    if (status == MERLON_OK) {
        status = begin(client, error);
    }
    merlon_receiver_free(receiver);
    merlon_client_free(client);
    return status;
}

static void every_failed_allocation_is_told(void **state)
{
    static const char *const answers[] = { CREATED, LISTED, LISTED, LISTED, NULL };
    static struct mln_stub stub;
    struct merlon_error error;
    enum merlon_status status = MERLON_NO_MEMORY;
    int unreachable = 0;
    unsigned long n;

    (void)state;
    for (n = 1; status != MERLON_OK && n < MANY; n++) {
        memset(&error, 0, sizeof error);
        mln_stub_start(&stub, answers);
        mln_mem_fail_at(n);
        status = scenario(stub.url, &error);
        mln_mem_fail_at(0);
        mln_stub_stop(&stub);
        if (status != MERLON_OK) {
            /* to libcurl a socket that cannot be watched is one that cannot be opened */
            assert_true(status == MERLON_NO_MEMORY || status == MERLON_UNREACHABLE);
            assert_int_equal(error.status, status);
            assert_string_not_equal(error.text, "");
            unreachable += status == MERLON_UNREACHABLE;
        }
    }
    assert_int_equal(status, MERLON_OK);
    assert_true(n > 10);
    assert_true(unreachable < 5);
}

/* ---- protected ---- */

static void put_file(const char *directory, const char *name, struct mln_slice text, char *ret_path)
{
    int fd;

    (void)snprintf(ret_path, PATH_SIZE, "%s/%s", directory, name);
    fd = open(ret_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, text.ptr, text.len), (ssize_t)text.len);
    assert_int_equal(close(fd), 0);
}

static enum merlon_status protected_scenario(const char *url, const struct merlon_protection *how,
                                             struct merlon_error *error)
{
    struct merlon_client *carrier = merlon_client_new(url, error);
    struct merlon_client *client = NULL;
    enum merlon_status status = carrier ? MERLON_OK : error->status;

    if (status == MERLON_OK) {
        client = merlon_client_new_protected(carrier, "cse-in", how, error);
        status = client ? MERLON_OK : error->status;
    }
    if (status == MERLON_OK) {
        status = merlon_retrieve(client, "cse-in/c1", NULL, error);
    }
    merlon_client_free(client);
    merlon_client_free(carrier);
    return status;
}

static void protected_calls_survive_every_failed_allocation(void **state)
{
    static struct mln_esprim_stub stub;
    char directory[] = "/tmp/merlon-torture-XXXXXX";
    char path[PATH_SIZE];
    struct merlon_protection how = { .key_id = MLN_ESPRIM_STUB_KEY_ID, .key_file = path };
    enum merlon_status status = MERLON_NO_MEMORY;
    struct merlon_error error;
    unsigned long n;

    (void)state;
    assert_non_null(mkdtemp(directory));
    put_file(directory, "key", MLN_S(MLN_ESPRIM_STUB_KEY), path);
    for (n = 1; status != MERLON_OK && n < MANY; n++) {
        memset(&error, 0, sizeof error);
        mln_esprim_stub_start(&stub, NULL); /* without a shared object: all of the ways */
        mln_mem_fail_at(n);
        status = protected_scenario(stub.stub.url, &how, &error);
        mln_mem_fail_at(0);
        mln_esprim_stub_stop(&stub);
        if (status != MERLON_OK) {
            if (status != MERLON_NO_MEMORY && status != MERLON_UNREACHABLE) {
                fail_msg("allocation %lu: %d %s", n, (int)status, error.text);
            }
            assert_int_equal(error.status, status);
            assert_string_not_equal(error.text, "");
        }
    }
    assert_int_equal(status, MERLON_OK);
    assert_true(n > 10);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(directory), 0);
}

/* ---- without a network ---- */

static void contents_survive_every_failed_allocation(void **state)
{
    static const char json[] = "{\"m2m:cnt\":{\"maxNrOfInstances\":1,\"lbl\":[\"a\",\"b\"]}}";
    struct merlon_content *content = NULL;
    struct merlon_error error;
    char *text = NULL;
    unsigned long n;

    (void)state;
    for (n = 1; !text && n < MANY; n++) {
        mln_mem_fail_at(n);
        content = merlon_content_new_json(json, sizeof json - 1, &error);
        text = content ? merlon_content_write(content) : NULL;
        mln_mem_fail_at(0);
        if (!content) {
            assert_int_equal(error.status, MERLON_NO_MEMORY);
        }
        merlon_content_free(content);
    }
    assert_string_equal(text, "{\"m2m:cnt\":{\"mni\":1,\"lbl\":[\"a\",\"b\"]}}");
    assert_true(n > 3);
    merlon_free(text);
}

static void credentials_survive_every_failed_allocation(void **state)
{
    char path[] = "/tmp/merlon-psk-XXXXXX";
    struct merlon_credential credential = { .psk_id = "a@b.example",
                                            .psk_file = path,
                                            .cse_id = "//b.example/in" };
    enum merlon_status status = MERLON_NO_MEMORY;
    struct merlon_error error;
    struct merlon_client *client = merlon_client_new("https://b.example", &error);
    int fd = mkstemp(path);
    unsigned long n;

    (void)state;
    assert_non_null(client);
    assert_int_equal(write(fd, "0123456789abcdef0123456789abcdef", 32), 32);
    assert_int_equal(close(fd), 0);
    for (n = 1; status != MERLON_OK && n < MANY; n++) {
        mln_mem_fail_at(n);
        status = merlon_client_set_credentials(client, &credential, 1, &error);
        mln_mem_fail_at(0);
        if (status != MERLON_OK) {
            assert_int_equal(status, MERLON_NO_MEMORY);
            assert_string_not_equal(error.text, "");
        }
    }
    assert_int_equal(status, MERLON_OK);
    assert_true(n > 5);
    assert_int_equal(unlink(path), 0);
    merlon_client_free(client);
}

/* ---- receivers under TLS ---- */

/* A certificate for 127.0.0.1, and that of its authority. */
static void make_files(const char *directory, char paths[3][PATH_SIZE])
{
    const struct mln_ca_name address = { MLN_CA_ADDRESS, MLN_S("127.0.0.1") };
    const struct mln_ca_plan plan = { MLN_S("torture"), &address, 1, 1 };
    const struct mln_ca_order order = { .names = &address, .name_count = 1, .days = 1 };
    struct mln_arena *arena = mln_arena_new(1 << 20);
    struct mln_ca_issued issued = { 0 };
    struct mln_ca *ca = NULL;
    char place[PATH_SIZE];

    (void)snprintf(place, sizeof place, "%s/ca", directory);
    (void)snprintf(paths[0], PATH_SIZE, "%s/ca/ca.pem", directory);
    assert_false(mln_failed(mln_ca_create(place, &plan, NULL, mln_env_system(), NULL)));
    assert_false(mln_failed(mln_ca_open(place, NULL, mln_env_system(), NULL, &ca)));
    assert_false(mln_failed(mln_ca_issue(ca, &order, NULL, arena, NULL, &issued)));
    put_file(directory, "cert.pem", issued.cert, paths[1]);
    put_file(directory, "key.pem",
             mln_slice_of((const char *)mln_secret_bytes(issued.key), mln_secret_len(issued.key)),
             paths[2]);
    mln_secret_free(issued.key);
    mln_ca_close(ca);
    mln_arena_free(arena);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static void receivers_survive_every_failed_allocation(void **state)
{
    char directory[] = "/tmp/merlon-receiver-XXXXXX";
    char paths[3][PATH_SIZE];
    struct merlon_credential credential = { .anchor_file = paths[0],
                                            .certificate_file = paths[1],
                                            .key_file = paths[2],
                                            .cse_id = "//b.example/in" };
    struct merlon_client *client = merlon_client_new("https://b.example", NULL);
    struct merlon_receiver *receiver = NULL;
    struct merlon_error error;
    unsigned long n;

    (void)state;
    assert_non_null(mkdtemp(directory));
    make_files(directory, paths);
    for (n = 1; !receiver && n < MANY; n++) {
        mln_mem_fail_at(n);
        receiver =
            merlon_receiver_new_secured(client, "127.0.0.1:0", &credential, NULL, NULL, &error);
        mln_mem_fail_at(0);
        if (!receiver) {
            if (error.status != MERLON_NO_MEMORY) {
                fail_msg("allocation %lu: %d %s", n, (int)error.status, error.text);
            }
            assert_string_not_equal(error.text, "");
        }
    }
    assert_non_null(receiver);
    assert_true(n > 10);
    merlon_receiver_free(receiver);
    merlon_client_free(client);
    assert_int_equal(nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failed_allocation_is_told),
        cmocka_unit_test(protected_calls_survive_every_failed_allocation),
        cmocka_unit_test(contents_survive_every_failed_allocation),
        cmocka_unit_test(credentials_survive_every_failed_allocation),
        cmocka_unit_test(receivers_survive_every_failed_allocation),
    };

    return cmocka_run_group_tests_name("torture", tests, NULL, NULL);
}
