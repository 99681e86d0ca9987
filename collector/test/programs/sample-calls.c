// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Makes the calls that its standard input names, one a line: r PATH, w PATH (open), x PATH (start),
 * m PATH TAB PATH (rename), d PATH (unlink), h PATH (chmod), c PORT, u PORT, n.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void open_file(const char *path, int flags)
{
	int file = open(path, flags);
	if (file >= 0)
		close(file);
}

static void rename_file(char *path)
{
	char *to = strchr(path, '\t');
	if (!to)
		exit(1);
	*to = 0;
	rename(path, to + 1);
}

static void start(char *path)
{
	char *const arguments[] = { path, NULL };
	execve(path, arguments, arguments + 1); /* there is no such program: it comes back */
}

/* Nobody needs to listen: it is the attempt that is reported. */
static void call_port(int type, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int file = socket(AF_INET, type | SOCK_NONBLOCK, 0);
	if (file < 0)
		exit(1);
	if (type == SOCK_STREAM)
		connect(file, (struct sockaddr *)&to, sizeof(to));
	else
		sendto(file, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
	close(file);
}

static int leave(void *unused)
{
	(void)unused;
	return 0;
}

static void new_namespace(void)
{
	static char stack[65536];
	int child = clone(leave, stack + sizeof(stack), CLONE_NEWUTS | SIGCHLD, NULL);
	if (child < 0)
		exit(1);
	waitpid(child, NULL, 0);
}

int main(void)
{
	static char line[8192];
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		char *argument = line + 2;
		switch (line[0]) {
		case 'r':
			open_file(argument, O_RDONLY);
			break;
		case 'w':
			open_file(argument, O_WRONLY);
			break;
		case 'x':
			start(argument);
			break;
		case 'm':
			rename_file(argument);
			break;
		case 'd':
			unlink(argument);
			break;
		case 'h':
			chmod(argument, 04755);
			break;
		case 'c':
			call_port(SOCK_STREAM, atoi(argument));
			break;
		case 'u':
			call_port(SOCK_DGRAM, atoi(argument));
			break;
		case 'n':
			new_namespace();
			break;
		default:
			return 1;
		}
	}
	return 0;
}
