// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Opened files, from Linux 6.2 on: most are let go by a quick no. */
#define WITH_QUICK_NO
#include "open.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

AT_EXIT_COMPAT(open, exit_open, at_exit, BY_OPEN)
AT_EXIT(creat, exit_creat, at_exit, BY_CREAT)
AT_EXIT_COMPAT(openat, exit_openat, at_exit, BY_OPENAT)
AT_EXIT(openat2, exit_openat2, at_exit, BY_OPENAT2)
AT_EXIT_COMPAT(open_by_handle_at, exit_open_by_handle_at, at_exit, BY_HANDLE)
