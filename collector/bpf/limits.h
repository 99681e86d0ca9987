/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every bound of the kernel side. Powers of two: masks keep the verifier's ranges narrow. */
#ifndef ATALAYA_LIMITS_H
#define ATALAYA_LIMITS_H

#define LIFECYCLE_RING_BYTES (4 << 20)
#define BULK_RING_BYTES (8 << 20)

#define KINDS_MAX 64
#define NAMES_MAX 32768 /* the lists of a filter plan */
#define NAME_STARTS_LOG 11 /* of the bits of open_starts */
#define NAME_START_WORDS 32
#define NAME_START_FACTOR 0x9e3779b97f4a7c15ULL /* 2^64 divided by the golden ratio (Knuth, 6.4: multiplicative hashing) */
#define URING_PATHS_MAX 256 /* opens through io_uring of watched names that are not over yet */
#define URING_PATH_BYTES 512
#define MOVED_MAX 1024 /* files that were given another name than a watched one of theirs */
#define MOVED_PATH_BYTES 250 /* of that name, the folders before it included */
#define MOVED_ENDS 1024 /* of their numbers: a power of two */
#define CHILDREN_MAX 4096 /* names of a folder that are looked through, the youngest first */
#define MOUNTS_BELOW_MAX 512 /* mounts on one mount, the same */
#define LOOKED_AT_ONCE 32
#define FIND_STEPS_MAX 40 /* of a path: names, and slashes between them */
#define PREFIXES_MAX 512 /* three lists of a plan, and those of the plan before while it is changed */
#define PORTS_MAX 2048 /* the same */
#define IGNORED_MAX 64
#define OWN_TASKS_MAX 16
#define OWN_NAME_BYTES 32
#define OWN_OBJECTS_MAX 1024 /* maps, programs and links: above MAPS_MAX + 2 * PROGRAMS_MAX of the addon */

#define DOMAINS_MAX 32768 /* of a plan and the one before */
#define NAME_WIRE_BYTES 256 /* RFC 1035: 255 bytes with lengths and root */
#define ASKED_MAX 8192
#define ASKED_AGAIN_NS 10000000000ULL /* the same process, name and type are one record in so long */
#define BUDGETS_MAX 8192
#define BUDGET 256 /* records of one kind and one control group at once */
#define BUDGET_REFILL_NS 20000000ULL /* and one more in so long: 50 a second */
#define ORDINARY_BUDGET 8192 /* the same of what ordinary programs do: opens, connections, … (budget.h) */
#define ORDINARY_BUDGET_REFILL_NS 500000ULL /* 2,000 a second */
#define RECORDER_BUDGET 2048 /* the same, once more, of what only the flight recorder asks for */
#define RECORDER_BUDGET_REFILL_NS 5000000ULL /* 200 a second */
#define DESTINATIONS_MAX 2048 /* to which recorded processes connected, or sent, a moment ago; from which any received */
#define RECORDED_MAX 4096 /* containers of a node that are recorded */
#define GROUP_OWNERS_MAX 8192 /* pairs of control groups of which it is known whose they are */
#define STRAYS_MAX 8192 /* processes that came into their control group from another one */
#define ENFORCED_MAX 4096 /* containers of a node in which programs are blocked */
#define CONNECTING_MAX 4096 /* connections on their way whose process is remembered, while somebody asks for those that fail */
#define DNS_ASKERS_MAX 4096 /* questions on their way whose process is remembered, while somebody asks for answers */
#define DNS_CALLERS_MAX 1024 /* connections to name servers whose process is remembered */

#define PATH_BYTES 4096 /* one path; PATH_MAX of the kernel */
#define PATH_DEPTH 64 /* components and mounts that a walk takes */
#define MATCH_DEPTH 12 /* components that are compared with the watched names */
#define FILENAME_BYTES 1024
#define INTERPRETER_BYTES 512
#define ARGS_HEAD_BYTES 8192
#define ARGS_TAIL_BYTES 2048
#define USER_ARGS_MAX 24 /* of a refused execution: arguments, and bytes of each */
#define USER_ARG_BYTES 1024
#define ENV_SCAN_BYTES 4096 /* of the environment's head, and of its tail */
#define ENV_STEPS_MAX 1024 /* eight bytes each, or one variable */
#define ENV_KEPT_MAX 8 /* variables of one exec that are told */
#define ENV_VALUE_BYTES 256 /* of each, name included */

/* The largest record: 200 + 1024 + 512 + 3 * 4096 + 8192 + 2048 + 8 * 256 = 26312, and behind it ENV_SCAN_BYTES. A per-CPU value ends at 32 KiB. */
#define SCRATCH_BYTES 31744

#endif
