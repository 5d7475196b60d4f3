/* Counts what a process asks of C's allocator; preloaded by test_allocations.py. glibc exports its own functions under these
 * names too, and `free` stays glibc's, which knows what they return. */
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static _Atomic uint64_t calls, bytes, large;
static _Atomic size_t limit = SIZE_MAX;

static void count(size_t size) {
    atomic_fetch_add(&calls, 1);
    atomic_fetch_add(&bytes, size);
    if (size >= atomic_load(&limit)) atomic_fetch_add(&large, 1);
}

/* Calls, bytes, and calls for at least `new_limit` bytes; the last from the call that set the limit. */
void count_malloc(uint64_t out[3], size_t new_limit) {
    out[0] = atomic_load(&calls);
    out[1] = atomic_load(&bytes);
    out[2] = atomic_load(&large);
    atomic_store(&limit, new_limit);
}

void *malloc(size_t size) {
    count(size);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count(number * size);
    return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
    count(size);
    return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
    count(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count(size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
    void *memory;
    count(size);
    memory = __libc_memalign(alignment, size);
    if (!memory) return ENOMEM;
    *out = memory;
    return 0;
}
