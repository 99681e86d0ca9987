// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Opened files, from Linux 6.2 on: most are let go by a quick no. */
#define WITH_QUICK_NO
#include "open.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

EXIT_PROGRAM(open, exit_open, BY_OPEN)
EXIT_PROGRAM(creat, exit_creat, BY_CREAT)
EXIT_PROGRAM(openat, exit_openat, BY_OPENAT)
EXIT_PROGRAM(openat2, exit_openat2, BY_OPENAT2)
EXIT_PROGRAM(open_by_handle_at, exit_open_by_handle_at, BY_HANDLE)
