// SPDX-License-Identifier: Apache-2.0
// open-close SECONDS FILE: opens and closes the file again and again; prints how many a second.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
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
	if (argc != 3)
		return 2;
	double start = now(), end = start + atof(argv[1]);
	long count = 0;
	while (now() < end) {
		for (int i = 0; i < 1000; i++) {
			int fd = open(argv[2], O_RDONLY | O_CLOEXEC);
			if (fd < 0)
				return 1;
			close(fd);
		}
		count += 1000;
	}
	printf("%.3f\n", count / (now() - start));
	return 0;
}
