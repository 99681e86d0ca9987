/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The keys and values of the maps: src/kernel writes most of them, and test/record-layout.kernel.test.ts compares as with record.h. */
#ifndef ATALAYA_MAP_VALUES_H
#define ATALAYA_MAP_VALUES_H

#include "record.h"

/* One slot of the map `counts` for each record_kind (0 is unused). attempted is the sum of all others but read_fault. */
struct count_slot {
	__u64 attempted;
	__u64 submitted;
	__u64 ring_full;
	__u64 filtered; /* nobody asked for it */
	__u64 scratch_busy; /* another event held this processor's scratch memory */
	__u64 read_fault; /* submitted, with a part that could not be read */
	__u64 unread; /* nobody read any more: see reader_state */
	__u64 throttled; /* its control group has used up its budget */
	__u64 repeated; /* the same process said the same a moment ago */
	__u64 unrecorded; /* only the flight recorder asked for it, and its container has said too much */
};
_Static_assert(sizeof(struct count_slot) == 80, "count_slot");

/* The only value of the map `reader`, in nanoseconds since boot. Zeros before the first time. */
struct reader_state {
	__u64 read_ns; /* when somebody last read the rings */
	__u64 until_ns; /* from then on nobody is expected to come again: nothing more is submitted */
};
_Static_assert(sizeof(struct reader_state) == 16, "reader_state");

/* Names that are watched: the key of the map `names`. Longer names are told apart by length and first 60 bytes. */
#define NAME_BYTES 60
struct name_key {
	__u32 length;
	__u8 bytes[NAME_BYTES];
};
_Static_assert(sizeof(struct name_key) == 64, "name_key");
#define NAME_FOR_OPEN 1
#define NAME_FOR_EXEC 2
#define NAME_FOR_SOCKET 4
#define NAME_FOR_END 8 /* of the opened file's name; the key's length has END_MARK then */
#define NAME_FOR_CHANGE 16
#define NAME_FOR_CHANGE_END 32 /* as NAME_FOR_END */
#define END_MARK 0x10000
#define END_BYTES 32

/* A longest-prefix key over the first bytes of a path: of the map `prefixes`. */
#define PREFIX_BYTES 128
#define PREFIX_FOR_WRITE 1 /* values */
#define PREFIX_FOR_OPEN 2
#define PREFIX_FOR_CHANGE 4
struct prefix_key {
	__u32 bits;
	__u8 bytes[PREFIX_BYTES];
};
_Static_assert(sizeof(struct prefix_key) == 132, "prefix_key");

/* A file that was given another name than a watched one of its own: the key of the map `moved`, which only the kernel side uses. */
struct moved_key {
	__u64 inode;
	__u32 device;
	__u32 generation; /* of the inode: its number is used again */
};
_Static_assert(sizeof(struct moved_key) == 16, "moved_key");

/* The watched name that it had. */
struct moved_name {
	__u16 length;
	__u16 is_trusted; /* the folders are the kernel's, not the caller's text */
	__u16 is_cut; /* the head is missing */
	__u8 path[MOVED_PATH_BYTES];
};
_Static_assert(sizeof(struct moved_name) == 256, "moved_name");

/* The only value of the map `moved_ends`: byte N is not 0 where the number of some file that was in `moved` ends in N. */
struct moved_ends {
	__u32 any; /* 1 where some byte is not 0 */
	__u8 seen[MOVED_ENDS];
};
_Static_assert(sizeof(struct moved_ends) == 4 + MOVED_ENDS, "moved_ends");

/*
 * Domains that are watched, in a longest-prefix tree: letters small, backwards, a dot behind each label, so that
 * "moc.elpmaxe." finds example.com and all below it. Of longer names only the end is compared. No bits: every question.
 */
#define DOMAIN_BYTES 64
struct domain_key {
	__u32 bits;
	__u8 bytes[DOMAIN_BYTES];
};
_Static_assert(sizeof(struct domain_key) == 68, "domain_key");

/* What was reported a moment ago: the key of the map `asked`; the value is when, in nanoseconds since boot. */
struct asked_key {
	__u64 start_us;
	__u64 name_hash;
	__u32 pid;
	__u32 type;
};
_Static_assert(sizeof(struct asked_key) == 24, "asked_key");

/* A question that is on its way: the key of the map `dns_askers`; the value is whose it is. */
struct dns_question_key {
	__u64 cookie; /* of its socket */
	__u16 number; /* as it stands in the message */
	__u16 gap[3];
};
_Static_assert(sizeof(struct dns_question_key) == 16, "dns_question_key");

/*
 * A container in which nothing runs that did not come with its image: the value of the map `enforced`, by the device of the
 * overlay that is its root, as stat(2) gives it.
 */
struct enforced_root {
	__u64 cgroup_id; /* of the container: whoever is in none below it is another, with the same number later */
	__u32 cgroup_version; /* of that id: 2, or 1 (memory controller) */
	__u32 is_dry; /* say what would have been blocked, and let it run */
};
_Static_assert(sizeof(struct enforced_root) == 16, "enforced_root");

/* A process of the sensor, signals to which are told: the value of the map `own_tasks`, by its id. */
struct own_task {
	__u64 start_ticks; /* in hundredths of a second since boot */
	__u8 name[OWN_NAME_BYTES];
};
_Static_assert(sizeof(struct own_task) == 40, "own_task");

/* What the sensor has in the kernel, bpf(2) of others on which is told: the map `own_objects`. */
enum own_kind { OWN_MAP = 1, OWN_PROGRAM = 2, OWN_LINK = 3 };
struct own_object_key {
	__u32 kind; /* enum own_kind */
	__u32 id; /* as the kernel numbers them */
};
_Static_assert(sizeof(struct own_object_key) == 8, "own_object_key");
struct own_object {
	__u8 name[OWN_NAME_BYTES];
};
_Static_assert(sizeof(struct own_object) == 32, "own_object");

/* A container of which the flight recorder keeps more than rules ask for: the key of the map `recorded`. */
struct recorded_key {
	__u64 cgroup_id;
	__u32 version; /* of that id: 2, or 1 (memory controller) */
	__u32 gap;
};
_Static_assert(sizeof(struct recorded_key) == 16, "recorded_key");

/*
 * A connection of TCP that is on its way: the value of the map `connecting`, by the cookie of its socket. The head is whose
 * it is, with the marks that its failure is to have.
 */
struct connecting {
	struct record_head head;
	__u8 destination[16]; /* as connect_record's */
	__u16 port;
	__u16 gap[3];
};
_Static_assert(sizeof(struct connecting) == 152, "connecting");

struct cgroup_ids {
	__u64 v2;
	__u64 v1; /* as in record_task */
};
_Static_assert(sizeof(struct cgroup_ids) == 16, "cgroup_ids");

/* Whose the processes of two control groups are, as the reader has learned: the value of the map `group_owners`. */
enum group_owner { GROUP_OF_HOST = 1, GROUP_OF_CONTAINER = 2 };

/* The only value of the map `strays_lost`. */
struct stray_state {
	__u64 lost; /* a process that may have left a container is not in the map `strays`: nothing is surely the host's any more */
};
_Static_assert(sizeof(struct stray_state) == 8, "stray_state");

/* Whom a budget is for, and for what: the key of the map `budgets`. */
struct budget_key {
	struct cgroup_ids ids;
	__u32 kind;
	__u32 gap;
};
_Static_assert(sizeof(struct budget_key) == 24, "budget_key");

struct budget {
	__u64 filled_ns; /* since boot */
	__u64 left;
	__u64 throttled; /* so many were not told, since the entry was made */
};
_Static_assert(sizeof(struct budget) == 24, "budget");

/* The only value of the map `settings`: cheap tests before the hashes. Bit N of lengths: a name of N bytes is watched. */
struct filter_settings {
	__u64 open_lengths[4];
	__u64 exec_lengths[4];
	__u32 write_prefixes; /* how many */
	__u32 open_prefixes;
	__u64 open_starts[NAME_START_WORDS]; /* two bits for the length and first eight bytes of each name: quick.h */
	__u64 kinds; /* bit N: records of kind N are wanted, of those that nobody gets unasked */
	__u64 unasked; /* bit N: nobody asks for records of kind N */
	__u32 end_lengths; /* bit N - 1: a name's end of N bytes is watched */
	__u32 flags; /* ASKS_…, PORTS_… and RECORDS_… */
	__u64 rare_calls; /* bit N: calls of enum rare_call's number N are wanted */
	__u32 changes; /* bit N: changes of enum change_call's number N are wanted, whatever they change */
	__u32 listed_changes; /* the same, of what a list says */
	__u32 change_prefixes; /* how many */
	__u32 change_end_lengths; /* as end_lengths */
	__u64 containers_only; /* bit N: nobody asks for records of kind N that are the host's */
	__u64 calls_containers_only; /* the same of rare_calls */
	__u32 changes_containers_only; /* the same of changes and listed_changes */
	__u32 gap;
};
_Static_assert(sizeof(struct filter_settings) == 400, "filter_settings");
#define ASKS_ALL_OPENS 0x01
#define ASKS_REFUSED_OPENS 0x02
#define ASKS_REFUSED_EXECS 0x04
#define PORTS_OF_CONNECT 0x08 /* only those of the map `ports` with the same bit */
#define PORTS_OF_SEND 0x10
#define ASKS_QUESTIONS 0x20 /* the map `domains` is not empty */
#define RECORDS_V2_GROUPS 0x40 /* the map `recorded` holds control groups of that version */
#define RECORDS_V1_GROUPS 0x80

#endif
