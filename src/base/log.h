/* The log: one line per event on standard error, as text or as JSON.
 *
 * Level and form are set once at the start. A line is written by one write call and contains no
 * control characters, whatever its arguments. Secrets never go into it. Any thread. */
#pragma once

#include <stdbool.h>

enum mln_log_level {
    MLN_LOG_ERROR,
    MLN_LOG_WARNING,
    MLN_LOG_INFO,
    MLN_LOG_DEBUG,
};

/* Before the first thread starts. */
void mln_log_setup(enum mln_log_level level, bool is_json);

bool mln_log_enabled(enum mln_log_level level);

/* area: which part speaks, e.g. "store". */
__attribute__((format(printf, 3, 4))) void mln_log(enum mln_log_level level, const char *area,
                                                   const char *format, ...);
