/* Protected data: what is stored can be read by the CSE, but for the parts that are sealed. One is
 * a customAttribute of a <flexContainer>, one a member of the content of a <contentInstance>.
 *
 *     cc sealed.c $(pkg-config --cflags --libs merlon) -o sealed
 *     ./sealed http://127.0.0.1:8080 Cme cse-in/me note@home.example note.key
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <merlon/merlon.h>

#define SECRET "nobody is at home until Sunday"

static int fail(const char *what, const struct merlon_error *error)
{
    (void)fprintf(stderr, "%s: %d %s\n", what, error->rsc, error->text);
    return EXIT_FAILURE;
}

/* Creates a resource; the lists of names and values end with NULL. */
static enum merlon_status create(struct merlon_client *client, const char *parent, const char *type,
                                 const char *const *pairs, struct merlon_error *error)
{
    struct merlon_content *content = merlon_content_new(type, error);
    enum merlon_status status = content ? MERLON_OK : error->status;

    for (; status == MERLON_OK && *pairs; pairs += 2) {
        /* an object is one, and no text that looks so */
        status = *pairs[1] == '{' ? merlon_content_set_json(content, pairs[0], pairs[1], error)
                                  : merlon_content_set(content, pairs[0], pairs[1], error);
    }
    if (status == MERLON_OK) {
        status = merlon_create(client, parent, content, NULL, error);
    }
    merlon_content_free(content);
    return status;
}

/* Opens an envelope that came in an answer, and says what was in it. */
static enum merlon_status show(const struct merlon_keyring *keyring, const char *where,
                               const struct merlon_json *envelope, struct merlon_error *error)
{
    struct merlon_data *data = NULL;
    const char *text = merlon_json_text(envelope);
    enum merlon_status status = merlon_data_open(keyring, MERLON_DATA_COMPACT, text ? text : "",
                                                 merlon_json_text_size(envelope), &data, error);

    if (status == MERLON_OK) {
        (void)printf("%s: %s\n", where, merlon_data_payload(data, NULL));
    }
    merlon_data_free(data);
    return status;
}

/* ---- a customAttribute ---- */

/* The library does not know this specialisation: its attributes go by their short names. */
static enum merlon_status in_an_attribute(struct merlon_client *client, const char *parent,
                                          const struct merlon_keyring *keyring,
                                          const char *envelope, struct merlon_error *error)
{
    const char *pairs[] = { "resourceName",
                            "fault",
                            "cnd",
                            "org.onem2m.home.moduleclass.faultDetection",
                            "sus",
                            "true",
                            "descn",
                            envelope,
                            NULL };
    struct merlon_response *response = NULL;
    char address[256];
    enum merlon_status status = create(client, parent, "hd:fauDn", pairs, error);

    (void)snprintf(address, sizeof address, "%s/fault", parent);
    if (status == MERLON_OK) {
        status = merlon_retrieve(client, address, &response, error);
    }
    if (status == MERLON_OK) {
        status = show(keyring, "attribute", merlon_response_attribute(response, "descn"), error);
    }
    merlon_response_free(response);
    return status;
}

/* ---- a part of a content ---- */

static enum merlon_status in_a_content(struct merlon_client *client, const char *parent,
                                       const struct merlon_keyring *keyring, const char *envelope,
                                       struct merlon_error *error)
{
    const char *container[] = { "resourceName", "notes", NULL };
    const char *pairs[] = { "contentInfo", "application/json:0", "con", NULL, NULL };
    char content[2048]; /* cut off when the envelope is too long, and then it is not opened */
    char address[256];
    struct merlon_response *response = NULL;
    enum merlon_status status = create(client, parent, "container", container, error);

    (void)snprintf(content, sizeof content, "{\"room\":\"kitchen\",\"note\":\"%s\"}", envelope);
    pairs[3] = content;
    (void)snprintf(address, sizeof address, "%s/notes", parent);
    if (status == MERLON_OK) {
        status = create(client, address, "contentInstance", pairs, error);
    }
    (void)snprintf(address, sizeof address, "%s/notes/la", parent);
    if (status == MERLON_OK) {
        status = merlon_retrieve(client, address, &response, error);
    }
    if (status == MERLON_OK) {
        const struct merlon_json *con = merlon_response_attribute(response, "con");

        const char *room = merlon_json_text(merlon_json_member(con, "room"));

        (void)printf("room: %s\n", room ? room : "?");
        status = show(keyring, "note", merlon_json_member(con, "note"), error);
    }
    merlon_response_free(response);
    return status;
}

/* ---- the program ---- */

static int work(struct merlon_client *client, const char *parent,
                const struct merlon_keyring *keyring)
{
    struct merlon_error error;
    char *envelope = NULL;
    int code = EXIT_SUCCESS;

    if (merlon_data_protect(keyring, MERLON_DATA_COMPACT, SECRET, strlen(SECRET), &envelope,
                            &error) != MERLON_OK) {
        return fail("protecting", &error);
    }
    if (in_an_attribute(client, parent, keyring, envelope, &error) != MERLON_OK ||
        in_a_content(client, parent, keyring, envelope, &error) != MERLON_OK) {
        code = fail("storing", &error);
    }
    merlon_free(envelope);
    return code;
}

int main(int argc, char **argv)
{
    struct merlon_error error;
    struct merlon_client *client;
    struct merlon_keyring *keyring;
    int code;

    if (argc != 6) {
        (void)fprintf(stderr, "sealed URL ORIGINATOR PARENT KEY-ID KEY-FILE\n");
        return EXIT_FAILURE;
    }
    client = merlon_client_new(argv[1], &error);
    keyring = client ? merlon_keyring_new(NULL, &error) : NULL;
    if (!keyring || merlon_client_set_originator(client, argv[2], &error) != MERLON_OK ||
        merlon_keyring_add(keyring, MERLON_KEY_ENCRYPT, argv[4], argv[5], &error) != MERLON_OK ||
        merlon_keyring_add(keyring, MERLON_KEY_DECRYPT, argv[4], argv[5], &error) != MERLON_OK) {
        code = fail("beginning", &error);
    } else {
        code = work(client, argv[3], keyring);
    }
    merlon_keyring_free(keyring);
    merlon_client_free(client);
    return code;
}
