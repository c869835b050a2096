/* m2m:timestamp and xs:duration. */
#include "base/timestamp.h"

#include "base/num.h"

static const int month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970-01-01 to the first of March based calendar date (H. Hinnant's method). */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

static bool digits(struct mln_slice text, size_t from, size_t len, int64_t *ret)
{
    uint64_t n;

    if (!mln_num_u64(mln_slice_of(text.ptr + from, len), &n)) {
        return false;
    }
    *ret = (int64_t)n;
    return true;
}

static bool parse_date(struct mln_slice text, int64_t *ret_days)
{
    int64_t year;
    int64_t month;
    int64_t day;

    if (!digits(text, 0, 4, &year) || !digits(text, 4, 2, &month) || !digits(text, 6, 2, &day)) {
        return false;
    }
    if (year < 1970 || month < 1 || month > 12 || day < 1 ||
        day > month_days[month - 1] + (month == 2 && is_leap(year))) {
        return false;
    }
    *ret_days = days_from_date(year, month, day);
    return true;
}

static bool parse_fraction(struct mln_slice text, int64_t *ret_us)
{
    int64_t us = 0;

    if (text.len == 0) {
        *ret_us = 0;
        return true;
    }
    if (text.ptr[0] != ',' || text.len < 2 || text.len > 7) {
        return false;
    }
    for (size_t i = 1; i < 7; i++) {
        char c = i < text.len ? text.ptr[i] : '0';

        if (c < '0' || c > '9') {
            return false;
        }
        us = us * 10 + (c - '0');
    }
    *ret_us = us;
    return true;
}

bool mln_timestamp_parse(struct mln_slice text, int64_t *ret_us)
{
    int64_t days;
    int64_t hour;
    int64_t minute;
    int64_t second;
    int64_t fraction;

    if (text.len < 15 || text.ptr[8] != 'T' || !parse_date(text, &days)) {
        return false;
    }
    if (!digits(text, 9, 2, &hour) || !digits(text, 11, 2, &minute) ||
        !digits(text, 13, 2, &second) || hour > 23 || minute > 59 || second > 59 ||
        !parse_fraction(mln_slice_from(text, 15), &fraction)) {
        return false;
    }
    *ret_us = (((days * 24 + hour) * 60 + minute) * 60 + second) * MLN_US_PER_S + fraction;
    return true;
}

static void put_digits(char *out, int64_t n, int len)
{
    for (int i = len - 1; i >= 0; i--) {
        out[i] = (char)('0' + n % 10);
        n /= 10;
    }
}

void mln_timestamp_format(char out[static MLN_TIMESTAMP_SIZE], int64_t us)
{
    int64_t seconds = us / MLN_US_PER_S;
    int64_t days = seconds / 86400;
    int64_t of_day = seconds % 86400;
    int64_t z = days + 719468;
    int64_t era = z / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int64_t month = mp < 10 ? mp + 3 : mp - 9;

    put_digits(out, yoe + era * 400 + (month <= 2), 4);
    put_digits(out + 4, month, 2);
    put_digits(out + 6, doy - (153 * mp + 2) / 5 + 1, 2);
    out[8] = 'T';
    put_digits(out + 9, of_day / 3600, 2);
    put_digits(out + 11, of_day / 60 % 60, 2);
    put_digits(out + 13, of_day % 60, 2);
    out[15] = ',';
    put_digits(out + 16, us % MLN_US_PER_S, 6);
}

size_t mln_timestamp_put(char out[static MLN_TIMESTAMP_SIZE], int64_t us)
{
    mln_timestamp_format(out, us);
    return us % MLN_US_PER_S ? MLN_TIMESTAMP_SIZE : sizeof "YYYYMMDDThhmmss" - 1;
}

/* One "<digits><unit>" of a duration. Fractions are allowed for seconds only. */
struct part {
    int64_t count;
    int64_t fraction_us;
    char unit;
};

static bool take_part(struct mln_slice *rest, struct part *ret)
{
    size_t n = 0;
    uint64_t count;

    *ret = (struct part){ 0 };
    while (n < rest->len && rest->ptr[n] >= '0' && rest->ptr[n] <= '9') {
        n++;
    }
    if (n == rest->len || n > 12 || !mln_num_u64(mln_slice_head(*rest, n), &count)) {
        return false;
    }
    ret->count = (int64_t)count;
    if (rest->ptr[n] == '.') {
        int64_t scale = MLN_US_PER_S / 10;

        for (n++; n < rest->len && rest->ptr[n] >= '0' && rest->ptr[n] <= '9'; n++) {
            ret->fraction_us += (rest->ptr[n] - '0') * scale;
            scale /= 10;
        }
        if (n == rest->len || rest->ptr[n] != 'S' || rest->ptr[n - 1] == '.') {
            return false;
        }
    }
    ret->unit = rest->ptr[n];
    *rest = mln_slice_from(*rest, n + 1);
    return true;
}

static int64_t unit_seconds(char unit, bool is_time)
{
    switch (unit) {
    case 'Y':
        return is_time ? 0 : INT64_C(365) * 86400;
    case 'M':
        return is_time ? 60 : INT64_C(30) * 86400;
    case 'D':
        return is_time ? 0 : 86400;
    case 'H':
        return is_time ? 3600 : 0;
    case 'S':
        return is_time ? 1 : 0;
    default:
        return 0;
    }
}

bool mln_duration_parse(struct mln_slice text, int64_t *ret_us)
{
    static const char order[] = "YMDhms"; /* lower case: after the T */
    bool is_time = false;
    size_t at = 0;
    int64_t total = 0;
    size_t parts = 0;
    struct mln_slice rest = mln_slice_from(text, 1);

    if (text.len < 3 || text.ptr[0] != 'P') {
        return false;
    }
    while (rest.len) {
        struct part p;
        int64_t us;
        const char *place;

        if (!is_time && rest.ptr[0] == 'T') {
            is_time = true;
            rest = mln_slice_from(rest, 1);
        }
        if (!take_part(&rest, &p) || unit_seconds(p.unit, is_time) == 0) {
            return false;
        }
        place = strchr(order, is_time ? p.unit + ('a' - 'A') : p.unit);
        if (!place || (size_t)(place - order) < at ||
            __builtin_mul_overflow(p.count, unit_seconds(p.unit, is_time) * MLN_US_PER_S, &us) ||
            __builtin_add_overflow(total, us + p.fraction_us, &total)) {
            return false;
        }
        at = (size_t)(place - order) + 1;
        parts++;
    }
    if (parts == 0 || text.ptr[text.len - 1] == 'T') {
        return false;
    }
    *ret_us = total;
    return true;
}
