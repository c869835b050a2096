/* The lines of the file of statistics. */
#include "server/statistics.h"

#include "server/line.h"

enum { LINE = 4096, NAME = 800, FIXED = 400 }; /* bytes */

_Static_assert(4 * (NAME + MLN_LINE_OVER) + FIXED <= LINE, "what a line holds");

static size_t write_line(const struct mln_statistics_record *record, char out[static LINE])
{
    enum { KILOBYTE = 1024 };
    struct mln_line l = { .out = out };

    mln_line_put(&l, "{");
    mln_line_text(&l, "statsCollectID", record->rule, NAME);
    mln_line_text(&l, "collectingEntityID", record->collecting, NAME);
    mln_line_text(&l, "collectedEntityID", record->collected, NAME);
    mln_line_number(&l, "event", record->event);
    mln_line_time(&l, "eventStart", record->start_us);
    mln_line_time(&l, "eventEnd", record->end_us);
    if (record->op) {
        mln_line_number(&l, "transactionType", record->op);
    }
    if (record->has_size) {
        mln_line_number(&l, "dataSize", record->bytes / KILOBYTE + (record->bytes % KILOBYTE != 0));
    }
    mln_line_text(&l, "resourceID", record->resource, NAME);
    mln_line_number(&l, "resourceType", record->ty);
    if (record->has_size) {
        mln_line_number(&l, "byteSize", record->bytes);
    }
    mln_line_put(&l, "}\n");
    return l.len;
}

static void note(void *data, const struct mln_statistics_record *record)
{
    char room[1 + LINE];

    mln_line_file_append(data, room, write_line(record, room + 1));
}

struct mln_recorder mln_statistics_recorder(struct mln_line_file *file)
{
    return (struct mln_recorder){ file ? note : NULL, file };
}
