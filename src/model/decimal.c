/* Exact comparison of decimal numbers. */
#include "model/decimal.h"

/* A number taken apart: 0.d1 d2 d3 ... times ten to the power of `point`. */
struct decimal {
    bool is_negative;
    struct mln_slice digits; /* from the first that is not 0; may contain the '.' */
    int64_t point;
};

/* Greater exponents count as this one: no length of a text makes up for it. */
static const int64_t far = INT64_MAX / 16;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take_digits(struct mln_slice *s)
{
    size_t n = 0;

    while (n < s->len && is_digit(s->ptr[n])) {
        n++;
    }
    *s = mln_slice_from(*s, n);
    return n > 0;
}

static bool take_char(struct mln_slice *s, char a, char b)
{
    if (s->len == 0 || (s->ptr[0] != a && s->ptr[0] != b)) {
        return false;
    }
    *s = mln_slice_from(*s, 1);
    return true;
}

bool mln_decimal_is_number(struct mln_slice s)
{
    (void)take_char(&s, '-', '-');
    if (s.len > 1 && s.ptr[0] == '0' && is_digit(s.ptr[1])) {
        return false;
    }
    if (!take_digits(&s)) {
        return false;
    }
    if (take_char(&s, '.', '.') && !take_digits(&s)) {
        return false;
    }
    if (take_char(&s, 'e', 'E')) {
        (void)take_char(&s, '+', '-');
        if (!take_digits(&s)) {
            return false;
        }
    }
    return s.len == 0;
}

/* "+12", "-3"; held back at `far`, so that sums with it do not overflow. */
static int64_t exponent_of(struct mln_slice s)
{
    bool is_negative = s.len > 0 && s.ptr[0] == '-';
    int64_t n = 0;

    (void)take_char(&s, '+', '-');
    for (size_t i = 0; i < s.len && n < far; i++) {
        n = n * 10 + (s.ptr[i] - '0');
    }
    n = n < far ? n : far;
    return is_negative ? -n : n;
}

static struct decimal take_apart(struct mln_slice s)
{
    struct decimal d = { .is_negative = take_char(&s, '-', '-') };
    size_t mantissa = 0;
    size_t first;
    size_t dot;

    while (mantissa < s.len && s.ptr[mantissa] != 'e' && s.ptr[mantissa] != 'E') {
        mantissa++;
    }
    d.point = exponent_of(mln_slice_from(s, mantissa + 1));
    s = mln_slice_head(s, mantissa);
    dot = mln_slice_find(s, '.');
    for (first = 0; first < s.len && (s.ptr[first] == '0' || s.ptr[first] == '.');) {
        first++;
    }
    d.digits = mln_slice_from(s, first);
    d.point += first < dot ? (int64_t)(dot - first) : -(int64_t)(first - dot - 1);
    if (d.digits.len == 0) {
        d = (struct decimal){ 0 }; /* zero has no sign */
    }
    return d;
}

/* The next digit; '0' behind the last. */
static char next_digit(struct mln_slice *digits)
{
    char c = '0';

    (void)take_char(digits, '.', '.');
    if (digits->len) {
        c = digits->ptr[0];
        *digits = mln_slice_from(*digits, 1);
    }
    return c;
}

static int compare_sizes(struct decimal a, struct decimal b)
{
    if (a.digits.len == 0 || b.digits.len == 0) {
        return (a.digits.len > 0) - (b.digits.len > 0);
    }
    if (a.point != b.point) {
        return a.point < b.point ? -1 : 1;
    }
    while (a.digits.len || b.digits.len) {
        char x = next_digit(&a.digits);
        char y = next_digit(&b.digits);

        if (x != y) {
            return x < y ? -1 : 1;
        }
    }
    return 0;
}

int mln_decimal_cmp(struct mln_slice a, struct mln_slice b)
{
    struct decimal x = take_apart(a);
    struct decimal y = take_apart(b);
    int sizes;

    if (x.is_negative != y.is_negative) {
        return x.is_negative ? -1 : 1;
    }
    sizes = compare_sizes(x, y);
    return x.is_negative ? -sizes : sizes;
}
