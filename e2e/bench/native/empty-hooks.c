// SPDX-License-Identifier: Apache-2.0
// empty-hooks ROOT: makes the kernel watch the end of a system call that nobody makes, and ask a program that lets everything
// pass about each packet that leaves, until it is ended (ROOT: where control groups version 2 are mounted). What others lose
// meanwhile is what any sensor at these places costs at least.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A tracefs of our own, attached nowhere: many machines have none mounted. */
static int tracefs(void)
{
	int context = syscall(SYS_fsopen, "tracefs", 1 /* FSOPEN_CLOEXEC */);
	if (context < 0 || syscall(SYS_fsconfig, context, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0) < 0)
		return -1;
	return syscall(SYS_fsmount, context, 1 /* FSMOUNT_CLOEXEC */, 0);
}

static long event_number(void)
{
	long number = -1;
	int file = openat(tracefs(), "events/syscalls/sys_exit_getpgid/id", O_RDONLY | O_CLOEXEC);
	FILE *text = file < 0 ? NULL : fdopen(file, "r");
	if (!text || fscanf(text, "%ld", &number) != 1)
		return -1;
	fclose(text);
	return number;
}

static int watch_calls(void)
{
	struct perf_event_attr event = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(event) };
	long number = event_number();
	if (number < 0)
		return -1;
	event.config = number;
	for (long cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++)
		if (syscall(SYS_perf_event_open, &event, -1, (int)cpu, -1, 0) < 0)
			return -1;
	return 0;
}

static int ask_about_packets(const char *root)
{
	static const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_CGROUP_SKB,
		.expected_attach_type = BPF_CGROUP_INET_EGRESS,
		.insns = (unsigned long)pass,
		.insn_cnt = sizeof(pass) / sizeof(pass[0]),
		.license = (unsigned long)"Apache-2.0",
	};
	int group = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int program = syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));
	if (group < 0 || program < 0)
		return -1;
	union bpf_attr attach = {
		.link_create = { .prog_fd = program, .target_fd = group, .attach_type = BPF_CGROUP_INET_EGRESS },
	};
	// Ended with this process, which alone holds it.
	return syscall(SYS_bpf, BPF_LINK_CREATE, &attach, sizeof(attach)) < 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	if (watch_calls() < 0 || ask_about_packets(argv[1]) < 0) {
		perror("empty-hooks");
		return 1;
	}
	puts("watching");
	fflush(stdout);
	pause();
	return 0;
}
