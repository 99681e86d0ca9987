/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer's target over ../addon/log.c: lines of any length, as libbpf and the verifier say them, at any level.
 * What is kept ends with the newest line, and never grows past its bound.
 */
#include "../addon/sensor.h"
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>

static libbpf_print_fn_t print_line;

/* Instead of libbpf's own: it hands the addon's function to us. */
libbpf_print_fn_t libbpf_set_print(libbpf_print_fn_t function)
{
	print_line = function;
	return NULL;
}

static void say(enum libbpf_print_level level, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	print_line(level, format, arguments);
	va_end(arguments);
}

static void check_end(const char *line, size_t length)
{
	const char *kept = log_text();
	size_t size = strnlen(kept, LOG_BYTES);
	size_t compared = length < 64 ? length : 64;
	if (size >= LOG_BYTES || size < compared || memcmp(kept + size - compared, line + length - compared, compared) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	log_start();
	log_clear();
	for (size_t at = 0; at + 3 <= length; at += 3) {
		size_t size = (bytes[at] | bytes[at + 1] << 8) * (bytes[at + 2] & 0x40 ? 3 : 1);
		char *line = malloc(size + 1);
		if (!line)
			abort();
		memset(line, 'a' + bytes[at + 2] % 26, size);
		line[size] = 0;
		enum libbpf_print_level level = bytes[at + 2] & 0x80 ? LIBBPF_DEBUG : LIBBPF_WARN;
		say(level, "%s", line);
		if (level != LIBBPF_DEBUG)
			check_end(line, size);
		free(line);
		if (bytes[at + 2] == 0x3f)
			log_clear();
	}
	return 0;
}
