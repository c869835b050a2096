/* A target of ESPrim for tests of the client: a stub that has e2eSecInfo, gives out receiver
 * objects, and opens what comes by the engine of e2e/target.h. What it does, and what came, is
 * shared with its thread. */
#pragma once

#include <stdatomic.h>

#include "client/stub_cse_test.h"
#include "e2e/escertke.h"
#include "e2e/target.h"

/* What goes wrong. */
enum mln_esprim_fault {
    MLN_FAULT_NONE,
    MLN_FAULT_NO_INFO,       /* no e2eSecInfo */
    MLN_FAULT_OTHER_SUIDS,   /* it names no ESPrim */
    MLN_FAULT_NO_RIGHT,      /* e2eSecInfo cannot be retrieved */
    MLN_FAULT_NO_OBJECT,     /* an answer to sit 3 without one */
    MLN_FAULT_BARE,          /* answers are not protected */
    MLN_FAULT_CHANGED,       /* a bit of the answer */
    MLN_FAULT_OTHER_REQUEST, /* the answer to another request */
    MLN_FAULT_REFUSED,       /* 4103, of a CSE on the way */
    MLN_FAULT_DENIED,        /* 4103, inside */
    MLN_FAULT_ALWAYS_4113,
    MLN_FAULT_ALWAYS_4114,
    MLN_FAULT_ONCE_4113,
    MLN_FAULT_SILENCE, /* to protected requests */
};

struct mln_esprim_stub {
    struct mln_stub stub;
    _Atomic int fault;
    atomic_bool is_shared;     /* esro in e2eSecInfo */
    atomic_bool is_esro_old;   /* and expired */
    atomic_bool has_restarted; /* sessions and receiver objects are forgotten */
    _Atomic int64_t ahead_us;  /* of its clock */
    atomic_int infos;          /* requests for e2eSecInfo */
    atomic_int offers;         /* requests for a receiver object */
    atomic_int objects;        /* protected requests */
    atomic_int opened;         /* those that were opened */
    atomic_int firsts;         /* those with an originator object */
    atomic_int messages;       /* of ESCertKE */
    char last[4096];           /* the inner request, as JSON; to be read after the stop */
    struct mln_env env;
    struct mln_limits limits;
    struct mln_esprim_target *target;
    struct mln_tls_slot *slot; /* NULL: no keys by certificate */
    struct mln_made_keys *made;
    struct mln_escertke *escertke;
    struct mln_arena *arena;
    char answer[16384];
};

/* The key of the stub: "k1@b.example", 32 bytes that count from 0. */
#define MLN_ESPRIM_STUB_KEY_ID "k1@b.example"
#define MLN_ESPRIM_STUB_KEY    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* Assert that they work. `slot`: certificate and anchors of //sp.example/in, which are borrowed;
 * NULL: it makes no keys. */
void mln_esprim_stub_start(struct mln_esprim_stub *stub, struct mln_tls_slot *slot);
void mln_esprim_stub_stop(struct mln_esprim_stub *stub);
