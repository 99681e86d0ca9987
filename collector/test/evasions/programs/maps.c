/* SPDX-License-Identifier: Apache-2.0 */
/* Code that comes from a file without an exec: protect FILE (mapped to be read, then made code) | memory FILE. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	char block[4096];
	if (count != 3)
		return 64;
	int file = open(arguments[2], O_RDONLY);
	if (strcmp(arguments[1], "protect") == 0) {
		void *memory = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
		return memory == MAP_FAILED ? 1 : mprotect(memory, 4096, PROT_READ | PROT_EXEC) != 0;
	}
	int copy = memfd_create("library", 0);
	if (read(file, block, sizeof(block)) <= 0 || write(copy, block, sizeof(block)) <= 0)
		return 2;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, copy, 0) == MAP_FAILED;
}
