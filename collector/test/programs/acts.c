/* SPDX-License-Identifier: Apache-2.0 */
/* Does one thing to the kernel, by the exact system call: what the kernel side's tests watch. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

/* memfd PROGRAM ARGUMENT...: runs a copy of PROGRAM that never had a directory. */
static int act_memfd(char **arguments)
{
	char block[65536];
	ssize_t got;
	int from = open(arguments[0], O_RDONLY);
	int to = memfd_create("payload", MFD_CLOEXEC);
	if (from < 0 || to < 0)
		return fail("memfd");
	while ((got = read(from, block, sizeof(block))) > 0)
		if (write(to, block, got) != got)
			return fail("write");
	extern char **environ;
	fexecve(to, arguments, environ);
	return fail("fexecve");
}

static int by_handle(const char *path)
{
	struct {
		struct file_handle handle;
		unsigned char bytes[128];
	} room = { .handle = { .handle_bytes = sizeof(room.bytes) } };
	int mount_id;
	if (name_to_handle_at(AT_FDCWD, path, &room.handle, &mount_id, 0))
		return -1;
	int mount = open("/", O_RDONLY | O_DIRECTORY);
	return mount < 0 ? -1 : open_by_handle_at(mount, &room.handle, O_RDONLY);
}

static int open_as(const char *call, const char *path)
{
	struct open_how how = { .flags = O_RDWR | O_CREAT, .mode = 0600 };
#ifdef SYS_open
	if (strcmp(call, "open") == 0)
		return syscall(SYS_open, path, O_RDONLY, 0);
	if (strcmp(call, "creat") == 0)
		return syscall(SYS_creat, path, 0600);
#endif
	if (strcmp(call, "openat2") == 0)
		return syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	if (strcmp(call, "handle") == 0)
		return by_handle(path);
	return syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);
}

/* opens CALL COUNT PATH: exit status 0 when the last one succeeded, else the errno. */
static int act_opens(char **arguments)
{
	int file = -1;
	for (long left = atol(arguments[1]); left > 0; left--) {
		file = open_as(arguments[0], arguments[2]);
		if (file < 0)
			return errno;
		close(file);
	}
	return 0;
}

/* execs COUNT PROGRAM: one child after the other. */
static int act_execs(char **arguments)
{
	char *const argv[] = { "acts-child", "marker", NULL };
	for (long left = atol(arguments[0]); left > 0; left--) {
		pid_t child = vfork();
		if (child == 0) {
			execve(arguments[1], argv, NULL);
			_exit(127);
		}
		int status;
		if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
			return fail("execs");
	}
	return 0;
}

/* forks COUNT: children that end at once, as many at one time as there may be. */
static int act_forks(char **arguments)
{
	for (long left = atol(arguments[0]); left > 0; left--) {
		pid_t child = fork();
		if (child == 0)
			_exit(0);
		if (child < 0) {
			if (errno != EAGAIN || wait(NULL) < 0)
				return fail("forks");
			left++;
		}
	}
	while (wait(NULL) > 0)
		;
	return 0;
}

/* exec PROGRAM ARGUMENT...: exit status is the errno when it is refused. */
static int act_exec(char **arguments)
{
	execv(arguments[0], arguments);
	return errno;
}

/* udp connected|unconnected PORT */
static int act_udp(char **arguments)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(arguments[1])) };
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int file = socket(AF_INET, SOCK_DGRAM, 0);
	if (strcmp(arguments[0], "connected") == 0)
		return connect(file, (void *)&to, sizeof(to)) ? fail("connect") : send(file, "x", 1, 0) != 1;
	return sendto(file, "x", 1, 0, (void *)&to, sizeof(to)) == 1 ? 0 : fail("sendto");
}

/* The name server's socket address, IPv4 or IPv6. */
static socklen_t server_at(struct sockaddr_storage *server, const char *address, int port)
{
	struct sockaddr_in *four = (void *)server;
	struct sockaddr_in6 *six = (void *)server;
	if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		return sizeof(*four);
	}
	if (inet_pton(AF_INET6, address, &six->sin6_addr) != 1)
		return 0;
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	return sizeof(*six);
}

/* As glibc asks for both kinds of address: two messages in one call, the second with the type of IPv6. */
static int send_both(int file, char *message, size_t length)
{
	char other[4096];
	memcpy(other, message, length);
	other[length - 3] = 28;
	struct iovec parts[2] = { { message, length }, { other, length } };
	struct mmsghdr both[2] = { { .msg_hdr = { .msg_iov = &parts[0], .msg_iovlen = 1 } },
				   { .msg_hdr = { .msg_iov = &parts[1], .msg_iovlen = 1 } } };
	return sendmmsg(file, both, 2, MSG_NOSIGNAL) == 2;
}

static int ask_over_tcp(int file, const char *message, size_t length, int apart)
{
	unsigned char size[2] = { length >> 8, length & 255 };
	struct iovec parts[2] = { { size, 2 }, { (void *)message, length } };
	int one = 1;
	setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (apart)
		return write(file, size, 2) == 2 && write(file, message, length) == (ssize_t)length;
	return writev(file, parts, 2) == (ssize_t)length + 2;
}

static int ask(int file, const char *how, char *message, size_t length, const void *to, socklen_t to_length)
{
	ssize_t sent = -1;
	struct iovec part = { message, length };
	struct msghdr header = { .msg_name = (void *)to, .msg_namelen = to_length, .msg_iov = &part, .msg_iovlen = 1 };
	if (strcmp(how, "sendto") == 0)
		sent = sendto(file, message, length, 0, to, to_length);
	else if (strcmp(how, "sendmsg") == 0)
		sent = sendmsg(file, &header, 0);
	else if (connect(file, to, to_length))
		return 0;
	else if (strcmp(how, "sendmmsg") == 0)
		return send_both(file, message, length);
	else if (strcmp(how, "write") == 0)
		sent = write(file, message, length);
	else if (strcmp(how, "corked") == 0)
		return send(file, message, 12, MSG_MORE) == 12 &&
		       send(file, message + 12, length - 12, 0) == (ssize_t)length - 12;
	else if (strncmp(how, "tcp", 3) == 0)
		return ask_over_tcp(file, message, length, strcmp(how, "tcp-apart") == 0);
	return sent == (ssize_t)length;
}

/* ask HOW TIMES ADDRESS PORT: sends the message that standard input holds, so that no argument names what is asked for. */
static int act_ask(char **arguments)
{
	char message[4096];
	struct sockaddr_storage server = { 0 };
	socklen_t server_length = server_at(&server, arguments[2], atoi(arguments[3]));
	ssize_t length = read(0, message, sizeof(message));
	if (server_length == 0 || length < 12)
		return fail("ask");
	int file = socket(server.ss_family, strncmp(arguments[0], "tcp", 3) == 0 ? SOCK_STREAM : SOCK_DGRAM, 0);
	for (long left = atol(arguments[1]); left > 0; left--)
		if (!ask(file, arguments[0], message, length, &server, server_length))
			return fail("ask");
	return 0;
}

/* Takes one question and sends the answer, twice over UDP: the second is an answer to nothing. */
static void answer_once(int listener, int is_tcp, const char *answer, size_t length)
{
	char question[4096];
	struct sockaddr_storage asker;
	socklen_t asker_length = sizeof(asker);
	if (is_tcp) {
		int file = accept(listener, NULL, NULL);
		if (read(file, question, sizeof(question)) > 0)
			ask_over_tcp(file, answer, length, 0);
	} else if (recvfrom(listener, question, sizeof(question), 0, (void *)&asker, &asker_length) > 0) {
		sendto(listener, answer, length, 0, (void *)&asker, asker_length);
		sendto(listener, answer, length, 0, (void *)&asker, asker_length);
	}
}

/*
 * answered HOW ADDRESS PORT BYTES: standard input holds a question of so many bytes, then its answer. A child is the
 * name server; this process asks, and waits for all that it is told.
 */
static int act_answered(char **arguments)
{
	char message[8192];
	struct sockaddr_storage server = { 0 };
	socklen_t server_length = server_at(&server, arguments[1], atoi(arguments[2]));
	ssize_t length = read(0, message, sizeof(message));
	ssize_t asked = atol(arguments[3]);
	int is_tcp = strcmp(arguments[0], "tcp") == 0;
	int type = is_tcp ? SOCK_STREAM : SOCK_DGRAM;
	int listener = socket(server.ss_family, type, 0);
	int one = 1;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (server_length == 0 || length <= asked || bind(listener, (void *)&server, server_length))
		return fail("bind");
	if (is_tcp && listen(listener, 1))
		return fail("listen");
	if (fork() == 0) {
		answer_once(listener, is_tcp, message + asked, length - asked);
		_exit(0);
	}
	int file = socket(server.ss_family, type, 0);
	char answer[4096];
	struct timeval patience = { .tv_sec = 5 };
	setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (!ask(file, arguments[0], message, asked, &server, server_length))
		return fail("ask");
	for (int part = 0; part < 2; part++)
		if (recv(file, answer, sizeof(answer), 0) <= 0 && !is_tcp)
			return fail("recv");
	return wait(NULL) < 0;
}

/* Lays `file` over standard input, by the call. */
static int over_standard_input(const char *call, int file)
{
	if (strcmp(call, "dup3") == 0)
		return dup3(file, 0, 0);
	if (strcmp(call, "dup") != 0 && strcmp(call, "fcntl") != 0)
		return dup2(file, 0);
	close(0);
	return strcmp(call, "dup") == 0 ? dup(file) : fcntl(file, F_DUPFD, 0);
}

/* stream dup|dup2|dup3|fcntl|CALL-of-a-pipe ADDRESS PORT PROGRAM: runs PROGRAM with a connection as its standard input. */
static int act_stream(char **arguments)
{
	struct sockaddr_storage server = { 0 };
	socklen_t length = server_at(&server, arguments[1], atoi(arguments[2]));
	int pair[2];
	int file = socket(server.ss_family, SOCK_STREAM, 0);
	if (length == 0 || connect(file, (void *)&server, length) || pipe(pair))
		return fail("connect");
	if (over_standard_input(arguments[0], strcmp(arguments[0], "pipe") == 0 ? pair[0] : file) != 0)
		return fail(arguments[0]);
	execv(arguments[3], arguments + 3);
	return fail("execv");
}

/* serve accept|accept4 ADDRESS PORT: takes one connection, that a child makes. */
static int act_serve(char **arguments)
{
	struct sockaddr_storage server = { 0 };
	socklen_t length = server_at(&server, arguments[1], atoi(arguments[2]));
	int listener = socket(server.ss_family, SOCK_STREAM, 0);
	int one = 1;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (length == 0 || bind(listener, (void *)&server, length) || listen(listener, 1))
		return fail("listen");
	if (fork() == 0)
		_exit(connect(socket(server.ss_family, SOCK_STREAM, 0), (void *)&server, length));
	int taken = strcmp(arguments[0], "accept") == 0 ? accept(listener, NULL, NULL)
							: accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	return taken < 0 ? fail("accept") : wait(NULL) < 0;
}

/* unix TIMES PATH: connects to the socket there; @NAME is an abstract one. */
static int act_unix(char **arguments)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t length = strlen(arguments[1]);
	memcpy(to.sun_path, arguments[1], length < sizeof(to.sun_path) ? length : sizeof(to.sun_path) - 1);
	if (to.sun_path[0] == '@')
		to.sun_path[0] = 0;
	else
		length++;
	for (long left = atol(arguments[0]); left > 0; left--) {
		int file = socket(AF_UNIX, SOCK_STREAM, 0);
		if (connect(file, (void *)&to, offsetof(struct sockaddr_un, sun_path) + length))
			return fail("connect");
		close(file);
	}
	return 0;
}

/* socket FAMILY TYPE PROTOCOL TIMES */
static int act_socket(char **arguments)
{
	for (long left = atol(arguments[3]); left > 0; left--) {
		int file = socket(atoi(arguments[0]), atoi(arguments[1]), atoi(arguments[2]));
		if (file < 0)
			return fail("socket");
		close(file);
	}
	return 0;
}

/* namespace: a child in a new UTS namespace. */
static int in_namespace(void *unused)
{
	(void)unused;
	return 0;
}

static int act_namespace(void)
{
	static char stack[65536];
	int status;
	pid_t child = clone(in_namespace, stack + sizeof(stack), CLONE_NEWUTS | SIGCHLD, NULL);
	return child > 0 && waitpid(child, &status, 0) == child ? 0 : fail("clone");
}

int main(int count, char **arguments)
{
	if (count >= 3 && strcmp(arguments[1], "memfd") == 0)
		return act_memfd(arguments + 2);
	if (count == 5 && strcmp(arguments[1], "opens") == 0)
		return act_opens(arguments + 2);
	if (count == 4 && strcmp(arguments[1], "execs") == 0)
		return act_execs(arguments + 2);
	if (count == 3 && strcmp(arguments[1], "forks") == 0)
		return act_forks(arguments + 2);
	if (count >= 3 && strcmp(arguments[1], "exec") == 0)
		return act_exec(arguments + 2);
	if (count == 4 && strcmp(arguments[1], "udp") == 0)
		return act_udp(arguments + 2);
	if (count == 6 && strcmp(arguments[1], "ask") == 0)
		return act_ask(arguments + 2);
	if (count == 6 && strcmp(arguments[1], "answered") == 0)
		return act_answered(arguments + 2);
	if (count >= 6 && strcmp(arguments[1], "stream") == 0)
		return act_stream(arguments + 2);
	if (count == 5 && strcmp(arguments[1], "serve") == 0)
		return act_serve(arguments + 2);
	if (count == 4 && strcmp(arguments[1], "unix") == 0)
		return act_unix(arguments + 2);
	if (count == 6 && strcmp(arguments[1], "socket") == 0)
		return act_socket(arguments + 2);
	if (count == 2 && strcmp(arguments[1], "namespace") == 0)
		return act_namespace();
	if (count == 2 && strcmp(arguments[1], "nothing") == 0)
		return 0;
	fprintf(stderr, "usage: acts memfd|opens|execs|forks|exec|udp|ask|answered|stream|serve|unix|socket|namespace|nothing ...\n");
	return 64;
}
