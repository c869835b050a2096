/* See look_test.h. */
#include "cse/look_test.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/json.h"
#include "cse/cse_int.h"
#include "model/pack.h"

enum { ARENA = 256 << 20, REQUEST = 1 << 20 };

static void die(const char *what, const char *detail)
{
    (void)fprintf(stderr, "look: %s: %s\n", what, detail);
    abort();
}

static void must(mln_err err, const char *what)
{
    if (mln_failed(err)) {
        die(what, mln_err_text(err));
    }
}

static void set_quotes(char *json)
{
    for (char *c = json; *c; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
}

void mln_look_open(struct mln_look *l, const struct mln_inproc_options *options)
{
    static const struct mln_inproc_options defaults = { 0 };

    *l = (struct mln_look){ 0 };
    must(mln_inproc_new(options ? options : &defaults, &l->p), "open");
    must(mln_reader_new(l->p->store, &l->reader), "reader");
    l->arena = mln_arena_new(ARENA);
    if (!l->arena) {
        die("open", "no memory");
    }
}

void mln_look_close(struct mln_look *l)
{
    mln_view_endp(&l->view);
    mln_reader_free(l->reader);
    mln_inproc_free(l->p);
    mln_arena_free(l->arena);
    for (size_t i = 0; i < l->proof_count; i++) {
        mln_association_unref(l->proofs[i]);
    }
}

int mln_look_end(struct mln_look *l)
{
    uint64_t faults = 0;

    if (l->p) {
        faults = mln_inproc_check(l->p);
        mln_look_close(l);
        *l = (struct mln_look){ 0 };
    }
    return faults ? -1 : 0;
}

struct mln_association *mln_look_associate(struct mln_look *l, const struct mln_association *draft)
{
    struct mln_association *a = NULL;

    if (l->proof_count == MLN_LOOK_PROOFS) {
        die("associate", "too many");
    }
    must(mln_association_new(draft, &a), "associate");
    l->proofs[l->proof_count++] = a;
    l->p->peer.association = a;
    l->p->peer.is_secured = true;
    l->p->peer.is_trusted = false;
    return a;
}

struct mln_association *mln_look_prove(struct mln_look *l, const char *credential_id,
                                       const char *cse_id, const char *ae_ids)
{
    struct mln_slice patterns[16];
    struct mln_slice rest = mln_slice_z(ae_ids ? ae_ids : "");
    struct mln_association draft = {
        .kind = MLN_ASSOCIATION_CERTIFICATE,
        .credential_id = mln_slice_z(credential_id),
        .cse_id = mln_slice_z(cse_id ? cse_id : ""),
        .ae_ids = patterns,
        .expires_us = INT64_MAX,
    };

    while (rest.len && draft.ae_id_count < sizeof patterns / sizeof patterns[0]) {
        patterns[draft.ae_id_count++] = mln_slice_cut(&rest, ' ');
    }
    return mln_look_associate(l, &draft);
}

void mln_look_claim(struct mln_look *l, bool is_trusted)
{
    l->p->peer.association = NULL;
    l->p->peer.is_secured = false;
    l->p->peer.is_trusted = is_trusted;
}

struct mln_view *mln_look_anew(struct mln_look *l)
{
    if (l->view) {
        mln_view_end(l->view);
    }
    must(mln_view_begin(l->reader, &l->view), "view");
    return l->view;
}

__attribute__((format(printf, 1, 0))) static char *write_request(const char *format, va_list args)
{
    char *json = malloc(REQUEST);
    int len = json ? vsnprintf(json, REQUEST, format, args) : -1;

    if (len < 0 || len >= REQUEST) {
        die("request", json ? "too long" : "no memory");
    }
    set_quotes(json);
    return json;
}

const struct mln_inproc_answer *mln_look_ask(struct mln_look *l, const char *format, ...)
{
    const struct mln_inproc_answer *answer;
    va_list args;
    char *json;

    va_start(args, format);
    json = write_request(format, args);
    va_end(args);
    answer = mln_inproc_send(l->p, json);
    if (!answer->is_there) {
        die(json, "no answer");
    }
    free(json);
    return answer;
}

struct mln_inproc_call *mln_look_start(struct mln_look *l, const char *format, ...)
{
    struct mln_inproc_call *call;
    va_list args;
    char *json;

    va_start(args, format);
    json = write_request(format, args);
    va_end(args);
    call = mln_inproc_prepare(l->p, json);
    free(json);
    mln_inproc_start(l->p, call);
    mln_inproc_settle(l->p);
    return call;
}

enum mln_rsc mln_look_answer(struct mln_inproc_call *call)
{
    const struct mln_inproc_answer *answer = mln_inproc_answer_of(call);

    if (!answer->is_there) {
        die("request", "no answer");
    }
    return answer->rsc;
}

void mln_look_make(struct mln_look *l, const char *fr, const char *parent, int ty, const char *pc)
{
    const struct mln_inproc_answer *answer = mln_look_ask(
        l, "{'op':1,'to':'%s','fr':'%s','ty':%d,'pc':%s}", parent, fr ? fr : "CAdmin", ty, pc);

    if (answer->rsc != MLN_RSC_CREATED) {
        die(pc, answer->fault);
    }
}

void mln_look_register(struct mln_look *l, const char *stem)
{
    char pc[256];

    (void)snprintf(pc, sizeof pc, "{'m2m:ae':{'rn':'%s','api':'Nx','rr':false,'srv':['3']}}", stem);
    mln_look_make(l, stem, "cse-in", MLN_TY_AE, pc);
}

void mln_look_policy(struct mln_look *l, const char *name, const char *rules)
{
    size_t size = strlen(rules) + 256;
    char *pc = malloc(size);

    if (!pc) {
        die("policy", "no memory");
    }
    (void)snprintf(pc, size,
                   "{'m2m:acp':{'rn':'%s','pv':{'acr':%s},"
                   "'pvs':{'acr':[{'acor':['CAdmin'],'acop':63}]}}}",
                   name, rules);
    mln_look_make(l, NULL, "cse-in", MLN_TY_ACP, pc);
    free(pc);
}

struct mln_slice mln_look_pack(struct mln_look *l, const char *text)
{
    char *json = mln_arena_zdup(l->arena, mln_slice_z(text));
    struct mln_slice pack = { 0 };
    struct mln_value *v;
    struct mln_buf out;

    if (!json) {
        die("pack", "no memory");
    }
    set_quotes(json);
    must(mln_json_read(mln_slice_z(json), &l->p->limits, l->arena, &v, NULL), text);
    mln_buf_init(&out, l->arena, ARENA);
    mln_pack_value(&out, v);
    must(mln_buf_finish(&out, &pack), text);
    return pack;
}

struct mln_lookup mln_look_lookup(const struct mln_look *l)
{
    return (struct mln_lookup){ l->p->cse, l->view, l->arena, l->p->now_us };
}

struct mln_resource mln_look_at(struct mln_look *l, const char *address)
{
    struct mln_resource r;
    struct mln_lookup lookup;

    (void)mln_look_anew(l);
    lookup = mln_look_lookup(l);
    must(mln_locate_lookup(&lookup, mln_slice_z(address), &r), address);
    return r;
}

struct mln_originator mln_look_originator(struct mln_look *l, const char *from)
{
    struct mln_originator o;
    struct mln_fault fault = { 0 };
    struct mln_identify in = {
        .cse = l->p->cse,
        .view = l->view,
        .arena = l->arena,
        .peer = &l->p->peer,
        .from = mln_slice_z(from),
        .fault = &fault,
    };

    must(mln_access_identify(&in, &o), from);
    return o;
}
