// SPDX-License-Identifier: Apache-2.0
// call SECONDS: makes the cheapest system call again and again; prints how many a second.
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	double start = now(), end = start + atof(argv[1]);
	long count = 0;
	while (now() < end) {
		for (int i = 0; i < 10000; i++)
			syscall(SYS_getppid);
		count += 10000;
	}
	printf("%.3f\n", count / (now() - start));
	return 0;
}
