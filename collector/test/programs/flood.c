/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What somebody does who wants a sensor not to see: for so many milliseconds, and no longer.
 *
 *   flood opens MS PATH            opens as fast as they go
 *   flood spawns MS RATE PROGRAM   so many programs a second, at most (0: as fast as they go)
 *
 * Prints how many there were.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static long opens(double for_ms, const char *path)
{
	long done = 0;
	for (double end = now_ms() + for_ms; now_ms() < end;) {
		for (int i = 0; i < 64; i++, done++) {
			int file = open(path, O_RDONLY | O_CLOEXEC);
			if (file < 0)
				return -1;
			close(file);
		}
	}
	return done;
}

static long spawns(double for_ms, double rate, char *program)
{
	char *const argv[] = { "flood-child", NULL };
	long done = 0;
	double start = now_ms();
	for (double past = 0; past < for_ms; past = now_ms() - start) {
		if (rate > 0 && done >= past / 1e3 * rate) {
			usleep(500);
			continue;
		}
		pid_t child = vfork();
		if (child == 0) {
			execve(program, argv, NULL);
			_exit(127);
		}
		if (child < 0 || waitpid(child, NULL, 0) != child)
			return -1;
		done++;
	}
	return done;
}

int main(int count, char **arguments)
{
	long done = -1;
	if (count == 4 && strcmp(arguments[1], "opens") == 0)
		done = opens(atof(arguments[2]), arguments[3]);
	else if (count == 5 && strcmp(arguments[1], "spawns") == 0)
		done = spawns(atof(arguments[2]), atof(arguments[3]), arguments[4]);
	if (done < 0) {
		fprintf(stderr, "flood: %s\n", strerror(errno));
		return 1;
	}
	printf("%ld\n", done);
	return 0;
}
