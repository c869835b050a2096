/* The parts of `merlon tree`: collecting resources, putting them in place, drawing. One thread. */
#pragma once

#include "cli/session.h"

enum { MLN_TREE_DEPTH = 256 };

struct mln_tree_node {
    const char *address;
    const char *name;
    int type;               /* 0: not known */
    const char *attributes; /* " mni=10 …" to show behind the name, or "" */
    struct mln_slice ri;
    struct mln_slice pi;
    struct mln_tree_node *parent;
    struct mln_tree_node *first;
    struct mln_tree_node *last;
    struct mln_tree_node *next;
    size_t children;
};

struct mln_tree {
    struct mln_session *session;
    const char *attributes; /* --attributes, or NULL */
    const char *level;      /* --level, or NULL */
    uint64_t depth;         /* the same as a number, UINT64_MAX without it */
    uint64_t most;          /* children to draw of one parent; UINT64_MAX for all */
    bool is_ascii;
    uint64_t found; /* a bit for each of the first words of `attributes` that some resource has */
    struct mln_tree_node root;
    struct mln_tree_node **nodes; /* in the order of the CSE, without the root */
    size_t count;
    size_t cap;
};

/* Asks the CSE for the root and what is below. Returns the exit code. tree_collect.c */
int mln_tree_collect(struct mln_tree *tree);

/* Gives every node its parent. Errors: NO_MEMORY. tree_place.c */
mln_err mln_tree_place(struct mln_tree *tree);

/* Tells of names in --attributes that nobody knows. tree_collect.c */
void mln_tree_tell_unknown(const struct mln_tree *tree);

/* Prints the tree. tree_draw.c */
void mln_tree_draw(const struct mln_tree *tree);
