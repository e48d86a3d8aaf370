/* A shim for LD_PRELOAD that breaks the disk of one process at one chosen call.

   It counts every write, pwrite, fdatasync, fsync, ftruncate and rename on files under a folder, and every send to a
   Unix socket there. Each is one line of the log: its number, the call, the path, the length, and what became of it.

   SHIM_UNDER  the folder                 SHIM_LOG   the log, opened for appending
   SHIM_AT     the number of the call     SHIM_COUNT how many calls fail from there on (default 1)
   SHIM_HOW    EIO, ENOSPC  the call fails with this error and does nothing; a send is let through
               short        a write takes half of its bytes and says so
               before       the process is killed (SIGKILL) instead of the call
               after        the process is killed when the call is done
               torn         the process is killed when half of a write is done
               power        what no sync made durable is gone, and the process is killed: after a send, before any other

   A kill of the process alone leaves in the files what was written and never synced; `power` takes that away too. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define REAL(result, name, ...) static result (*real_##name)(__VA_ARGS__)
REAL(ssize_t, write, int, const void *, size_t);
REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
REAL(ssize_t, send, int, const void *, size_t, int);
REAL(int, fdatasync, int);
REAL(int, fsync, int);
REAL(int, ftruncate64, int, off64_t);
REAL(int, rename, const char *, const char *);
REAL(int, close, int);

static const char *under, *how;
static long at, count, calls;
static int out = -1, error;

/* How much of each file is durable, for a power loss. A file that was never synced keeps nothing it was given. */
static struct { char path[PATH_MAX]; off64_t durable; } files[64];
static int known;

__attribute__((constructor)) static void begin(void) {
#define FIND(name) real_##name = dlsym(RTLD_NEXT, #name)
    FIND(write); FIND(pwrite64); FIND(send); FIND(fdatasync); FIND(fsync); FIND(ftruncate64); FIND(rename);
    FIND(close);
    under = getenv("SHIM_UNDER"), how = getenv("SHIM_HOW") ? getenv("SHIM_HOW") : "";
    at = getenv("SHIM_AT") ? atol(getenv("SHIM_AT")) : 0;
    count = getenv("SHIM_COUNT") ? atol(getenv("SHIM_COUNT")) : 1;
    error = !strcmp(how, "EIO") ? EIO : !strcmp(how, "ENOSPC") ? ENOSPC : 0;
    if (getenv("SHIM_LOG")) out = open(getenv("SHIM_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int is_under(const char *path) {
    return under && !strncmp(path, under, strlen(under)) && (path[strlen(under)] == '/' || !path[strlen(under)]);
}

/* Whether a descriptor is a file under the folder, or a link to a socket there; then `path` names it. */
static int path_of(int fd, char path[PATH_MAX], int link) {
    struct sockaddr_un peer;
    socklen_t length = sizeof peer;
    char self[64];
    memset(&peer, 0, sizeof peer);
    if (link) {
        if (getpeername(fd, (struct sockaddr *)&peer, &length) || peer.sun_family != AF_UNIX) return 0;
        snprintf(path, PATH_MAX, "%s", peer.sun_path);
        return is_under(path);
    }
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    ssize_t got = readlink(self, path, PATH_MAX - 1);
    path[got > 0 ? got : 0] = 0;
    return is_under(path);
}

static off64_t *durable(const char *path) {
    for (int i = 0; i < known; i++) if (!strcmp(files[i].path, path)) return &files[i].durable;
    if (known == sizeof files / sizeof *files) abort();
    struct stat64 found;
    snprintf(files[known].path, PATH_MAX, "%s", path);
    files[known].durable = stat64(path, &found) ? 0 : found.st_size;
    return &files[known++].durable;
}

static void die(int power_lost) {
    struct stat64 found;
    for (int i = 0; power_lost && i < known; i++)
        if (!stat64(files[i].path, &found) && found.st_size > files[i].durable)
            (void)!truncate64(files[i].path, files[i].durable);
    kill(getpid(), SIGKILL);
}

enum kind { DATA, OTHER, SEND };
enum fate { GOES, FAILS, HALF, DIES };

/* Count and log one call, and say what becomes of it. */
static enum fate meet(const char *name, const char *path, size_t length, enum kind kind) {
    int hit = ++calls >= at && calls < at + count && at;
    dprintf(out, "%ld %s %s %zu %s\n", calls, name, path, length, hit ? how : "-");
    if (!hit) return GOES;
    if (error) return kind == SEND ? GOES : FAILS;
    if (!strcmp(how, "before")) die(0);
    if (!strcmp(how, "power") && kind != SEND) die(1);
    if (!strcmp(how, "short")) return kind == DATA && length > 1 ? HALF : GOES;
    return DIES;
}

/* What a call does of `length` bytes, and what it comes to. */
#define PART(fate, length) ((fate) == HALF || ((fate) == DIES && !strcmp(how, "torn")) ? (length) / 2 : (length))
#define END(fate, done) do { if ((fate) == DIES) die(!strcmp(how, "power")); return done; } while (0)
#define FAIL_IF(fate) if ((fate) == FAILS) return errno = error, -1

ssize_t write(int fd, const void *data, size_t length) {
    char path[PATH_MAX];
    if (!path_of(fd, path, 0)) return real_write(fd, data, length);
    durable(path);
    enum fate fate = meet("write", path, length, DATA);
    FAIL_IF(fate);
    ssize_t done = real_write(fd, data, PART(fate, length));
    END(fate, done);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
    char path[PATH_MAX];
    if (!path_of(fd, path, 0)) return real_pwrite64(fd, data, length, offset);
    durable(path);
    enum fate fate = meet("pwrite", path, length, DATA);
    FAIL_IF(fate);
    ssize_t done = real_pwrite64(fd, data, PART(fate, length), offset);
    END(fate, done);
}

ssize_t send(int fd, const void *data, size_t length, int flags) {
    char path[PATH_MAX];
    if (!path_of(fd, path, 1)) return real_send(fd, data, length, flags);
    enum fate fate = meet("send", path, length, SEND);
    ssize_t done = real_send(fd, data, length, flags);
    END(fate, done);
}

static int sync_with(const char *name, int (*real)(int), int fd) {
    char path[PATH_MAX];
    struct stat64 found;
    if (!path_of(fd, path, 0)) return real(fd);
    enum fate fate = meet(name, path, 0, OTHER);
    FAIL_IF(fate);
    int done = real(fd);
    if (!done && !fstat64(fd, &found) && S_ISREG(found.st_mode)) *durable(path) = found.st_size;
    END(fate, done);
}

int fdatasync(int fd) { return sync_with("fdatasync", real_fdatasync, fd); }
int fsync(int fd) { return sync_with("fsync", real_fsync, fd); }

int ftruncate64(int fd, off64_t size) {
    char path[PATH_MAX];
    if (!path_of(fd, path, 0)) return real_ftruncate64(fd, size);
    off64_t *kept = durable(path);
    enum fate fate = meet("ftruncate", path, (size_t)size, OTHER);
    FAIL_IF(fate);
    int done = real_ftruncate64(fd, size);
    if (!done && size < *kept) *kept = size;
    END(fate, done);
}

int rename(const char *from, const char *to) {
    if (!is_under(to)) return real_rename(from, to);
    off64_t kept = *durable(from);
    enum fate fate = meet("rename", to, 0, OTHER);
    FAIL_IF(fate);
    int done = real_rename(from, to);
    if (!done) *durable(to) = kept;
    END(fate, done);
}

/* The guard closes at first whatever others left open; the log is not its own to close. */
int close(int fd) { return fd == out && fd >= 0 ? 0 : real_close(fd); }

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return pwrite64(fd, data, length, offset); }
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }
