/* SPDX-License-Identifier: Apache-2.0 */
/* One operation through io_uring, without a system call that names it: uring [sqpoll] connect PORT | open PATH | … */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct ring {
	int file;
	unsigned flags;
	unsigned *tail, *array, mask, *wake, *completed_tail;
	struct io_uring_cqe *completed;
	struct io_uring_sqe *entries;
};

static int set_up(struct ring *ring, unsigned flags)
{
	struct io_uring_params how = { .flags = flags, .sq_thread_idle = 1000 };
	ring->file = syscall(SYS_io_uring_setup, 4, &how);
	if (ring->file < 0)
		return -errno;
	size_t size = how.cq_off.cqes + how.cq_entries * sizeof(struct io_uring_cqe) + how.sq_off.array + 4096;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->file, IORING_OFF_SQ_RING);
	ring->entries = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->file, IORING_OFF_SQES);
	if (memory == MAP_FAILED || ring->entries == MAP_FAILED)
		return -errno;
	ring->flags = flags;
	ring->tail = (void *)(memory + how.sq_off.tail);
	ring->mask = *(unsigned *)(memory + how.sq_off.ring_mask);
	ring->array = (void *)(memory + how.sq_off.array);
	ring->wake = (void *)(memory + how.sq_off.flags);
	ring->completed_tail = (void *)(memory + how.cq_off.tail);
	ring->completed = (void *)(memory + how.cq_off.cqes);
	return 0;
}

/* Submits what entries[0] holds. Its result; 0 where it says nothing on success. */
static int submit(struct ring *ring)
{
	int is_silent = ring->entries[0].flags & IOSQE_CQE_SKIP_SUCCESS;
	ring->array[*ring->tail & ring->mask] = 0;
	__atomic_store_n(ring->tail, *ring->tail + 1, __ATOMIC_RELEASE);
	if (!(ring->flags & IORING_SETUP_SQPOLL)) {
		if (syscall(SYS_io_uring_enter, ring->file, 1, is_silent ? 0 : 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
			return -errno;
	} else if (__atomic_load_n(ring->wake, __ATOMIC_ACQUIRE) & IORING_SQ_NEED_WAKEUP) {
		syscall(SYS_io_uring_enter, ring->file, 0, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0);
	}
	for (int tries = 0; tries < 2000 && __atomic_load_n(ring->completed_tail, __ATOMIC_ACQUIRE) == 0; tries++) {
		if (is_silent && tries > 20)
			return 0;
		usleep(1000);
	}
	return *ring->completed_tail ? ring->completed[0].res : -ETIME;
}

static int act_connect(struct ring *ring, const char *port)
{
	static struct sockaddr_in to = { .sin_family = AF_INET };
	to.sin_port = htons(atoi(port));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	struct io_uring_sqe entry = { .opcode = IORING_OP_CONNECT, .fd = socket(AF_INET, SOCK_STREAM, 0) };
	entry.addr = (unsigned long)&to;
	entry.off = sizeof(to);
	ring->entries[0] = entry;
	return submit(ring);
}

/* open: into a descriptor. open-silent: no word of it on success. open-direct: into the ring's own table. write, write-direct: for writing. */
static int act_open(struct ring *ring, const char *how, const char *path)
{
	struct io_uring_sqe entry = { .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .open_flags = O_RDONLY };
	entry.addr = (unsigned long)path;
	if (strncmp(how, "write", 5) == 0)
		entry.open_flags = O_WRONLY;
	if (strcmp(how, "open-silent") == 0)
		entry.flags = IOSQE_CQE_SKIP_SUCCESS;
	if (strstr(how, "-direct")) {
		int empty[2] = { -1, -1 };
		if (syscall(SYS_io_uring_register, ring->file, IORING_REGISTER_FILES, empty, 2))
			return -errno;
		entry.file_index = 1;
	}
	ring->entries[0] = entry;
	return submit(ring);
}

static int act_open2(struct ring *ring, const char *path)
{
	static struct open_how { unsigned long long flags, mode, resolve; } how = { .flags = O_RDONLY };
	struct io_uring_sqe entry = { .opcode = IORING_OP_OPENAT2, .fd = AT_FDCWD, .len = sizeof(how) };
	entry.addr = (unsigned long)path;
	entry.off = (unsigned long)&how;
	ring->entries[0] = entry;
	return submit(ring);
}

/* Exit status: 0, or the errno. */
int main(int count, char **arguments)
{
	struct ring ring;
	unsigned flags = 0;
	if (count > 1 && strcmp(arguments[1], "sqpoll") == 0) {
		flags = IORING_SETUP_SQPOLL;
		arguments++;
		count--;
	}
	if (count != 3)
		return 64;
	int result = set_up(&ring, flags);
	if (result == 0 && strcmp(arguments[1], "connect") == 0)
		result = act_connect(&ring, arguments[2]);
	else if (result == 0 && strcmp(arguments[1], "openat2") == 0)
		result = act_open2(&ring, arguments[2]);
	else if (result == 0)
		result = act_open(&ring, arguments[1], arguments[2]);
	return result < 0 ? -result : 0;
}
