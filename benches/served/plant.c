/* Faults for the benchmark to find, put between Atlas and the system by LD_PRELOAD: Atlas itself has no hook for it.
 * ATLAS_PLANT=unsynced leaves every fsync out; ATLAS_PLANT=slow thinks for 200 us before every answer. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int planted(const char *fault) {
    const char *name = getenv("ATLAS_PLANT");
    return name && strcmp(name, fault) == 0;
}

int fdatasync(int file) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    return planted("unsynced") ? 0 : real(file);
}

int fsync(int file) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    return planted("unsynced") ? 0 : real(file);
}

static void think(void) {
    struct timespec began, now;
    if (!planted("slow")) return;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &began);
    do {
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    } while ((now.tv_sec - began.tv_sec) * 1000000000L + now.tv_nsec - began.tv_nsec < 200000L);
}

ssize_t writev(int file, const struct iovec *pieces, int count) {
    ssize_t (*real)(int, const struct iovec *, int) = dlsym(RTLD_NEXT, "writev");
    think();
    return real(file, pieces, count);
}

ssize_t send(int file, const void *bytes, size_t count, int flags) {
    ssize_t (*real)(int, const void *, size_t, int) = dlsym(RTLD_NEXT, "send");
    think();
    return real(file, bytes, count, flags);
}
