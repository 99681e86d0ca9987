/* SPDX-License-Identifier: Apache-2.0 */
/* libbpf reports through one callback of the process: each thread collects its own lines, the newest win. */
#include "sensor.h"
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local char text[LOG_BYTES];
static _Thread_local size_t used;

static int collect(enum libbpf_print_level level, const char *format, va_list arguments)
{
	char *line = NULL;
	if (level == LIBBPF_DEBUG)
		return 0;
	int printed = vasprintf(&line, format, arguments);
	if (printed < 0)
		return 0;
	/* A verifier log may be longer than all we keep: its end says why. */
	size_t length = printed, skipped = length >= sizeof(text) / 2 ? length - sizeof(text) / 2 : 0;
	length -= skipped;
	if (used + length >= sizeof(text)) {
		size_t keep = sizeof(text) / 4;
		memmove(text, text + used - keep, keep);
		used = keep;
	}
	memcpy(text + used, line + skipped, length);
	used += length;
	text[used] = 0;
	free(line);
	return 0;
}

void log_start(void)
{
	libbpf_set_print(collect);
}

void log_clear(void)
{
	used = 0;
	text[0] = 0;
}

const char *log_text(void)
{
	return text;
}
