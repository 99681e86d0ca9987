// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* into-group FOLDER PROGRAM: starts it in that control group from its first moment (CLONE_INTO_CGROUP), and waits for it. */
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	if (count != 3)
		return 2;
	int group = open(arguments[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct clone_args how = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (unsigned)group };
	if (group < 0)
		return 3;
	long child = syscall(SYS_clone3, &how, sizeof(how));
	if (child < 0)
		return 4;
	if (child == 0) {
		execv(arguments[2], arguments + 2);
		_exit(5);
	}
	int status = 0;
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 6;
}
