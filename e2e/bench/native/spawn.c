// SPDX-License-Identifier: Apache-2.0
// spawn SECONDS PROGRAM [RATE]: starts the program again and again, or RATE times a second; prints how many a second.
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	if (argc != 3 && argc != 4)
		return 2;
	char *child[] = { argv[2], NULL }, *env[] = { NULL };
	double start = now(), end = start + atof(argv[1]);
	double rate = argc == 4 ? atof(argv[3]) : 0;
	long count = 0;
	while (now() < end) {
		double early = rate > 0 ? start + count / rate - now() : 0;
		if (early > 0) {
			struct timespec wait = { (time_t)early, (long)((early - (time_t)early) * 1e9) };
			nanosleep(&wait, NULL);
		}
		pid_t pid;
		if (posix_spawn(&pid, argv[2], NULL, NULL, child, env) != 0)
			return 1;
		waitpid(pid, NULL, 0);
		count++;
	}
	printf("%.3f\n", count / (now() - start));
	return 0;
}
