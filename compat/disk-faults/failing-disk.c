/*
 * A disk that fails on command, for one process: loaded with LD_PRELOAD, it stands before the calls by which
 * Node writes and syncs files. What fails next is read from a small file that both sides map, so that a test
 * arms a fault, lifts it and counts while the server runs.
 *
 *   FAILING_DISK_DIRECTORY  only regular files below it are touched
 *   FAILING_DISK_CONTROL    the mapped file: 64-bit integers of the machine, in the order of `struct control`
 *
 * A sync that fails loses what was written since the last good one, as a kernel does that has marked the pages
 * clean: the file is cut back. Whoever acknowledged such a record has lost it for all to see.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

struct control {
  int64_t syncs_left;      /* log syncs that still succeed; the next one fails; -1: all succeed */
  int64_t quota_bytes;     /* by which files may still grow; -1: without limit */
  int64_t writes_left;     /* log writes that still succeed; the next one fails; -1: all succeed */
  int64_t short_writes;    /* 1: every log write takes half of what it is given */
  int64_t syncs_failed;    /* counted here, as the two below */
  int64_t writes_refused;
  int64_t writes_shortened;
  int64_t truncates_fail;  /* 1: a log cannot be cut back either */
};

enum { SYNCED_FILES_MAX = 512 };

struct synced_file {
  dev_t device;
  ino_t inode;
  off_t size;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct synced_file synced[SYNCED_FILES_MAX];
static int synced_count;
static struct control *control;
static const char *directory;

static int (*real_fdatasync)(int);
static int (*real_fsync)(int);
static int (*real_ftruncate)(int, off_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off_t);
static ssize_t (*real_write)(int, const void *, size_t);

__attribute__((constructor)) static void start(void) {
  *(void **)&real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  *(void **)&real_fsync = dlsym(RTLD_NEXT, "fsync");
  *(void **)&real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  *(void **)&real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  *(void **)&real_pwritev = dlsym(RTLD_NEXT, "pwritev64");
  *(void **)&real_write = dlsym(RTLD_NEXT, "write");
  const char *name = getenv("FAILING_DISK_CONTROL");
  directory = getenv("FAILING_DISK_DIRECTORY");
  if (name == NULL || directory == NULL) return;
  int file = open(name, O_RDWR | O_CLOEXEC);
  void *memory = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) {
    /* A test whose faults never happen would pass for the wrong reason. */
    perror("failing-disk");
    _exit(99);
  }
  close(file);
  control = memory;
}

/* 0: not ours; 1: some file below the directory; 2: a segment of a log. */
static int kind_of(int file) {
  char link[64], path[PATH_MAX];
  if (control == NULL) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  size_t prefix = strlen(directory);
  if (strncmp(path, directory, prefix) != 0 || path[prefix] != '/') return 0;
  return length > 4 && strcmp(path + length - 4, ".log") == 0 ? 2 : 1;
}

/* Counts down; 1 when this call is the one to fail. */
static int is_due(int64_t *left) {
  if (*left < 0) return 0;
  return (*left)-- == 0;
}

/* What a file holds when it is first seen was written by an earlier process, and counts as synced. */
static struct synced_file *entry_of(const struct stat *status) {
  for (int i = 0; i < synced_count; i++)
    if (synced[i].device == status->st_dev && synced[i].inode == status->st_ino) return &synced[i];
  if (synced_count == SYNCED_FILES_MAX) {
    fputs("failing-disk: too many files\n", stderr);
    _exit(99);
  }
  struct synced_file *entry = &synced[synced_count++];
  *entry = (struct synced_file){status->st_dev, status->st_ino, status->st_size};
  return entry;
}

static int sync_file(int file, int (*real)(int)) {
  struct stat status;
  if (kind_of(file) != 2 || fstat(file, &status) != 0) return real(file);
  pthread_mutex_lock(&lock);
  struct synced_file *entry = entry_of(&status);
  if (is_due(&control->syncs_left)) {
    if (real_ftruncate(file, entry->size) != 0) _exit(99);
    control->syncs_failed++;
    pthread_mutex_unlock(&lock);
    errno = EIO;
    return -1;
  }
  pthread_mutex_unlock(&lock);
  int result = real(file);
  pthread_mutex_lock(&lock);
  /* What is written while the call runs is not known to be synced by it. */
  if (result == 0 && entry->size < status.st_size) entry->size = status.st_size;
  pthread_mutex_unlock(&lock);
  return result;
}

int fdatasync(int file) { return sync_file(file, real_fdatasync); }
int fsync(int file) { return sync_file(file, real_fsync); }

/* How many of the bytes may be written now, or -1 with errno. */
static ssize_t admitted(int file, size_t bytes, off_t offset) {
  struct stat status;
  int kind = kind_of(file);
  if (kind == 0 || bytes == 0 || fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) return (ssize_t)bytes;
  ssize_t result = (ssize_t)bytes;
  pthread_mutex_lock(&lock);
  if (kind == 2) entry_of(&status);
  int64_t growth = (int64_t)offset + (int64_t)bytes - (int64_t)status.st_size;
  if (kind == 2 && is_due(&control->writes_left)) {
    control->writes_refused++;
    errno = EIO;
    result = -1;
  } else if (control->quota_bytes >= 0 && growth > control->quota_bytes) {
    control->writes_refused++;
    /* What fits is written, as on a real disk, and the rest of the caller's bytes meets the full one. */
    result -= growth - control->quota_bytes;
    control->quota_bytes = 0;
    if (result <= 0) {
      errno = ENOSPC;
      result = -1;
    }
  } else {
    if (kind == 2 && control->short_writes == 1 && bytes > 1) {
      control->writes_shortened++;
      result = (ssize_t)(bytes / 2);
    }
    if (control->quota_bytes >= 0 && growth > 0) control->quota_bytes -= growth;
  }
  pthread_mutex_unlock(&lock);
  return result;
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off_t offset) {
  ssize_t some = admitted(file, count, offset);
  return some < 0 ? -1 : real_pwrite(file, bytes, (size_t)some, offset);
}
ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) { return pwrite64(file, bytes, count, offset); }

ssize_t pwritev64(int file, const struct iovec *parts, int count, off_t offset) {
  size_t bytes = 0;
  for (int i = 0; i < count; i++) bytes += parts[i].iov_len;
  ssize_t some = admitted(file, bytes, offset);
  if (some < 0) return -1;
  if ((size_t)some == bytes) return real_pwritev(file, parts, count, offset);
  /* The first parts as far as they fit; the caller goes on from there. */
  ssize_t written = 0;
  for (int i = 0; i < count && written < some; i++) {
    size_t part = parts[i].iov_len;
    if (part > (size_t)(some - written)) part = (size_t)(some - written);
    ssize_t now = real_pwrite(file, parts[i].iov_base, part, offset + written);
    if (now < 0) return written > 0 ? written : -1;
    written += now;
  }
  return written;
}
ssize_t pwritev(int file, const struct iovec *parts, int count, off_t offset) {
  return pwritev64(file, parts, count, offset);
}

ssize_t write(int file, const void *bytes, size_t count) {
  if (kind_of(file) == 0) return real_write(file, bytes, count);
  int flags = fcntl(file, F_GETFL);
  off_t offset = lseek(file, 0, flags >= 0 && (flags & O_APPEND) ? SEEK_END : SEEK_CUR);
  if (offset < 0) return real_write(file, bytes, count);
  ssize_t some = admitted(file, count, offset);
  return some < 0 ? -1 : real_write(file, bytes, (size_t)some);
}

int ftruncate64(int file, off_t size) {
  int kind = kind_of(file);
  if (kind == 2 && control->truncates_fail == 1) {
    errno = EIO;
    return -1;
  }
  struct stat status;
  if (kind == 2 && fstat(file, &status) == 0) {
    pthread_mutex_lock(&lock);
    struct synced_file *entry = entry_of(&status);
    if (entry->size > size) entry->size = size;
    pthread_mutex_unlock(&lock);
  }
  return real_ftruncate(file, size);
}
int ftruncate(int file, off_t size) { return ftruncate64(file, size); }
