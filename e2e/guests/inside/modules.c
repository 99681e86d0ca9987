/* SPDX-License-Identifier: Apache-2.0 */
/* modules delete_module NAME | init_module FILE | finit_module FILE: makes the call once. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static long put_in(const char *path)
{
	int file = open(path, O_RDONLY);
	struct stat status;
	if (file < 0 || fstat(file, &status))
		return -1;
	void *content = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
	return content == MAP_FAILED ? -1 : syscall(SYS_init_module, content, status.st_size, "redirect_dir=off");
}

static long made(const char *call, const char *of)
{
	if (strcmp(call, "delete_module") == 0)
		return syscall(SYS_delete_module, of, O_NONBLOCK);
	if (strcmp(call, "init_module") == 0)
		return put_in(of);
	if (strcmp(call, "finit_module") == 0)
		return syscall(SYS_finit_module, open(of, O_RDONLY), "", 0);
	errno = ENOSYS;
	return -1;
}

int main(int count, char **arguments)
{
	if (count == 3 && made(arguments[1], arguments[2]) == 0)
		return 0;
	perror("modules");
	return 1;
}
