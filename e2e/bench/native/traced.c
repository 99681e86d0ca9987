// SPDX-License-Identifier: Apache-2.0
// traced: makes the kernel watch the end of a system call that nobody makes, with nothing behind it, until it is ended.
// What other calls take meanwhile is what any program at any system call's tracepoint costs at least.
#define _GNU_SOURCE
#include <linux/perf_event.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static long event_number(void)
{
	static const char *const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	for (int i = 0; i < 2; i++) {
		char path[128];
		long number = -1;
		snprintf(path, sizeof(path), "%s/events/syscalls/sys_exit_getpgid/id", places[i]);
		FILE *file = fopen(path, "r");
		if (!file)
			continue;
		int found = fscanf(file, "%ld", &number);
		fclose(file);
		if (found == 1)
			return number;
	}
	return -1;
}

int main(void)
{
	struct perf_event_attr event = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(event) };
	long number = event_number();
	if (number < 0)
		return 1;
	event.config = number;
	for (long cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++)
		if (syscall(SYS_perf_event_open, &event, -1, (int)cpu, -1, 0) < 0)
			return 1;
	puts("traced");
	fflush(stdout);
	pause();
	return 0;
}
