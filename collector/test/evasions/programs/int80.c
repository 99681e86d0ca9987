/* SPDX-License-Identifier: Apache-2.0 */
/* 64-bit code that calls the kernel through its 32-bit door: int80 exec PROGRAM | open PATH. */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

/* What the call is given has to lie below 4 GiB. */
struct low {
	char path[4096];
	uint32_t arguments[3];
};

static int call32(int number, uint32_t first, uint32_t second, uint32_t third)
{
	int result;
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(first), "c"(second), "d"(third) : "memory", "r8", "r9", "r10", "r11");
	return result;
}

int main(int count, char **arguments)
{
	struct low *low = mmap(NULL, sizeof(*low), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (count != 3 || low == MAP_FAILED || strlen(arguments[2]) >= sizeof(low->path))
		return 64;
	uint32_t path = (uint32_t)(uintptr_t)low->path;
	strcpy(low->path, arguments[2]);
	low->arguments[0] = path;
	low->arguments[1] = path;
	if (strcmp(arguments[1], "exec") == 0)
		return -call32(11, path, (uint32_t)(uintptr_t)low->arguments, 0);
	int file = call32(5, path, O_RDONLY, 0);
	return file < 0 ? -file : 0;
}
