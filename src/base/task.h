/* A task: something to run later on a certain thread. Owned by who posts it, so that posting
 * needs no memory and cannot fail. */
#pragma once

struct mln_task {
    struct mln_task *next; /* the queue's */
    void (*run)(struct mln_task *task);
};
