/* SPDX-License-Identifier: Apache-2.0 */
/* calls NAME FOLDER: makes one rare call for real, and says whom it was about (0 where nobody). */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPEN_TREE_CLONE_BIT 1
#define MOVE_FROM_EMPTY_PATH 4
#define OPEN_TREE_ATTR 467 /* of Linux 6.15 */

static long word = 42;

/* A child that waits, and ends with us: a signal from us would be one more call. */
static pid_t victim(void)
{
	int ready[2];
	char byte = 0;
	if (pipe(ready))
		return -1;
	pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (write(ready[1], &byte, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	/* Not before it is sure to end: what stops it would keep it for ever. */
	return read(ready[0], &byte, 1) == 1 ? child : -1;
}

static long ended(pid_t child, long result)
{
	printf("%d\n", child);
	return result;
}

static long trace(enum __ptrace_request request)
{
	pid_t child = victim();
	long result = ptrace(request, child, 0, 0);
	return ended(child, result);
}

static long traced_poke(void)
{
	pid_t child = victim();
	long result = ptrace(PTRACE_ATTACH, child, 0, 0);
	waitpid(child, NULL, __WALL);
	/* A look is not reported; a change is. */
	if (result == 0 && ptrace(PTRACE_PEEKDATA, child, &word, 0) == 42)
		result = ptrace(PTRACE_POKEDATA, child, &word, 43L);
	return ended(child, result);
}

static long memory(long call)
{
	pid_t child = victim();
	long room = 7;
	struct iovec here = { &room, sizeof(room) }, there = { &word, sizeof(word) };
	long got = syscall(call, child, &here, 1UL, &there, 1UL, 0UL);
	return ended(child, got == sizeof(room) ? 0 : -1);
}

/* A look, and our own: not reported. */
static long opened_memory(const char *proc, const char *form)
{
	char path[4096];
	pid_t child = victim();
	snprintf(path, sizeof(path), form, proc, child, child);
	if (open("/proc/self/mem", O_RDWR) < 0 || open(path, O_RDONLY) < 0)
		return -1;
	return ended(child, open(path, O_WRONLY));
}

static long taken(void)
{
	pid_t child = victim();
	int pidfd = syscall(SYS_pidfd_open, child, 0);
	long got = syscall(SYS_pidfd_getfd, pidfd, 0, 0);
	return ended(child, got);
}

/* Mounts of our own: nothing of them is left when we end. */
static long own_mounts(const char *folder)
{
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -1;
	return mount("none", folder, "tmpfs", 0, NULL);
}

static long pivoted(const char *folder)
{
	if (own_mounts(folder) || chdir(folder) || mkdir("old", 0700))
		return -1;
	return syscall(SYS_pivot_root, ".", "old");
}

static long moved(const char *folder)
{
	if (own_mounts(folder))
		return -1;
	int tree = syscall(SYS_open_tree, AT_FDCWD, folder, OPEN_TREE_CLONE_BIT);
	return tree < 0 ? -1 : syscall(SYS_move_mount, tree, "", AT_FDCWD, folder, MOVE_FROM_EMPTY_PATH);
}

static long loaded(void)
{
	/* r0 = 0; exit */
	struct bpf_insn program[] = { { .code = 0xb7 }, { .code = 0x95 } };
	union bpf_attr attributes = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (unsigned long)program,
		.insn_cnt = 2,
		.license = (unsigned long)"GPL",
	};
	/* Before Linux 5.11 programs count as locked memory. */
	struct rlimit any = { RLIM_INFINITY, RLIM_INFINITY };
	setrlimit(RLIMIT_MEMLOCK, &any);
	return syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes));
}

static long measured(void)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attributes),
		.config = PERF_COUNT_SW_TASK_CLOCK,
	};
	return syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0);
}

static long signalled(long call)
{
	pid_t child = victim();
	raise(SIGCONT); /* to ourselves: not reported */
	if (call == SYS_pidfd_send_signal)
		return ended(child, syscall(call, syscall(SYS_pidfd_open, child, 0), SIGSTOP, NULL, 0));
	/* Of a signal that is queued the caller writes the description; SI_QUEUE. */
	siginfo_t word = { .si_signo = SIGSTOP, .si_code = SI_QUEUE };
	if (call == SYS_rt_sigqueueinfo)
		return ended(child, syscall(call, child, SIGSTOP, &word));
	if (call == SYS_rt_tgsigqueueinfo)
		return ended(child, syscall(call, child, child, SIGSTOP, &word));
	if (call == SYS_tgkill)
		return ended(child, syscall(call, child, child, SIGSTOP));
	kill(child, 0); /* whether it is there: not reported */
	return ended(child, syscall(call, child, SIGSTOP));
}

static long stripped(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct sets[2] = {};
	return syscall(SYS_capset, &head, sets);
}

#define OWN_KEYRING (-2) /* KEY_SPEC_PROCESS_KEYRING */

static long keyed(bool asks)
{
	long key = syscall(SYS_add_key, "user", "planted", "x", 1, OWN_KEYRING);
	return asks && key >= 0 ? syscall(SYS_request_key, "user", "planted", NULL, OWN_KEYRING) : key;
}

/* A file system that is mounted nowhere. */
static long detached(bool is_whole)
{
	int fs = syscall(SYS_fsopen, "tmpfs", 1);
	if (!is_whole || fs < 0)
		return fs;
	if (syscall(SYS_fsconfig, fs, 1, "size", "1048576", 0) ||
	    syscall(SYS_fsconfig, fs, 1, "source", "https://me:planted@server/share", 0) || syscall(SYS_fsconfig, fs, 6, NULL, NULL, 0))
		return -1;
	return syscall(SYS_fsmount, fs, 1, 0);
}

/* By mount_setattr, or open_tree_attr; without attributes the second only opens. */
static long fixed(const char *folder, long call, bool has_attributes)
{
	/* No programs and no devices; writing, and private propagation, as it is already. */
	unsigned long wanted[4] = { 0x8 | 0x4, 0x1, MS_PRIVATE, 0 };
	if (own_mounts(folder))
		return -1;
	return syscall(call, AT_FDCWD, folder, 0, has_attributes ? wanted : NULL, has_attributes ? sizeof(wanted) : 0);
}

/* The calls of later years; -2 where the name is none of theirs. */
static long made_too(const char *name, const char *folder)
{
	if (strcmp(name, "kill") == 0)
		return signalled(SYS_kill);
	if (strcmp(name, "tkill") == 0)
		return signalled(SYS_tkill);
	if (strcmp(name, "tgkill") == 0)
		return signalled(SYS_tgkill);
	if (strcmp(name, "rt_sigqueueinfo") == 0)
		return signalled(SYS_rt_sigqueueinfo);
	if (strcmp(name, "rt_tgsigqueueinfo") == 0)
		return signalled(SYS_rt_tgsigqueueinfo);
	if (strcmp(name, "pidfd_send_signal") == 0)
		return signalled(SYS_pidfd_send_signal);
	if (strcmp(name, "capset") == 0)
		return stripped();
	if (strcmp(name, "keyctl") == 0)
		return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	if (strcmp(name, "add_key") == 0)
		return keyed(false);
	if (strcmp(name, "request_key") == 0)
		return keyed(true);
	if (strcmp(name, "fsopen") == 0)
		return detached(false);
	if (strcmp(name, "fsmount") == 0)
		return detached(true);
	if (strcmp(name, "mount_setattr") == 0)
		return fixed(folder, SYS_mount_setattr, true);
	if (strcmp(name, "open_tree_attr") == 0)
		return fixed(folder, OPEN_TREE_ATTR, true);
	if (strcmp(name, "open_tree_attr_without") == 0)
		return fixed(folder, OPEN_TREE_ATTR, false);
	if (strcmp(name, "proc_mem_open") == 0)
		return opened_memory("/proc", "%s/%d/mem");
	if (strcmp(name, "proc_mem_open_elsewhere") == 0)
		return own_mounts(folder) || mount("none", folder, "proc", 0, NULL) ? -1 : opened_memory(folder, "%s/%d/task/%d/mem");
	return -2;
}

static long made(const char *name, const char *folder)
{
	long result = made_too(name, folder);
	if (result != -2)
		return result;
	if (strcmp(name, "PTRACE_TRACEME") == 0)
		return ptrace(PTRACE_TRACEME, 0, 0, 0);
	if (strcmp(name, "PTRACE_SEIZE") == 0)
		return trace(PTRACE_SEIZE);
	if (strcmp(name, "PTRACE_POKEDATA") == 0)
		return traced_poke();
	if (strcmp(name, "process_vm_readv") == 0)
		return memory(SYS_process_vm_readv);
	if (strcmp(name, "process_vm_writev") == 0)
		return memory(SYS_process_vm_writev);
	if (strcmp(name, "pidfd_getfd") == 0)
		return taken();
	if (strcmp(name, "memfd_create") == 0)
		return memfd_create("payload", 0);
	if (strcmp(name, "setns") == 0)
		return setns(open("/proc/self/ns/uts", O_RDONLY), CLONE_NEWUTS);
	if (strcmp(name, "unshare") == 0)
		return unshare(CLONE_NEWUTS | CLONE_NEWIPC);
	if (strcmp(name, "mount") == 0)
		return own_mounts(folder);
	if (strcmp(name, "umount") == 0)
		return own_mounts(folder) ? -1 : umount2(folder, 0);
	if (strcmp(name, "move_mount") == 0)
		return moved(folder);
	if (strcmp(name, "pivot_root") == 0)
		return pivoted(folder);
	if (strcmp(name, "chroot") == 0)
		return chroot(folder);
	if (strcmp(name, "bpf") == 0)
		return loaded();
	if (strcmp(name, "userfaultfd") == 0)
		return syscall(SYS_userfaultfd, O_CLOEXEC);
	if (strcmp(name, "perf_event_open") == 0)
		return measured();
	if (strcmp(name, "setuid") == 0)
		return syscall(SYS_setuid, 1234);
	if (strcmp(name, "setgid") == 0)
		return syscall(SYS_setgid, 1234);
	if (strcmp(name, "setresuid") == 0)
		return syscall(SYS_setresuid, -1, 1234, -1);
	if (strcmp(name, "setresgid") == 0)
		return syscall(SYS_setresgid, -1, 1234, -1);
	if (strcmp(name, "setreuid") == 0)
		return syscall(SYS_setreuid, -1, 1234);
	if (strcmp(name, "setregid") == 0)
		return syscall(SYS_setregid, -1, 1234);
	/* Refused: nobody is to hear of it. */
	return strcmp(name, "refused") == 0 ? syscall(SYS_ptrace, PTRACE_ATTACH, getpid(), 0, 0) : -1;
}

int main(int count, char **arguments)
{
	if (count != 3)
		return 64;
	/* Kept while the call is made: the caller is told when it failed. */
	if (made(arguments[1], arguments[2]) >= 0)
		return 0;
	fprintf(stderr, "%s: %s\n", arguments[1], strerror(errno));
	return 1;
}
