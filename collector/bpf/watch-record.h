/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A part of record.h: what somebody does to the sensor itself. */
#ifndef ATALAYA_WATCH_RECORD_H
#define ATALAYA_WATCH_RECORD_H

/* A signal to a process of the sensor, or a bpf(2) on one of its maps, programs or links. The task is who did it. */
struct watch_record {
	struct record_head head;
	__u32 number; /* the signal, or the command of bpf(2) */
	__s32 error; /* of the call, negative; 0 where it succeeded, and of signals */
	__u32 target_pid; /* of signals: the process, as the node counts; else 0 */
	__u32 gap;
	__u8 target[OWN_NAME_BYTES]; /* what the maps own_tasks and own_objects call it, zeros behind: "publisher", "map settings" */
};
_Static_assert(sizeof(struct watch_record) == 176, "watch_record");

#endif
