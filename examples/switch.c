/* A switch for the lamp of lamp.cc, past every CSE on the way: what it asks can be read and changed
 * by the lamp alone. Asks twice at once at the end, without waiting for the first answer.
 *
 *     cc switch.c $(pkg-config --cflags --libs merlon) -o switch
 *     ./switch http://127.0.0.1:8080 cse-in/lamp Cswitch switch@home.example switch.key on
 *
 * The last word: on, off, or stop, which ends the lamp's program.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <merlon/merlon.h>

enum { QUESTIONS = 2 };

static int fail(const char *what, const struct merlon_error *error)
{
    /* with MERLON_SECURITY nobody has proved that the code is the lamp's */
    if (error->rsc) {
        (void)fprintf(stderr, "%s: %d %s: %s\n", what, error->rsc, merlon_rsc_name(error->rsc),
                      error->text);
    } else {
        (void)fprintf(stderr, "%s: %s\n", what, error->text);
    }
    return EXIT_FAILURE;
}

static enum merlon_status set_lamp(struct merlon_client *lamp, const char *value,
                                   struct merlon_error *error)
{
    struct merlon_content *content = merlon_content_new("lmp:state", error);
    enum merlon_status status = content ? MERLON_OK : error->status;

    if (status == MERLON_OK) {
        status = merlon_content_set(content, "on", value, error);
    }
    if (status == MERLON_OK) {
        status = merlon_update(lamp, "state", content, NULL, error);
    }
    merlon_content_free(content);
    return status;
}

/* ---- asking without waiting ---- */

struct questions {
    struct merlon_client *lamp;
    int left;
    int failed;
};

static void on_answer(void *data, struct merlon_response *response,
                      const struct merlon_error *error)
{
    struct questions *questions = data;
    struct merlon_error own;

    if (response && merlon_response_check(response, &own) == MERLON_OK) {
        (void)printf("the lamp is %s\n",
                     merlon_json_is_true(merlon_response_attribute(response, "on")) ? "on" : "off");
    } else {
        questions->failed++;
        (void)fail("asking", response ? &own : error);
    }
    merlon_response_free(response);
    if (--questions->left == 0) {
        merlon_client_stop(questions->lamp);
    }
}

static int ask_lamp(struct merlon_client *lamp, struct merlon_error *error)
{
    struct merlon_request *request = merlon_request_new(MERLON_RETRIEVE, "state", error);
    struct questions questions = { lamp, 0, 0 };
    enum merlon_status status = request ? MERLON_OK : error->status;

    while (status == MERLON_OK && questions.left < QUESTIONS) {
        status = merlon_begin(lamp, request, on_answer, &questions, error);
        questions.left += status == MERLON_OK;
    }
    merlon_request_free(request);
    if (status == MERLON_OK) {
        status = merlon_client_run(lamp, -1, error);
    }
    return status != MERLON_OK ? fail("asking", error)
                               : (questions.failed ? EXIT_FAILURE : EXIT_SUCCESS);
}

/* ---- the program ---- */

static int work(struct merlon_client *lamp, const char *word)
{
    struct merlon_error error;

    if (strcmp(word, "stop") == 0) {
        return merlon_delete(lamp, "state", NULL, &error) == MERLON_OK ? EXIT_SUCCESS
                                                                       : fail("stopping", &error);
    }
    if (set_lamp(lamp, strcmp(word, "on") == 0 ? "true" : "false", &error) != MERLON_OK) {
        return fail("switching", &error);
    }
    return ask_lamp(lamp, &error);
}

int main(int argc, char **argv)
{
    struct merlon_protection how = { 0 };
    struct merlon_client *carrier;
    struct merlon_client *lamp = NULL;
    struct merlon_error error;
    int code = EXIT_FAILURE;

    if (argc != 7) {
        (void)fprintf(stderr, "switch URL LAMP ORIGINATOR KEY-ID KEY-FILE on|off|stop\n");
        return EXIT_FAILURE;
    }
    how.key_id = argv[4];
    how.key_file = argv[5];
    carrier = merlon_client_new(argv[1], &error);
    if (carrier && merlon_client_set_originator(carrier, argv[3], &error) == MERLON_OK) {
        lamp = merlon_client_new_protected(carrier, argv[2], &how, &error);
    }
    if (lamp) {
        code = work(lamp, argv[6]);
    } else {
        (void)fail("client", &error);
    }
    merlon_client_free(lamp);
    merlon_client_free(carrier);
    return code;
}
