// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Opened files, where the kernel has no typed reads of addresses (before Linux 6.2). */
#include "open.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

AT_EXIT_COMPAT(open, exit_open_slow, at_exit, BY_OPEN)
AT_EXIT(creat, exit_creat_slow, at_exit, BY_CREAT)
AT_EXIT_COMPAT(openat, exit_openat_slow, at_exit, BY_OPENAT)
AT_EXIT(openat2, exit_openat2_slow, at_exit, BY_OPENAT2)
AT_EXIT_COMPAT(open_by_handle_at, exit_open_by_handle_at_slow, at_exit, BY_HANDLE)
