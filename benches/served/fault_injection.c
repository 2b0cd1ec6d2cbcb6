/* Faults that the benchmark must detect, injected between Atlas and the system by LD_PRELOAD, so that Atlas needs no hook for it.
 * ATLAS_BENCH_FAULT=unsynced skips every fsync; ATLAS_BENCH_FAULT=slow uses 200 us of CPU time before every response. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int is_injected(const char *fault) {
    const char *name = getenv("ATLAS_BENCH_FAULT");
    return name && strcmp(name, fault) == 0;
}

int fdatasync(int file) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    return is_injected("unsynced") ? 0 : real(file);
}

int fsync(int file) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    return is_injected("unsynced") ? 0 : real(file);
}

static void use_cpu_time(void) {
    struct timespec began, now;
    if (!is_injected("slow")) return;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &began);
    do {
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    } while ((now.tv_sec - began.tv_sec) * 1000000000L + now.tv_nsec - began.tv_nsec < 200000L);
}

ssize_t writev(int file, const struct iovec *buffers, int count) {
    ssize_t (*real)(int, const struct iovec *, int) = dlsym(RTLD_NEXT, "writev");
    use_cpu_time();
    return real(file, buffers, count);
}

ssize_t send(int file, const void *bytes, size_t count, int flags) {
    ssize_t (*real)(int, const void *, size_t, int) = dlsym(RTLD_NEXT, "send");
    use_cpu_time();
    return real(file, bytes, count, flags);
}
