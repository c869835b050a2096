/* What the two halves of the check share: check.c goes by resources, check_tables.c by rows. */
#pragma once

#include "store/admin.h"
#include "store/store_int.h"

struct mln_check {
    struct mln_view *view;
    struct mln_arena *arena; /* reset for each row */
    mln_store_report *report;
    void *data;
    uint64_t faults;
    uint64_t expected[MLN_TABLES]; /* rows that the resources seen so far should have */
};

/* Reports one line. */
__attribute__((format(printf, 2, 3))) void mln_check_fault(struct mln_check *c, const char *format,
                                                           ...);

/* For people; constant. */
const char *mln_check_table_name(enum mln_table table);

/* Looks for rows of an index that no resource should have. Errors: STORE_IO, NO_MEMORY. */
mln_err mln_check_table(struct mln_check *c, enum mln_table table);

/* Named records and the store's own facts. Errors: STORE_IO. */
mln_err mln_check_records(struct mln_check *c);
