// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Opened files, where the kernel has no typed reads of addresses (before Linux 6.2). */
#include "open.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

EXIT_PROGRAM(open, exit_open_slow, BY_OPEN)
EXIT_PROGRAM(creat, exit_creat_slow, BY_CREAT)
EXIT_PROGRAM(openat, exit_openat_slow, BY_OPENAT)
EXIT_PROGRAM(openat2, exit_openat2_slow, BY_OPENAT2)
EXIT_PROGRAM(open_by_handle_at, exit_open_by_handle_at_slow, BY_HANDLE)
