/* Details of errors as one printable line. */
#include "base/fault.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"

/* Replaces in place what must not reach a log line or an answer. */
static void make_printable(char *text)
{
    size_t len = strlen(text);
    size_t i = 0;

    while (i < len) {
        size_t n = mln_utf8_printable(mln_slice_of(text + i, len - i));

        if (n == 0) {
            text[i] = '?';
            n = 1;
        }
        i += n;
    }
}

void mln_fault_set(struct mln_fault *fault, const char *format, ...)
{
    va_list args;

    if (!fault || fault->text[0] != '\0') {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(fault->text, sizeof fault->text, format, args);
    va_end(args);
    make_printable(fault->text);
}
