// SPDX-License-Identifier: Apache-2.0
// load SECONDS EXECS OPENS PROGRAM TAG FILE: EXECS times a second starts `PROGRAM TAG N` (N counts from 0) and waits for
// its end, OPENS times a second opens FILE; until SECONDS have passed, SIGTERM comes, or whoever started it is gone.
// Prints "EXECS OPENS", as done.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void sleep_for(double seconds)
{
	struct timespec wait = { (time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9) };
	nanosleep(&wait, NULL);
}

static int start(char *program, char *tag, long number)
{
	char text[24], *argv[] = { program, tag, text, NULL }, *env[] = { NULL };
	pid_t pid;
	snprintf(text, sizeof(text), "%ld", number);
	if (posix_spawn(&pid, program, NULL, NULL, argv, env) != 0)
		return -1;
	while (waitpid(pid, NULL, 0) < 0)
		;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 7)
		return 2;
	struct sigaction action = { .sa_handler = stop };
	sigaction(SIGTERM, &action, NULL);
	double begin = now(), end = begin + atof(argv[1]);
	double execs_per_s = atof(argv[2]), opens_per_s = atof(argv[3]);
	long execs = 0, opens = 0;
	pid_t starter = getppid();
	for (double t = begin; !stopped && t < end && getppid() == starter; t = now()) {
		double due_execs = (t - begin) * execs_per_s, due_opens = (t - begin) * opens_per_s;
		if (execs < due_execs) {
			if (start(argv[4], argv[5], execs) < 0)
				return 1;
			execs++;
		}
		/* Not more than a few in a row, so that execs keep their pace behind a pause of the machine. */
		for (int i = 0; i < 16 && opens < due_opens; i++, opens++) {
			int fd = open(argv[6], O_RDONLY | O_CLOEXEC);
			if (fd >= 0)
				close(fd);
		}
		if (execs >= due_execs && opens >= due_opens)
			sleep_for(0.002);
	}
	printf("%ld %ld\n", execs, opens);
	return 0;
}
