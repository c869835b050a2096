/* A look into the CSE of a test: requests as one-line texts, and a view for calling what lies
 * below the pipeline.
 *
 * Requests are JSON with ' in place of ". Mistakes of the test end the program with a message.
 * One thread. */
#pragma once

#include "base/association.h"
#include "cse/access/access.h"
#include "cse/address/locate.h"
#include "cse/inproc_test.h"

enum { MLN_LOOK_PROOFS = 64 };

struct mln_look {
    struct mln_inproc *p;
    struct mln_association *proofs[MLN_LOOK_PROOFS];
    size_t proof_count;
    struct mln_reader *reader;
    struct mln_view *view; /* of the newest state when it was asked for */
    struct mln_arena *arena;
};

/* A CSE in memory; `options` may be NULL. */
void mln_look_open(struct mln_look *l, const struct mln_inproc_options *options);
void mln_look_close(struct mln_look *l);

/* The end of a test, for a teardown: looks whether the store is whole, and closes what is open.
 * Returns 0, or -1 when it is not; what is wrong is printed. */
int mln_look_end(struct mln_look *l);

/* Ends the view, if there is one, and begins another. */
struct mln_view *mln_look_anew(struct mln_look *l);

/* Makes a request and gives its whole answer; a view that is open stays as it is. */
__attribute__((format(printf, 2, 3))) const struct mln_inproc_answer *
mln_look_ask(struct mln_look *l, const char *format, ...);

/* Makes a request that may have to wait, and runs what follows from it. */
__attribute__((format(printf, 2, 3))) struct mln_inproc_call *
mln_look_start(struct mln_look *l, const char *format, ...);

/* Its Response Status Code; none yet ends the test. */
enum mln_rsc mln_look_answer(struct mln_inproc_call *call);

/* CREATE below `parent`; anything but 2001 ends the test. `fr` NULL stands for CAdmin. */
void mln_look_make(struct mln_look *l, const char *fr, const char *parent, int ty, const char *pc);

/* An AE with this AE-ID, called like it. */
void mln_look_register(struct mln_look *l, const char *stem);

/* An accessControlPolicy cse-in/<name> with these rules (m2m:acr elements) in privileges, and
 * everything for CAdmin in selfPrivileges. */
void mln_look_policy(struct mln_look *l, const char *name, const char *rules);

/* The resource, through a new view. */
struct mln_resource mln_look_at(struct mln_look *l, const char *address);

/* A value as it would be stored. */
struct mln_slice mln_look_pack(struct mln_look *l, const char *text);

struct mln_lookup mln_look_lookup(const struct mln_look *l);

/* The next requests come over a security association made up with this credential, on a listener
 * that is not trusted; `cse_id` and `ae_ids` (patterns separated by blanks) may be NULL. Lives
 * until close. */
struct mln_association *mln_look_prove(struct mln_look *l, const char *credential_id,
                                       const char *cse_id, const char *ae_ids);

/* The same with all that an association may say. */
struct mln_association *mln_look_associate(struct mln_look *l, const struct mln_association *draft);

/* The next requests come without an association. */
void mln_look_claim(struct mln_look *l, bool is_trusted);

/* Who that is, through the view. */
struct mln_originator mln_look_originator(struct mln_look *l, const char *from);
