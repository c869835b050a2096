/* Is this a build with a sanitizer? Their runtimes start programs, read their own process and need
 * to be traced, so parts of the hardening are left out there. */
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MLN_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define MLN_SANITIZED 1
#endif
#endif
#ifndef MLN_SANITIZED
#define MLN_SANITIZED 0
#endif
