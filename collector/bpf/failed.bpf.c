// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Connections of TCP that failed. Who connects, and to where, is remembered when it is asked for (net.bpf.c); that it was
 * refused, or that nobody answered, comes with a packet or a timer, in whatever task is there then.
 */
#include "recorded.h"
#include "socket.h"
#include "syscall.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define STILL_TRYING 115 /* EINPROGRESS */

/* The port is put back before the state changes; what the header of its segments bore is still there. */
static __always_inline __u16 local_port_of(struct sock *sk)
{
	struct inet_sock *inet = (struct inet_sock *)sk;
	return bpf_ntohs(BPF_CORE_READ(inet, inet_sport));
}

static __always_inline bool is_same_place(const struct connecting *caller, struct count_slot *count)
{
	__u64 place = hash_of_place((const void *)caller->destination, caller->port);
	struct asked_key key = { .name_hash = place, .type = KIND_CONNECT_FAILED };
	key.pid = caller->head.task.pid;
	key.start_us = caller->head.task.start_us;
	return is_told_again(&key, count);
}

static __always_inline bool is_due(const struct connecting *caller, struct count_slot *count)
{
	struct cgroup_ids ids = { .v2 = caller->head.task.cgroup_id_v2, .v1 = caller->head.task.cgroup_id_v1 };
	count->attempted++;
	if (caller->head.marks & MARK_FOR_RECORDER)
		return !is_same_place(caller, count) && recorder_has_budget_of(&ids, KIND_CONNECT_FAILED, count);
	if (!kind_wanted(KIND_CONNECT_FAILED)) { /* nobody asks any more */
		count->filtered++;
		return false;
	}
	return groups_have_budget(&ids, KIND_CONNECT_FAILED, 0, count);
}

static __always_inline void report(const struct connecting *caller, struct sock *sk, int error)
{
	struct count_slot *count = count_of(KIND_CONNECT_FAILED);
	if (!count || !is_due(caller, count))
		return;
	struct socket_record *record = RESERVE(bulk, struct socket_record, count);
	if (!record)
		return;
	__builtin_memset(record->local, 0, sizeof(*record) - sizeof(record->head));
	record->head = caller->head;
	record->head.boot_us = bpf_ktime_get_boot_ns() / 1000;
	fill_socket(record, sk);
	record->local_port = local_port_of(sk);
	__builtin_memcpy(record->remote, caller->destination, sizeof(record->remote));
	record->remote_port = caller->port;
	record->result = error;
	SUBMIT(record, count);
}

static __always_inline __u64 cookie_of(struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
}

/*
 * A socket that its own process closed has no error: that it gave up is not told. Neither has one that the kernel refused before the
 * first packet (no free port): the call's exit, below, tells that.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(connection_ends, const struct sock *sk, int old_state, int new_state)
{
	if (old_state != STATE_ASKED)
		return 0;
	struct sock *ended = (struct sock *)sk;
	__u64 cookie = cookie_of(ended);
	struct connecting *caller = bpf_map_lookup_elem(&connecting, &cookie);
	if (!caller)
		return 0;
	int error = new_state == STATE_CLOSE ? BPF_CORE_READ(ended, sk_err) : 0;
	if (error > 0)
		report(caller, ended, -error);
	if (error > 0 || new_state != STATE_CLOSE)
		bpf_map_delete_elem(&connecting, &cookie);
	return 0;
}

/*
 * What the kernel refuses at once (no route, a program or a rule that forbids it) never comes as far as to a state. What the
 * program above has told, or what is still on its way, is not told here.
 */
static __always_inline int refused_of(struct ended_call *ended, int fd)
{
	struct task_struct *task = current_task();
	struct file *file = file_of(task, fd);
	struct sock *sk = file ? sock_of(file) : NULL;
	if (!sk || BPF_CORE_READ(sk, __sk_common.skc_state) != STATE_CLOSE)
		return 0;
	__u64 cookie = cookie_of(sk);
	struct connecting *caller = cookie ? bpf_map_lookup_elem(&connecting, &cookie) : NULL;
	if (!caller)
		return 0;
	report(caller, sk, ended->result);
	bpf_map_delete_elem(&connecting, &cookie);
	return 0;
}

static __always_inline int refused_at_once(struct ended_call *ended)
{
	if (ended->result >= 0 || ended->result == -STILL_TRYING || !has_arguments(ended))
		return 0;
	return refused_of(ended, argument(ended, 0));
}

AT_EXIT(connect, exit_connect_failed, refused_at_once)

#ifdef AT_32_BIT_FUNCTIONS
static __always_inline int refused_by_socketcall(struct ended_call *ended)
{
	int fd = -1;
	if (ended->result >= 0 || ended->result == -STILL_TRYING || !has_arguments(ended) ||
	    argument(ended, 0) != SOCKETCALL_CONNECT ||
	    bpf_probe_read_user(&fd, sizeof(fd), (void *)argument(ended, 1)))
		return 0;
	return refused_of(ended, fd);
}
#endif

AT_EXIT_32(compat_sys_socketcall, exit_socketcall_failed, refused_by_socketcall)
