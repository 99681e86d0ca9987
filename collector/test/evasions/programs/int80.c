/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 64-bit code that calls the kernel through its 32-bit door: int80 exec PROGRAM | open PATH | openat PATH | unlink PATH |
 * mmap2 PATH | old-mmap PATH | setuid ID | setuid16 ID | packet-socket "".
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* What the call is given has to lie below 4 GiB. */
struct low {
	char path[4096];
	uint32_t arguments[6];
};

static int call32(int number, uint32_t first, uint32_t second, uint32_t third)
{
	int result;
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(first), "c"(second), "d"(third) : "memory", "r8", "r9", "r10", "r11");
	return result;
}

/* mmap2 has six arguments, the last in a register that C keeps for itself: 0, the start of the file, stands there for the call. */
static int mmap2(uint32_t bytes, uint32_t protection, uint32_t flags, uint32_t file)
{
	int result;
	__asm__ volatile("sub $128, %%rsp; push %%rbp; xor %%ebp, %%ebp; int $0x80; pop %%rbp; add $128, %%rsp"
			 : "=a"(result)
			 : "a"(192), "b"(0), "c"(bytes), "d"(protection), "S"(flags), "D"(file)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

static int is_error(int result)
{
	return result < 0 && result > -4096 ? -result : 0;
}

int main(int count, char **arguments)
{
	struct low *low = mmap(NULL, sizeof(*low), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (count != 3 || low == MAP_FAILED || strlen(arguments[2]) >= sizeof(low->path))
		return 64;
	const char *act = arguments[1];
	uint32_t path = (uint32_t)(uintptr_t)low->path;
	uint32_t more = (uint32_t)(uintptr_t)low->arguments;
	strcpy(low->path, arguments[2]);
	if (strcmp(act, "exec") == 0) {
		low->arguments[0] = path;
		low->arguments[1] = path;
		return -call32(11, path, more, 0);
	}
	if (strcmp(act, "openat") == 0)
		return is_error(call32(295, AT_FDCWD, path, O_RDONLY));
	if (strcmp(act, "unlink") == 0)
		return is_error(call32(10, path, 0, 0));
	if (strcmp(act, "setuid") == 0)
		return is_error(call32(213, atoi(arguments[2]), 0, 0));
	if (strcmp(act, "setuid16") == 0)
		return is_error(call32(23, atoi(arguments[2]), 0, 0));
	if (strcmp(act, "packet-socket") == 0) {
		low->arguments[0] = AF_PACKET;
		low->arguments[1] = SOCK_DGRAM;
		return is_error(call32(102, 1, more, 0));
	}
	int file = call32(5, path, O_RDONLY, 0);
	if (file < 0)
		return -file;
	if (strcmp(act, "mmap2") == 0)
		return is_error(mmap2(4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file));
	if (strcmp(act, "old-mmap") == 0) {
		const uint32_t asked[] = { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0 };
		memcpy(low->arguments, asked, sizeof(asked));
		return is_error(call32(90, more, 0, 0));
	}
	return 0;
}
