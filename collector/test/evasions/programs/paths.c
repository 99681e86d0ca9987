/* SPDX-License-Identifier: Apache-2.0 */
/* Paths that a hook at the call's entry reads wrongly, or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char shared[4096];
static const char *both[2];
static atomic_int is_over;

static void *flip(void *unused)
{
	/* The last bytes differ: whatever is read between is one of the two. */
	size_t last = strlen(both[0]) - 1;
	for (unsigned i = 0; !atomic_load_explicit(&is_over, memory_order_relaxed); i++)
		((volatile char *)shared)[last] = both[i & 1][last];
	return unused;
}

/* flip WATCHED OTHER TIMES: prints how often the watched one was really opened. */
static int act_flip(char **arguments)
{
	struct stat watched, got;
	pthread_t thread;
	long hits = 0;
	both[0] = arguments[0];
	both[1] = arguments[1];
	strcpy(shared, both[0]);
	if (strlen(both[0]) != strlen(both[1]) || stat(both[0], &watched) || pthread_create(&thread, NULL, flip, NULL))
		return 1;
	for (long left = atol(arguments[2]); left > 0; left--) {
		int file = open(shared, O_RDONLY);
		if (file < 0 || fstat(file, &got))
			return 2;
		hits += got.st_ino == watched.st_ino;
		close(file);
	}
	atomic_store(&is_over, 1);
	pthread_join(thread, NULL);
	printf("%ld\n", hits);
	return 0;
}

/* unfaulted PATH TIMES: the path is in a file's page, which is dropped before each call. */
static int act_unfaulted(char **arguments)
{
	char name[] = "/tmp/atalaya-unfaulted-XXXXXX";
	int file = mkstemp(name);
	if (file < 0 || unlink(name) || ftruncate(file, 8192))
		return 1;
	if (pwrite(file, arguments[0], strlen(arguments[0]) + 1, 4096) < 0)
		return 2;
	char *page = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, file, 0);
	for (long left = atol(arguments[1]); left > 0; left--) {
		if (madvise(page, 8192, MADV_DONTNEED))
			return 3;
		int opened = syscall(SYS_openat, AT_FDCWD, page + 4096, O_RDONLY, 0);
		if (opened >= 0)
			close(opened);
		else if (errno != ENOENT)
			return 4;
	}
	return 0;
}

/* tree FOLDER NAME: opens it below a detached copy of its mount. */
static int act_tree(char **arguments)
{
	int tree = syscall(SYS_open_tree, AT_FDCWD, arguments[0], 1 /* OPEN_TREE_CLONE */);
	return tree >= 0 && openat(tree, arguments[1], O_RDONLY) >= 0 ? 0 : errno;
}

int main(int count, char **arguments)
{
	if (count == 5 && strcmp(arguments[1], "flip") == 0)
		return act_flip(arguments + 2);
	if (count == 4 && strcmp(arguments[1], "unfaulted") == 0)
		return act_unfaulted(arguments + 2);
	if (count == 4 && strcmp(arguments[1], "tree") == 0)
		return act_tree(arguments + 2);
	return 64;
}
