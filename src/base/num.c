/* Strict number conversions. */
#include "base/num.h"

bool mln_num_u64(struct mln_slice s, uint64_t *ret)
{
    uint64_t n = 0;

    if (s.len == 0) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if (c < '0' || c > '9' || __builtin_mul_overflow(n, 10, &n) ||
            __builtin_add_overflow(n, (uint64_t)(c - '0'), &n)) {
            return false;
        }
    }
    *ret = n;
    return true;
}

bool mln_num_i64(struct mln_slice s, int64_t *ret)
{
    bool is_negative = s.len > 0 && s.ptr[0] == '-';
    uint64_t n;

    if (!mln_num_u64(is_negative ? mln_slice_from(s, 1) : s, &n) ||
        n > (uint64_t)INT64_MAX + is_negative) {
        return false;
    }
    *ret = is_negative ? (int64_t)(0 - n) : (int64_t)n;
    return true;
}

size_t mln_num_put_u64(char out[static MLN_NUM_U64_SIZE], uint64_t n)
{
    char reversed[MLN_NUM_U64_SIZE];
    size_t len = 0;

    do {
        reversed[len++] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    for (size_t i = 0; i < len; i++) {
        out[i] = reversed[len - 1 - i];
    }
    return len;
}
