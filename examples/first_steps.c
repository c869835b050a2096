/* First steps with the client library: registers an application, creates a container, stores
 * readings, reads the latest one, finds all of them, and cleans up.
 *
 *     cc first_steps.c $(pkg-config --cflags --libs merlon) -o first_steps
 *     merlon cse &
 *     ./first_steps http://127.0.0.1:8080 cse-in
 */
#include <stdio.h>
#include <stdlib.h>

#include <merlon/merlon.h>

enum { READINGS = 3, ADDRESS_SIZE = 256 };

/* Every function that fails says why in the same way. */
static int fail(const char *what, const struct merlon_error *error)
{
    if (error->status == MERLON_REFUSED) {
        (void)fprintf(stderr, "%s: %d %s: %s\n", what, error->rsc, merlon_rsc_name(error->rsc),
                      error->text);
    } else {
        (void)fprintf(stderr, "%s: %s\n", what, error->text);
    }
    return EXIT_FAILURE;
}

/* "parent/name"; cut off when it is too long, and then the CSE will not find it. */
static const char *join(char *out, const char *parent, const char *name)
{
    int length = snprintf(out, ADDRESS_SIZE, "%s/%s", parent, name);

    return length > 0 ? out : "";
}

/* An attribute by long name or short name, and a value: the library knows the data types. */
struct attribute {
    const char *name;
    const char *value;
};

/* Creates a resource below `parent`; the list of attributes ends with a NULL name. */
static enum merlon_status create(struct merlon_client *client, const char *parent, const char *type,
                                 const struct attribute *attributes, struct merlon_error *error)
{
    struct merlon_content *content = merlon_content_new(type, error);
    enum merlon_status status = MERLON_OK;

    if (!content) {
        return error->status;
    }
    for (; attributes->name && status == MERLON_OK; attributes++) {
        status = merlon_content_set(content, attributes->name, attributes->value, error);
    }
    if (status == MERLON_OK) {
        status = merlon_create(client, parent, content, NULL, error);
    }
    merlon_content_free(content);
    return status;
}

static enum merlon_status store_readings(struct merlon_client *client, const char *container,
                                         struct merlon_error *error)
{
    enum merlon_status status = MERLON_OK;

    for (int i = 0; i < READINGS && status == MERLON_OK; i++) {
        char reading[32];
        struct attribute attributes[] = { { "content", reading }, { NULL, NULL } };

        (void)snprintf(reading, sizeof reading, "%d.5", 20 + i);
        status = create(client, container, "contentInstance", attributes, error);
    }
    return status;
}

static enum merlon_status show_latest(struct merlon_client *client, const char *container,
                                      struct merlon_error *error)
{
    struct merlon_response *response;
    char latest[ADDRESS_SIZE];
    enum merlon_status status =
        merlon_retrieve(client, join(latest, container, "la"), &response, error);

    if (status == MERLON_OK) {
        const char *reading = merlon_json_text(merlon_response_attribute(response, "con"));

        /* NULL when somebody else has stored what is no text */
        (void)printf("latest: %s\n", reading ? reading : "(no text)");
        merlon_response_free(response);
    }
    return status;
}

static bool count_found(void *data, const struct merlon_reference *reference)
{
    int *count = data;

    (void)reference; /* its address, name and type */
    (*count)++;
    return true; /* go on */
}

static enum merlon_status count_readings(struct merlon_client *client, const char *container,
                                         struct merlon_error *error)
{
    struct merlon_request *request = merlon_request_new(MERLON_RETRIEVE, container, error);
    enum merlon_status status;
    int count = 0;

    if (!request) {
        return error->status;
    }
    status = merlon_request_discover(request, error);
    if (status == MERLON_OK) {
        status = merlon_request_filter(request, "resourceType", "contentInstance", error);
    }
    if (status == MERLON_OK) {
        status = merlon_list(client, request, count_found, &count, error);
    }
    if (status == MERLON_OK) {
        (void)printf("readings: %d\n", count);
    }
    merlon_request_free(request);
    return status;
}

/* What an application does once it is registered. */
static enum merlon_status work(struct merlon_client *client, const char *application,
                               struct merlon_error *error)
{
    static const struct attribute attributes[] = {
        { "resourceName", "readings" },
        { "maxNrOfInstances", "10" },
        { "labels", "kitchen,temperature" },
        { NULL, NULL },
    };
    char address[ADDRESS_SIZE];
    const char *container = join(address, application, "readings");
    enum merlon_status status = create(client, application, "container", attributes, error);

    if (status == MERLON_OK) {
        status = store_readings(client, container, error);
    }
    if (status == MERLON_OK) {
        status = show_latest(client, container, error);
    }
    if (status == MERLON_OK) {
        status = count_readings(client, container, error);
    }
    return status;
}

static int run(struct merlon_client *client, const char *base)
{
    static const struct attribute attributes[] = {
        { "resourceName", "first-steps" },
        { "App-ID", "Norg.example.first-steps" },
        { "requestReachability", "false" },
        { "supportedReleaseVersions", "3" },
        { NULL, NULL },
    };
    struct merlon_error error;
    struct merlon_error of_delete;
    char address[ADDRESS_SIZE];
    const char *application = join(address, base, "first-steps");
    enum merlon_status status;

    if (merlon_client_set_originator(client, "CfirstSteps", &error) != MERLON_OK ||
        create(client, base, "AE", attributes, &error) != MERLON_OK) {
        return fail("registering", &error);
    }
    status = work(client, application, &error);
    /* whatever happened, nothing is left behind */
    if (merlon_delete(client, application, NULL, &of_delete) != MERLON_OK) {
        return fail("cleaning up", &of_delete);
    }
    if (status != MERLON_OK) {
        return fail("working", &error);
    }
    (void)printf("cleaned up\n");
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct merlon_client *client;
    struct merlon_error error;
    int code;

    client = merlon_client_new(argc > 1 ? argv[1] : "http://127.0.0.1:8080", &error);
    if (!client) {
        return fail("client", &error);
    }
    code = run(client, argc > 2 ? argv[2] : "cse-in");
    merlon_client_free(client);
    return code;
}
