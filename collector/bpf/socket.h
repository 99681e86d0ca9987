/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a descriptor stands for: a socket with its addresses, or which kind of stream. */
#ifndef ATALAYA_SOCKET_H
#define ATALAYA_SOCKET_H

#include "file.h"
#include <bpf/bpf_endian.h>

/* Of the 32-bit socketcall, which does all of it (include/uapi/linux/net.h). */
#define SOCKETCALL_SOCKET 1
#define SOCKETCALL_CONNECT 3
#define SOCKETCALL_ACCEPT 5
#define SOCKETCALL_ACCEPT4 18

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define STATE_ASKED 2 /* TCP_SYN_SENT */
#define STATE_CLOSE 7 /* TCP_CLOSE: never connected, or no more */
#define STATE_LISTEN 10 /* TCP_LISTEN */
#define SOCKFS_MAGIC 0x534f434b
#define FILE_FORMAT_MASK 0170000 /* S_IFMT */
#define FORMAT_PIPE 0010000
#define FORMAT_CHARACTERS 0020000
#define FORMAT_DIRECTORY 0040000
#define FORMAT_REGULAR 0100000
#define FORMAT_SOCKET 0140000
#define MINOR_BITS 20
#define NULL_DEVICE ((1 << MINOR_BITS) | 3)

/* A socket's file that was only looked up (O_PATH) is one of the folder's file system, and holds no socket. */
static __always_inline struct sock *sock_of(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	if ((BPF_CORE_READ(inode, i_mode) & FILE_FORMAT_MASK) != FORMAT_SOCKET)
		return NULL;
	if (BPF_CORE_READ(inode, i_sb, s_magic) != SOCKFS_MAGIC)
		return NULL;
	struct socket *socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

static __always_inline __u8 device_kind(__u32 device)
{
	__u32 major = device >> MINOR_BITS;
	if (device == NULL_DEVICE)
		return STREAM_NULL;
	/* 4: tty and serial, 5: /dev/tty and console, 136 to 143: pts. */
	return major == 4 || major == 5 || (major >= 136 && major <= 143) ? STREAM_TTY : STREAM_DEVICE;
}

static __always_inline __u8 socket_kind(struct file *file)
{
	struct sock *sk = sock_of(file);
	__u16 family = sk ? BPF_CORE_READ(sk, __sk_common.skc_family) : 0;
	/* What waits for connections (a FastCGI server's standard input) is no way in or out. */
	__u8 state = sk ? BPF_CORE_READ(sk, __sk_common.skc_state) : 0;
	bool is_connected = state != STATE_LISTEN && state != STATE_CLOSE;
	if (family == AF_INET)
		return is_connected ? STREAM_IPV4 : STREAM_SOCKET;
	if (family == AF_INET6)
		return is_connected ? STREAM_IPV6 : STREAM_SOCKET;
	return family == AF_UNIX ? STREAM_UNIX : STREAM_SOCKET;
}

static __always_inline __u8 stream_kind(struct task_struct *task, int fd)
{
	struct file *file = file_of(task, fd);
	if (!file)
		return STREAM_CLOSED;
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	switch (BPF_CORE_READ(inode, i_mode) & FILE_FORMAT_MASK) {
	case FORMAT_SOCKET:
		return socket_kind(file);
	case FORMAT_PIPE:
		return STREAM_PIPE;
	case FORMAT_CHARACTERS:
		return device_kind(BPF_CORE_READ(inode, i_rdev));
	case FORMAT_REGULAR:
		return STREAM_FILE;
	case FORMAT_DIRECTORY:
		return STREAM_DIRECTORY;
	default:
		return STREAM_OTHER;
	}
}

static __always_inline void fill_addresses(struct socket_record *record, struct sock *sk)
{
	if (record->family == AF_INET) {
		bpf_core_read(record->local, 4, &sk->__sk_common.skc_rcv_saddr);
		bpf_core_read(record->remote, 4, &sk->__sk_common.skc_daddr);
	} else if (record->family == AF_INET6) {
		bpf_core_read(record->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_core_read(record->remote, 16, &sk->__sk_common.skc_v6_daddr);
	} else {
		return;
	}
	record->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	record->remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
}

static __always_inline void fill_socket(struct socket_record *record, struct sock *sk)
{
	record->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	record->type = BPF_CORE_READ(sk, sk_type);
	record->protocol = BPF_CORE_READ(sk, sk_protocol);
	fill_addresses(record, sk);
}

#endif
