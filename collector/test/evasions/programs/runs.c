/* SPDX-License-Identifier: Apache-2.0 */
/* Ways to run a program that hide which one it is. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char **passed;

/* at-empty PROGRAM ARGUMENT...: execveat of a descriptor, with no path at all. */
static int act_at_empty(char **arguments)
{
	int file = open(arguments[0], O_PATH | O_CLOEXEC);
	syscall(SYS_execveat, file, "", arguments, environ, AT_EMPTY_PATH);
	return errno;
}

/* as PROGRAM ARGV0 ARGUMENT... */
static int act_as(char **arguments)
{
	execv(arguments[0], arguments + 1);
	return errno;
}

/* nothing-given PROGRAM: argc is 0. */
static int act_nothing_given(char **arguments)
{
	char *none[] = { NULL };
	syscall(SYS_execve, arguments[0], none, environ);
	return errno;
}

static void *run_it(void *unused)
{
	execv(passed[0], passed);
	return unused;
}

/* thread PROGRAM ARGUMENT... */
static int act_thread(char **arguments)
{
	pthread_t thread;
	passed = arguments;
	if (pthread_create(&thread, NULL, run_it, NULL))
		return 1;
	pthread_join(thread, NULL);
	return 2;
}

static int copy_to_memory(const char *path)
{
	char block[65536];
	ssize_t got;
	int from = open(path, O_RDONLY), to = memfd_create("passed", 0);
	while ((got = read(from, block, sizeof(block))) > 0)
		if (write(to, block, got) != got)
			return -1;
	return to;
}

static int receive(int socket)
{
	char room[CMSG_SPACE(sizeof(int))], byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	return recvmsg(socket, &message, 0) == 1 ? *(int *)CMSG_DATA(CMSG_FIRSTHDR(&message)) : -1;
}

static int pass(int socket, int file)
{
	char room[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &file, sizeof(int));
	return sendmsg(socket, &message, 0) == 1 ? 0 : 1;
}

/* passed PROGRAM ARGUMENT...: a child gets a copy in memory by SCM_RIGHTS and runs it; it has opened nothing. */
static int act_passed(char **arguments)
{
	int pair[2], status;
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		return 1;
	pid_t child = fork();
	if (child == 0) {
		fexecve(receive(pair[1]), arguments, environ);
		_exit(127);
	}
	printf("%d\n", child);
	fflush(stdout);
	if (pass(pair[0], copy_to_memory(arguments[0])))
		return 2;
	return waitpid(child, &status, 0) == child ? status : 3;
}

/* rewrite PATH ARGUMENT...: over its arguments it writes others, gives itself another name, then opens PATH. */
static int act_rewrite(char **arguments, int count)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s", arguments[0]);
	for (int i = 0; i < count; i++)
		memset(arguments[i], 'x', strlen(arguments[i]));
	prctl(PR_SET_NAME, "kworker/0:1", 0, 0, 0);
	static char other[] = "/usr/sbin/nginx";
	prctl(PR_SET_MM, PR_SET_MM_ARG_START, other, 0, 0);
	prctl(PR_SET_MM, PR_SET_MM_ARG_END, other + sizeof(other), 0, 0);
	return open(path, O_RDONLY) >= 0 ? 0 : errno;
}

int main(int count, char **arguments)
{
	if (count < 3)
		return 64;
	if (strcmp(arguments[1], "at-empty") == 0)
		return act_at_empty(arguments + 2);
	if (strcmp(arguments[1], "as") == 0)
		return act_as(arguments + 2);
	if (strcmp(arguments[1], "nothing-given") == 0)
		return act_nothing_given(arguments + 2);
	if (strcmp(arguments[1], "thread") == 0)
		return act_thread(arguments + 2);
	if (strcmp(arguments[1], "passed") == 0)
		return act_passed(arguments + 2);
	if (strcmp(arguments[1], "rewrite") == 0)
		return act_rewrite(arguments + 2, count - 2);
	return 64;
}
