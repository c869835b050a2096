/* The file of statistics: a line of JSON for each service statistics collection record.
 *
 * Members are the information elements of TS-0001 table 10.2.11.14-1 and, behind them, what the
 * record is about. docs/guide/operate.md, docs/decisions/0036 */
#pragma once

#include "cse/statistics.h"
#include "server/line_file.h"

/* For the CSE. `file` NULL: nothing can be collected. */
struct mln_recorder mln_statistics_recorder(struct mln_line_file *file);
