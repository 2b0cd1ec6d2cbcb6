/* Makes the n-th system call of a kind fail. LD_PRELOAD places it between Atlas and the C library; Atlas has no hook for it.
 *
 * FAULT_DIR=<folder>     only calls about files in this folder are counted and can fail
 * FAULT_COUNTS=<file>    where the number of calls of each kind is written at exit
 * FAULT_CALL=<kind>      open, mkdir, rename, unlink, sync, truncate, write or read; rights (hard links and permissions) or
 *                        folder-sync, which some file systems don't have
 * FAULT_NTH=<n>          the first call that fails, counted from 1
 * FAULT_PERSISTENT=1     every later call fails as well
 * FAULT_ERRNO=<errno>    the error it returns
 * FAULT_HOLD=<pipe>      a named pipe: before a call fails, it waits until the pipe is opened for writing
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

enum kind { OPEN, MKDIR, RENAME, UNLINK, SYNC, TRUNCATE, WRITE, READ, RIGHTS, FOLDER_SYNC, KINDS };
static const char *const NAMES[KINDS] = {"open",     "mkdir", "rename", "unlink", "sync",
                                         "truncate", "write", "read",   "rights", "folder-sync"};
static atomic_long calls[KINDS];

#define MAX_FILES 65536
static atomic_char tracked[MAX_FILES];

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int is_inside(const char *path) {
    const char *folder = getenv("FAULT_DIR");
    char absolute[4096];
    if (!folder || !path) return 0;
    if (path[0] != '/') {
        size_t length;
        if (!getcwd(absolute, sizeof absolute)) return 0;
        length = strlen(absolute);
        if (length + strlen(path) + 2 > sizeof absolute) return 0;
        absolute[length] = '/';
        strcpy(absolute + length + 1, path);
        path = absolute;
    }
    return strncmp(path, folder, strlen(folder)) == 0;
}

static int is_tracked(int file) { return file >= 0 && file < MAX_FILES && tracked[file]; }

static int track(int file, int inside) {
    if (file >= 0 && file < MAX_FILES) tracked[file] = (char)inside;
    return file;
}

static void hold(void) {
    const char *pipe = getenv("FAULT_HOLD");
    int file = pipe ? REAL(open)(pipe, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0) REAL(close)(file);
}

/* Counts a call and returns whether it must fail. */
static int fails(enum kind kind, int is_counted) {
    const char *call = getenv("FAULT_CALL"), *nth = getenv("FAULT_NTH"), *error = getenv("FAULT_ERRNO");
    long number;
    if (!is_counted) return 0;
    number = ++calls[kind];
    if (!call || !nth || !error || strcmp(call, NAMES[kind]) != 0) return 0;
    if (number != atol(nth) && !(getenv("FAULT_PERSISTENT") && number > atol(nth))) return 0;
    hold();
    errno = atoi(error);
    return 1;
}

__attribute__((destructor)) static void write_counts(void) {
    const char *path = getenv("FAULT_COUNTS");
    FILE *file = path ? fopen(path, "we") : NULL;
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
        if (fails(OPEN, inside)) return -1;                                \
        return track(REAL(name)(path, flags, mode), inside);               \
    }
OPENS(open)
OPENS(open64)

#define OPENS_AT(name)                                                     \
    int name(int folder, const char *path, int flags, ...) {               \
        va_list more;                                                      \
        mode_t mode;                                                       \
        int inside = folder == AT_FDCWD ? is_inside(path) : is_tracked(folder);\
        va_start(more, flags);                                             \
        mode = mode_of(flags, more);                                       \
        va_end(more);                                                      \
        if (fails(OPEN, inside)) return -1;                                \
        return track(REAL(name)(folder, path, flags, mode), inside);       \
    }
OPENS_AT(openat)
OPENS_AT(openat64)

int close(int file) {
    track(file, 0);
    return REAL(close)(file);
}

int mkdir(const char *path, mode_t mode) { return fails(MKDIR, is_inside(path)) ? -1 : REAL(mkdir)(path, mode); }
int rename(const char *from, const char *to) { return fails(RENAME, is_inside(to)) ? -1 : REAL(rename)(from, to); }
int link(const char *from, const char *to) {
    return fails(RENAME, is_inside(to)) || fails(RIGHTS, is_inside(to)) ? -1 : REAL(link)(from, to);
}
int linkat(int a, const char *from, int b, const char *to, int flags) {
    return fails(RENAME, is_inside(to)) || fails(RIGHTS, is_inside(to)) ? -1 : REAL(linkat)(a, from, b, to, flags);
}
int chmod(const char *path, mode_t mode) { return fails(RIGHTS, is_inside(path)) ? -1 : REAL(chmod)(path, mode); }
int fchmod(int file, mode_t mode) { return fails(RIGHTS, is_tracked(file)) ? -1 : REAL(fchmod)(file, mode); }
int symlink(const char *to, const char *path) { return fails(RENAME, is_inside(path)) ? -1 : REAL(symlink)(to, path); }
int unlink(const char *path) { return fails(UNLINK, is_inside(path)) ? -1 : REAL(unlink)(path); }
int rmdir(const char *path) { return fails(UNLINK, is_inside(path)) ? -1 : REAL(rmdir)(path); }
static int is_folder(int file) {
    struct stat found;
    return fstat(file, &found) == 0 && S_ISDIR(found.st_mode);
}
int fsync(int file) {
    if (fails(SYNC, is_tracked(file)) || fails(FOLDER_SYNC, is_tracked(file) && is_folder(file))) return -1;
    return REAL(fsync)(file);
}
int fdatasync(int file) { return fails(SYNC, is_tracked(file)) ? -1 : REAL(fdatasync)(file); }
int ftruncate(int file, off_t size) { return fails(TRUNCATE, is_tracked(file)) ? -1 : REAL(ftruncate)(file, size); }
int ftruncate64(int file, off64_t size) { return fails(TRUNCATE, is_tracked(file)) ? -1 : REAL(ftruncate64)(file, size); }
ssize_t write(int file, const void *bytes, size_t size) {
    return fails(WRITE, is_tracked(file)) ? -1 : REAL(write)(file, bytes, size);
}
ssize_t writev(int file, const struct iovec *pieces, int count) {
    return fails(WRITE, is_tracked(file)) ? -1 : REAL(writev)(file, pieces, count);
}
ssize_t pwrite(int file, const void *bytes, size_t size, off_t at) {
    return fails(WRITE, is_tracked(file)) ? -1 : REAL(pwrite)(file, bytes, size, at);
}
ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t at) {
    return fails(WRITE, is_tracked(file)) ? -1 : REAL(pwrite64)(file, bytes, size, at);
}
ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *into, size_t size, unsigned int flags) {
    return fails(WRITE, is_tracked(to)) ? -1 : REAL(copy_file_range)(from, at, to, into, size, flags);
}
ssize_t sendfile64(int to, int from, off64_t *at, size_t size) {
    return fails(WRITE, is_tracked(to)) ? -1 : REAL(sendfile64)(to, from, at, size);
}
ssize_t read(int file, void *bytes, size_t size) { return fails(READ, is_tracked(file)) ? -1 : REAL(read)(file, bytes, size); }
ssize_t pread(int file, void *bytes, size_t size, off_t at) {
    return fails(READ, is_tracked(file)) ? -1 : REAL(pread)(file, bytes, size, at);
}
ssize_t pread64(int file, void *bytes, size_t size, off64_t at) {
    return fails(READ, is_tracked(file)) ? -1 : REAL(pread64)(file, bytes, size, at);
}
