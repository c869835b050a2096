/* Drawing a tree with lines of characters. */
#include "cli/tree.h"

enum { LINES_SIZE = MLN_TREE_DEPTH * 12 }; /* a piece of a line has at most 10 bytes */

struct lines {
    const char *branch; /* before a child that has a sibling below it */
    const char *corner; /* before the last child */
    const char *pass;   /* beside the children of a child that has a sibling below it */
    const char *blank;
};

struct drawing {
    const struct mln_tree *tree;
    const struct lines *lines;
    char margin[LINES_SIZE];
    size_t margin_len;
};

static void draw_name(const struct mln_tree_node *node)
{
    const struct merlon_type *type = merlon_type_of(node->type);

    mln_cli_print_text(stdout, node->name);
    if (type) {
        (void)printf(" (%s)", merlon_type_long_name(type));
    } else if (node->type) {
        (void)printf(" (type %d)", node->type);
    }
    mln_cli_print_text(stdout, node->attributes);
    (void)fputc('\n', stdout);
}

static size_t push(struct drawing *d, const char *piece)
{
    size_t before = d->margin_len;
    size_t len = strlen(piece);

    if (before + len < sizeof d->margin) {
        memcpy(d->margin + before, piece, len);
        d->margin_len += len;
    }
    return before;
}

static void draw_margin(const struct drawing *d, const char *mark)
{
    (void)fwrite(d->margin, 1, d->margin_len, stdout);
    (void)fputs(mark, stdout);
}

/* Depth is bounded by MLN_TREE_DEPTH: see mln_tree_place. */
static void draw_children(struct drawing *d, const struct mln_tree_node *parent, uint64_t depth)
{
    uint64_t drawn = 0;

    if (depth > d->tree->depth) {
        return;
    }
    for (const struct mln_tree_node *node = parent->first; node; node = node->next) {
        size_t before;

        if (drawn == d->tree->most) {
            draw_margin(d, d->lines->corner);
            (void)printf("(%zu more)\n", parent->children - (size_t)drawn);
            return;
        }
        draw_margin(d, node->next ? d->lines->branch : d->lines->corner);
        draw_name(node);
        before = push(d, node->next ? d->lines->pass : d->lines->blank);
        draw_children(d, node, depth + 1);
        d->margin_len = before;
        drawn++;
    }
}

void mln_tree_draw(const struct mln_tree *tree)
{
    static const struct lines ascii = { "|-- ", "`-- ", "|   ", "    " };
    static const struct lines unicode = { "\u251c\u2500\u2500 ", "\u2514\u2500\u2500 ", "\u2502   ",
                                          "    " };
    struct drawing d = { .tree = tree, .lines = tree->is_ascii ? &ascii : &unicode };

    draw_name(&tree->root);
    draw_children(&d, &tree->root, 1);
}
