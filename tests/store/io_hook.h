/* Stands between LMDB and the system: the calls by which it writes its data file can be made to
 * fail, and are noted, so that a test can play back what a disk would hold after a power cut.
 *
 * The program defines the functions itself; the dynamic linker prefers them to those of the C
 * library. Calls on other files pass through. One thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum io_fault {
    IO_FAULT_NONE,
    IO_FAULT_ERROR, /* fails with the error */
    IO_FAULT_SHORT, /* writes half of what was asked; a sync fails with the error */
    IO_FAULT_LATE,  /* is carried out but told to have failed; those behind it in the row fail */
};

/* The n-th call from now on (1 is the next), and so many in a row, fail that way. */
void io_fail_at(unsigned long n, unsigned long in_a_row, enum io_fault fault, int error);

/* Calls since io_fail_at. */
unsigned long io_count(void);

/* ---- playing back ---- */

enum io_event_kind {
    IO_WRITE,   /* bytes at an offset reached the system */
    IO_SYNC,    /* all before is on the disk */
    IO_DURABLE, /* the newest write is on the disk, by itself */
    IO_NOTE,    /* the test's own: `number` */
};

struct io_event {
    enum io_event_kind kind;
    off_t offset;
    size_t len;
    unsigned char *bytes;
    uint64_t number;
};

/* Begins to note. */
void io_record(void);

/* Ends it; the events are valid until io_forget. */
const struct io_event *io_events(size_t *ret_count);
void io_forget(void);

/* Adds an event IO_NOTE, when noting. */
void io_note(uint64_t number);
