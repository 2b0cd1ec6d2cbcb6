/* A system that says no to the n-th call of a kind, put between Atlas and the real one by LD_PRELOAD: Atlas has no hook for it.
 *
 * NO_IN=<folder>       only files in this folder count
 * NO_COUNTS=<file>     where it is written, at the end, how often each kind was called
 * NO_TO=<kind>         open, make, name, remove, sync, cut, write or read
 * NO_AT=<n>            the first call that is refused; 1 is the first of all
 * NO_EVER=1            and every one after it
 * NO_BECAUSE=<errno>   why
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sendfile.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { OPEN, MAKE, NAME, REMOVE, SYNC, CUT, WRITE, READ, KINDS };
static const char *const NAMES[KINDS] = {"open", "make", "name", "remove", "sync", "cut", "write", "read"};
static atomic_long calls[KINDS];

#define MOST_FILES 65536
static atomic_char ours[MOST_FILES];

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int is_inside(const char *path) {
    const char *folder = getenv("NO_IN");
    char whole[4096];
    if (!folder || !path) return 0;
    if (path[0] != '/') {
        size_t length;
        if (!getcwd(whole, sizeof whole)) return 0;
        length = strlen(whole);
        if (length + strlen(path) + 2 > sizeof whole) return 0;
        whole[length] = '/';
        strcpy(whole + length + 1, path);
        path = whole;
    }
    return strncmp(path, folder, strlen(folder)) == 0;
}

static int is_ours(int file) { return file >= 0 && file < MOST_FILES && ours[file]; }

static int opened(int file, int inside) {
    if (file >= 0 && file < MOST_FILES) ours[file] = (char)inside;
    return file;
}

/* Counts a call, and says whether it is one of those that are refused. */
static int refused(enum kind kind, int counts) {
    const char *to = getenv("NO_TO"), *at = getenv("NO_AT"), *because = getenv("NO_BECAUSE");
    long here;
    if (!counts) return 0;
    here = ++calls[kind];
    if (!to || !at || !because || strcmp(to, NAMES[kind]) != 0) return 0;
    if (here != atol(at) && !(getenv("NO_EVER") && here > atol(at))) return 0;
    errno = atoi(because);
    return 1;
}

__attribute__((destructor)) static void told(void) {
    const char *where = getenv("NO_COUNTS");
    FILE *file = where ? fopen(where, "we") : NULL;
    if (!file) return;
    for (int kind = 0; kind < KINDS; kind++) fprintf(file, "%s %ld\n", NAMES[kind], atomic_load(&calls[kind]));
    fclose(file);
}

static mode_t mode_of(int flags, va_list more) { return flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; }

#define OPENS(name)                                                        \
    int name(const char *path, int flags, ...) {                           \
        va_list more;                                                      \
        mode_t mode;                                                       \
        int inside = is_inside(path);                                      \
        va_start(more, flags);                                             \
        mode = mode_of(flags, more);                                       \
        va_end(more);                                                      \
        if (refused(OPEN, inside)) return -1;                              \
        return opened(REAL(name)(path, flags, mode), inside);              \
    }
OPENS(open)
OPENS(open64)

#define OPENS_AT(name)                                                     \
    int name(int folder, const char *path, int flags, ...) {               \
        va_list more;                                                      \
        mode_t mode;                                                       \
        int inside = folder == AT_FDCWD ? is_inside(path) : is_ours(folder); \
        va_start(more, flags);                                             \
        mode = mode_of(flags, more);                                       \
        va_end(more);                                                      \
        if (refused(OPEN, inside)) return -1;                              \
        return opened(REAL(name)(folder, path, flags, mode), inside);      \
    }
OPENS_AT(openat)
OPENS_AT(openat64)

int close(int file) {
    opened(file, 0);
    return REAL(close)(file);
}

int mkdir(const char *path, mode_t mode) { return refused(MAKE, is_inside(path)) ? -1 : REAL(mkdir)(path, mode); }
int rename(const char *from, const char *to) { return refused(NAME, is_inside(to)) ? -1 : REAL(rename)(from, to); }
int link(const char *from, const char *to) { return refused(NAME, is_inside(to)) ? -1 : REAL(link)(from, to); }
int linkat(int a, const char *from, int b, const char *to, int flags) {
    return refused(NAME, is_inside(to)) ? -1 : REAL(linkat)(a, from, b, to, flags);
}
int symlink(const char *to, const char *path) { return refused(NAME, is_inside(path)) ? -1 : REAL(symlink)(to, path); }
int unlink(const char *path) { return refused(REMOVE, is_inside(path)) ? -1 : REAL(unlink)(path); }
int rmdir(const char *path) { return refused(REMOVE, is_inside(path)) ? -1 : REAL(rmdir)(path); }
int fsync(int file) { return refused(SYNC, is_ours(file)) ? -1 : REAL(fsync)(file); }
int fdatasync(int file) { return refused(SYNC, is_ours(file)) ? -1 : REAL(fdatasync)(file); }
int ftruncate(int file, off_t size) { return refused(CUT, is_ours(file)) ? -1 : REAL(ftruncate)(file, size); }
int ftruncate64(int file, off64_t size) { return refused(CUT, is_ours(file)) ? -1 : REAL(ftruncate64)(file, size); }
ssize_t write(int file, const void *bytes, size_t size) {
    return refused(WRITE, is_ours(file)) ? -1 : REAL(write)(file, bytes, size);
}
ssize_t writev(int file, const struct iovec *pieces, int count) {
    return refused(WRITE, is_ours(file)) ? -1 : REAL(writev)(file, pieces, count);
}
ssize_t pwrite(int file, const void *bytes, size_t size, off_t at) {
    return refused(WRITE, is_ours(file)) ? -1 : REAL(pwrite)(file, bytes, size, at);
}
ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t at) {
    return refused(WRITE, is_ours(file)) ? -1 : REAL(pwrite64)(file, bytes, size, at);
}
ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *into, size_t size, unsigned int flags) {
    return refused(WRITE, is_ours(to)) ? -1 : REAL(copy_file_range)(from, at, to, into, size, flags);
}
ssize_t sendfile64(int to, int from, off64_t *at, size_t size) {
    return refused(WRITE, is_ours(to)) ? -1 : REAL(sendfile64)(to, from, at, size);
}
ssize_t read(int file, void *bytes, size_t size) { return refused(READ, is_ours(file)) ? -1 : REAL(read)(file, bytes, size); }
ssize_t pread(int file, void *bytes, size_t size, off_t at) {
    return refused(READ, is_ours(file)) ? -1 : REAL(pread)(file, bytes, size, at);
}
ssize_t pread64(int file, void *bytes, size_t size, off64_t at) {
    return refused(READ, is_ours(file)) ? -1 : REAL(pread64)(file, bytes, size, at);
}
