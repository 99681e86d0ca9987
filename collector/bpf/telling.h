/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Of some rare calls most say nothing of what they are about: a debugger's reads, look-ups in maps, signals to oneself. */
#ifndef ATALAYA_TELLING_H
#define ATALAYA_TELLING_H

#include "syscall.h"
#include "task.h"

static __always_inline bool is_telling_trace(__u64 request)
{
	switch (request) {
	case 0: /* PTRACE_TRACEME */
	case 4: /* PTRACE_POKETEXT */
	case 5: /* PTRACE_POKEDATA */
	case 6: /* PTRACE_POKEUSR */
	case 13: /* PTRACE_SETREGS */
	case 15: /* PTRACE_SETFPREGS */
	case 16: /* PTRACE_ATTACH */
	case 0x4205: /* PTRACE_SETREGSET */
	case 0x4206: /* PTRACE_SEIZE */
		return true;
	default:
		return false;
	}
}

static __always_inline bool is_telling_bpf(__u32 command)
{
	/* BPF_PROG_LOAD, BPF_PROG_ATTACH, BPF_RAW_TRACEPOINT_OPEN, BPF_LINK_CREATE */
	return command == 5 || command == 8 || command == 17 || command == 28;
}

/* SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGKILL, SIGTERM, SIGCONT, SIGSTOP */
#define TELLING_SIGNALS (1ULL << 1 | 1ULL << 2 | 1ULL << 3 | 1ULL << 6 | 1ULL << 9 | 1ULL << 15 | 1ULL << 18 | 1ULL << 19)

static __always_inline bool is_telling_signal(__u64 signal)
{
	return (signal & ~63ULL) == 0 && (TELLING_SIGNALS >> (signal & 63)) & 1;
}

/* Whether a number that a process knows another by is its own (or this thread's): raise and abort send to oneself. */
static __always_inline bool is_own(struct task_struct *task, __u32 number)
{
	struct record_task own = {};
	fill_pid_namespace(&own, task);
	if (own.ns_pid == number)
		return true;
	fill_pid_namespace(&own, OF(task, group_leader));
	return own.ns_pid == number;
}

static __always_inline bool is_telling(__u32 call, struct task_struct *task, const struct ended_call *ended)
{
	__u64 first = argument(ended, 0);
	__u64 second = argument(ended, 1);
	switch (call) {
	case CALL_PTRACE:
		return is_telling_trace(first);
	case CALL_BPF:
		return is_telling_bpf((__u32)first);
	case CALL_KILL:
	case CALL_TKILL:
		return is_telling_signal((__u32)second) && !is_own(task, first);
	case CALL_TGKILL:
		return is_telling_signal((__u32)argument(ended, 2)) && !is_own(task, first);
	case CALL_PIDFD_SEND_SIGNAL:
		return is_telling_signal((__u32)second);
	default:
		return true;
	}
}

#endif
