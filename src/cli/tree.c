/* `merlon tree`. */
#include "cli/tree.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>

#include "base/num.h"

enum { DEFAULT_CHILDREN = 50 };

static const struct mln_option *options(size_t *ret_count)
{
    static const struct mln_option rows[] = {
        { "level", 'L', "N", NULL, "Levels below the target", false },
        { "attributes", 'a', "LIST", NULL,
          "Show these attributes too, short or long names separated by commas, or 'all'", false },
        { "children", 'c', "N", "50", "Children of one resource to draw; 0 for all", false },
        { "ascii", 0, NULL, NULL, "Draw with ASCII characters, as without a UTF-8 locale", false },
    };

    *ret_count = sizeof rows / sizeof *rows;
    return rows;
}

static mln_err set_number(const char *name, const char *value, uint64_t *ret,
                          struct mln_fault *fault)
{
    if (!mln_num_u64(mln_slice_z(value), ret)) {
        mln_fault_set(fault, "%s: '%s' is no number", name, value);
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

static mln_err set(void *data, const struct mln_option *option, const char *value,
                   struct mln_fault *fault)
{
    struct mln_tree *t = data;

    if (strcmp(option->name, "level") == 0) {
        t->level = value;
        return set_number(option->name, value, &t->depth, fault);
    }
    if (strcmp(option->name, "children") == 0) {
        MLN_TRY(set_number(option->name, value, &t->most, fault));
        t->most = t->most ? t->most : UINT64_MAX;
    } else if (strcmp(option->name, "attributes") == 0) {
        t->attributes = value;
    } else {
        t->is_ascii = true;
    }
    return MLN_OK;
}

static int work(struct mln_session *s, struct mln_tree *t)
{
    int code;

    if (s->operand_count) {
        return mln_session_misuse(s, "'%s' is one operand too many", s->operands[0]);
    }
    s->target = s->target ? s->target : "-";
    (void)setlocale(LC_CTYPE, "");
    t->is_ascii = t->is_ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
    code = mln_tree_collect(t);
    if (code != MLN_CLI_OK) {
        return code;
    }
    if (mln_failed(mln_tree_place(t))) {
        mln_cli_say("out of memory");
        return MLN_CLI_FAILED;
    }
    mln_tree_draw(t);
    mln_tree_tell_unknown(t);
    return mln_cli_finish_output();
}

static int run(int argc, char **argv)
{
    struct mln_session s = { .command = &mln_cli_tree, .set = set };
    struct mln_tree t = { .session = &s, .depth = UINT64_MAX, .most = DEFAULT_CHILDREN };
    int code;

    s.data = &t;
    if (mln_session_begin(&s, argc, argv, &code)) {
        code = work(&s, &t);
    }
    mln_session_end(&s);
    return code;
}

const struct mln_command mln_cli_tree = {
    .name = "tree",
    .summary = "Draw the resource tree",
    .synopsis = "[TARGET]",
    .text = "Draws TARGET, by default the CSE, and what is below it as far as the originator may "
            "see it, each resource with its type. Some CSEs do not tell types and places in "
            "lists, and none tells attributes: then each resource is retrieved.",
    .examples = "merlon tree\n"
                "merlon tree cse-in/thermo --level 2 --attributes mni,cni,lbl",
    .options = options,
    .is_client = true,
    .run = run,
};
