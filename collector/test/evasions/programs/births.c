/* SPDX-License-Identifier: Apache-2.0 */
/* Children that are born in ways which confuse who is whose. */
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char stack[65536];
static char **program;

static int run_it(void *unused)
{
	(void)unused;
	execv(program[0], program);
	_exit(127);
}

/* foster PROGRAM ARGUMENT...: a grandchild whose parent is this process, by CLONE_PARENT; prints child and grandchild. */
static int act_foster(char **arguments)
{
	int status, pipes[2];
	program = arguments;
	if (pipe(pipes))
		return 1;
	pid_t child = fork(), grandchild = -1;
	if (child == 0) {
		grandchild = clone(run_it, stack + sizeof(stack), CLONE_PARENT | SIGCHLD, NULL);
		_exit(write(pipes[1], &grandchild, sizeof(grandchild)) != sizeof(grandchild));
	}
	if (read(pipes[0], &grandchild, sizeof(grandchild)) != sizeof(grandchild))
		return 2;
	printf("%d %d\n", child, grandchild);
	while (wait(&status) > 0)
		;
	return 0;
}

/* shared PROGRAM ARGUMENT...: a child in the same memory, and one by vfork; prints both. */
static int act_shared(char **arguments)
{
	program = arguments;
	pid_t first = clone(run_it, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
	pid_t second = vfork();
	if (second == 0)
		run_it(NULL);
	printf("%d %d\n", first, second);
	while (wait(NULL) > 0)
		;
	return 0;
}

static pid_t born_as(pid_t wanted, const char *argument)
{
	char *const line[] = { program[0], (char *)argument, NULL };
	struct clone_args how = { .exit_signal = SIGCHLD, .set_tid = wanted ? (uintptr_t)&wanted : 0, .set_tid_size = wanted ? 1 : 0 };
	pid_t child = syscall(SYS_clone3, &how, sizeof(how));
	if (child == 0) {
		execv(line[0], line);
		_exit(127);
	}
	return child;
}

/* again TIMES PROGRAM: one process id, borne by as many processes one after the other, each with its own argument. */
static int act_again(char **arguments)
{
	char number[16];
	int status;
	program = arguments + 1;
	pid_t first = 0;
	for (int i = 0; i < atoi(arguments[0]); i++) {
		snprintf(number, sizeof(number), "life-%d", i);
		pid_t child = born_as(first, number);
		if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
			return errno ? errno : 1;
		first = child;
	}
	printf("%d\n", first);
	return 0;
}

int main(int count, char **arguments)
{
	if (count >= 3 && strcmp(arguments[1], "foster") == 0)
		return act_foster(arguments + 2);
	if (count >= 3 && strcmp(arguments[1], "shared") == 0)
		return act_shared(arguments + 2);
	if (count == 4 && strcmp(arguments[1], "again") == 0)
		return act_again(arguments + 2);
	return 64;
}
