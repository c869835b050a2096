/* Price of ESPrim without network: what a protected request costs its target and its originator,
 * with a session that is there; what a new session costs; and the memory of 100,000 of them.
 *
 * usage: esprim_bench [ROUNDS]
 *        esprim_bench objects COUNT KID TEXT: for a CSE that shares the key 01..01 under KID. Reads
 * the receiver object, writes an object with TEXT, reads the answer to it, and writes COUNT more,
 *        a line each. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "base/timestamp.h"
#include "codec/json.h"
#include "e2e/inner.h"
#include "e2e/session.h"
#include "e2e/target.h"

enum {
    ARENA_BYTES = 1 << 20,
    ROUNDS = 20000,
    BATCHES = 5,
    SESSIONS = 100000,
    CREDENTIALS = 1000,
    LINE = 8192
};

static const char request[] =
    "{\"op\":1,\"to\":\"/cse-in/factory/line-7/temperature\",\"fr\":\"/cse-mn/Csensor17\","
    "\"rqi\":\"r-000017\",\"rvi\":\"3\",\"ty\":4,\"pc\":{\"m2m:cin\":{\"con\":\"21.5\"}}}";
static const char response[] =
    "{\"rsc\":2001,\"rqi\":\"r-000017\",\"rvi\":\"3\",\"pc\":{\"m2m:cin\":"
    "{\"rn\":\"cin-17\",\"ty\":4,\"ri\":\"cin17\",\"con\":\"21.5\"}}}";

static struct mln_limits limits;
static struct mln_association *associations[CREDENTIALS];
static unsigned char key[MLN_ESPRIM_KEY] = { 1, 2, 3 };
static const enum mln_jose_enc encs[] = { MLN_JOSE_A128GCM, MLN_JOSE_A256GCM };

static void require(bool claim, const char *what)
{
    if (!claim) {
        (void)fprintf(stderr, "esprim_bench: %s\n", what);
        exit(1);
    }
}

static void must(mln_err err, const char *what)
{
    require(!mln_failed(err), what);
}

/* Time of this thread, microseconds: others use the machine too. */
static double cpu_us(void)
{
    struct timespec t = { 0 };

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static size_t resident_bytes(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    char line[128] = "";
    struct mln_slice rest = { line, 0 };
    uint64_t pages = 0;

    require(f && fgets(line, sizeof line, f), "/proc/self/statm");
    (void)fclose(f);
    rest.len = strlen(line);
    (void)mln_slice_cut(&rest, ' ');
    require(mln_num_u64(mln_slice_cut(&rest, ' '), &pages), "/proc/self/statm");
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* The identifier of a key is the number of its credential. */
static mln_err find(void *data, struct mln_slice kid, int64_t now_us, struct mln_pair_key *ret)
{
    uint64_t n;

    (void)data;
    (void)now_us;
    MLN_REQUIRE(mln_num_u64(kid, &n) && n < CREDENTIALS, NOT_FOUND);
    ret->key = mln_secret_of(key, sizeof key);
    MLN_REQUIRE(ret->key, NO_MEMORY);
    ret->association = mln_association_ref(associations[n]);
    return MLN_OK;
}

static struct mln_esprim_target *make_target(void)
{
    struct mln_esprim_target_options options = {
        .env = mln_env_system(),
        .limits = &limits,
        .keys = { NULL, find },
        .random_us = 86400 * MLN_US_PER_S,
        .encs = encs,
        .enc_count = 2,
    };
    struct mln_esprim_target *target = NULL;

    must(mln_esprim_target_new(&options, &target), "target");
    return target;
}

static struct mln_esprim_session *make_session(size_t credential)
{
    char kid[MLN_NUM_U64_SIZE];
    struct mln_secret *pairwise = mln_secret_of(key, sizeof key);
    struct mln_esprim_session_options options = {
        .env = mln_env_system(),
        .limits = &limits,
        .kid = { kid, mln_num_put_u64(kid, credential) },
        .key = pairwise,
        .encs = encs,
        .enc_count = 2,
    };
    struct mln_esprim_session *session = NULL;

    must(mln_esprim_session_new(&options, &session), "session");
    mln_secret_free(pairwise);
    return session;
}

struct spent {
    double target_us;
    double originator_us;
};

/* One protected request and its answer, as both ends handle them. */
static void exchange(struct mln_esprim_target *target, struct mln_esprim_session *session,
                     struct mln_arena *arena, struct spent *spent)
{
    const struct mln_serialisation *json = mln_serialisation_at(0);
    double start = cpu_us();
    struct mln_esprim_sent sent = { 0 };
    struct mln_esprim_opened opened = { 0 };
    struct mln_esprim_answer answer = { 0 };
    struct mln_slice object = { 0 };
    struct mln_value *v = NULL;
    double sealed;
    double answered;

    if (mln_esprim_session_needs_receiver(session)) {
        struct mln_e2e_random receiver;

        must(mln_esprim_target_offer(target, arena, &receiver), "offer");
        must(mln_esprim_session_receive(session, &receiver), "receive");
    }
    must(mln_esprim_session_seal(session, json, mln_slice_z(request), arena, &sent), "seal");
    sealed = cpu_us();
    must(mln_esprim_target_open(target, sent.object, arena, &opened, NULL), "open");
    must(mln_inner_read_request(opened.form, opened.text, &limits, arena, &v, NULL), "request");
    mln_association_unref(opened.association);
    must(mln_esprim_target_answer(target, opened.reply, opened.form, mln_slice_z(response), arena,
                                  &object),
         "answer");
    answered = cpu_us();
    must(mln_esprim_session_open(session, object, arena, &answer, NULL), "answer is opened");
    must(mln_inner_read_response(answer.form, answer.text, &limits, arena, &v, NULL), "response");
    mln_arena_reset(arena);
    spent->target_us += answered - sealed;
    spent->originator_us += cpu_us() - answered + sealed - start;
}

/* The best of some batches. */
static void reused(uint64_t rounds, struct mln_arena *arena)
{
    struct mln_esprim_target *target = make_target();
    struct mln_esprim_session *session = make_session(0);
    struct spent best = { 1e9, 1e9 };

    for (int i = 0; i < BATCHES; i++) {
        struct spent spent = { 0 };

        for (uint64_t n = 0; n < rounds; n++) {
            exchange(target, session, arena, &spent);
        }
        spent.target_us /= (double)rounds;
        spent.originator_us /= (double)rounds;
        best.target_us = spent.target_us < best.target_us ? spent.target_us : best.target_us;
        best.originator_us =
            spent.originator_us < best.originator_us ? spent.originator_us : best.originator_us;
    }
    (void)printf("session reused: target %.2f us, originator %.2f us\n", best.target_us,
                 best.originator_us);
    mln_esprim_session_free(session);
    mln_esprim_target_free(target);
}

static void many(struct mln_arena *arena)
{
    struct mln_esprim_target *target = make_target();
    size_t before = resident_bytes();
    struct mln_esprim_target_figures figures;
    struct spent spent = { 0 };

    for (size_t i = 0; i < SESSIONS; i++) {
        struct mln_esprim_session *session = make_session(i % CREDENTIALS);

        exchange(target, session, arena, &spent);
        mln_esprim_session_free(session);
    }
    mln_esprim_target_look(target, &figures);
    require(figures.sessions == SESSIONS, "sessions were lost");
    (void)printf("new session: target %.2f us, originator %.2f us\n", spent.target_us / SESSIONS,
                 spent.originator_us / SESSIONS);
    (void)printf("%d sessions: %.1f MB\n", SESSIONS, (double)(resident_bytes() - before) / 1e6);
    mln_esprim_target_free(target);
}

/* ---- objects for a server ---- */

static struct mln_slice read_line(char *line)
{
    require(fgets(line, LINE, stdin), "the other end is gone");
    return mln_slice_of(line, strcspn(line, "\n"));
}

static struct mln_esprim_session *session_with(struct mln_slice kid, struct mln_slice receiver,
                                               struct mln_arena *arena)
{
    struct mln_secret *pairwise = mln_secret_new(MLN_ESPRIM_KEY);
    struct mln_esprim_session_options options = { .env = mln_env_system(),
                                                  .limits = &limits,
                                                  .kid = kid,
                                                  .key = pairwise,
                                                  .encs = encs,
                                                  .enc_count = 2 };
    struct mln_esprim_session *session = NULL;
    struct mln_value *v = NULL;
    struct mln_e2e_random random;

    memset(mln_secret_room(pairwise), 1, MLN_ESPRIM_KEY);
    must(mln_esprim_session_new(&options, &session), "session");
    must(mln_json_read(receiver, &limits, arena, &v, NULL), "receiver object");
    must(mln_e2e_random_read(v, false, 0, &random, NULL), "receiver object");
    must(mln_esprim_session_receive(session, &random), "receiver object");
    mln_secret_free(pairwise);
    return session;
}

static void write_object(struct mln_esprim_session *session, const char *text,
                         struct mln_arena *arena)
{
    struct mln_esprim_sent sent = { 0 };

    must(mln_esprim_session_seal(session, mln_serialisation_at(0), mln_slice_z(text), arena, &sent),
         "seal");
    (void)printf("%.*s\n", MLN_S_ARG(sent.object));
    mln_arena_reset(arena);
}

static void write_objects(const char *count, const char *kid, const char *text,
                          struct mln_arena *arena)
{
    static char line[LINE];
    struct mln_esprim_session *session = session_with(mln_slice_z(kid), read_line(line), arena);
    struct mln_esprim_answer answer = { 0 };
    uint64_t more = 0;

    require(mln_num_u64(mln_slice_z(count), &more), "COUNT");
    write_object(session, text, arena);
    (void)fflush(stdout);
    must(mln_esprim_session_open(session, read_line(line), arena, &answer, NULL), "answer");
    while (more--) {
        write_object(session, text, arena);
    }
    mln_esprim_session_free(session);
}

static void measure(uint64_t rounds, struct mln_arena *arena)
{
    for (size_t i = 0; i < CREDENTIALS; i++) {
        char id[32] = "13-";
        struct mln_association draft = {
            .kind = MLN_ASSOCIATION_KEY,
            .credential_id = { id, 3 + mln_num_put_u64(id + 3, i) },
            .expires_us = INT64_MAX,
        };

        must(mln_association_new(&draft, &associations[i]), "association");
    }
    many(arena);
    reused(rounds, arena);
    for (size_t i = 0; i < CREDENTIALS; i++) {
        mln_association_unref(associations[i]);
    }
}

int main(int argc, char **argv)
{
    struct mln_arena *arena = mln_arena_new(ARENA_BYTES);
    uint64_t rounds = ROUNDS;

    require(arena, "memory");
    mln_limits_default(&limits);
    if (argc == 5 && strcmp(argv[1], "objects") == 0) {
        write_objects(argv[2], argv[3], argv[4], arena);
    } else {
        (void)(argc > 1 && mln_num_u64(mln_slice_z(argv[1]), &rounds));
        measure(rounds, arena);
    }
    mln_arena_free(arena);
    return 0;
}
