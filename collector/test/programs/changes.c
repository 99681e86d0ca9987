/* SPDX-License-Identifier: Apache-2.0 */
/* changes CALL ARGUMENT...: makes one system call by its number, with folders, paths and numbers as they are given. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

static long folder(const char *path)
{
	return strcmp(path, "-") == 0 ? AT_FDCWD : open(path, O_RDONLY | O_DIRECTORY);
}

static long number(const char *text)
{
	return strtol(text, NULL, 0);
}

static long set_flags(const char *path, long flags)
{
	int file = open(path, O_RDONLY);
	int value = flags;
	return ioctl(file, FS_IOC_SETFLAGS, &value);
}

#define IS(name) (strcmp(call, #name) == 0)

static long make(const char *call, char **a)
{
#ifdef SYS_rename
	if (IS(rename))
		return syscall(SYS_rename, a[0], a[1]);
	if (IS(link))
		return syscall(SYS_link, a[0], a[1]);
	if (IS(symlink))
		return syscall(SYS_symlink, a[0], a[1]);
	if (IS(unlink))
		return syscall(SYS_unlink, a[0]);
	if (IS(mkdir))
		return syscall(SYS_mkdir, a[0], number(a[1]));
	if (IS(rmdir))
		return syscall(SYS_rmdir, a[0]);
	if (IS(chmod))
		return syscall(SYS_chmod, a[0], number(a[1]));
#endif
	if (IS(renameat))
		return syscall(SYS_renameat, folder(a[0]), a[1], folder(a[2]), a[3]);
	if (IS(renameat2))
		return syscall(SYS_renameat2, folder(a[0]), a[1], folder(a[2]), a[3], number(a[4]));
	if (IS(linkat))
		return syscall(SYS_linkat, folder(a[0]), a[1], folder(a[2]), a[3], 0);
	if (IS(symlinkat))
		return syscall(SYS_symlinkat, a[0], folder(a[1]), a[2]);
	if (IS(unlinkat))
		return syscall(SYS_unlinkat, folder(a[0]), a[1], number(a[2]));
	if (IS(mkdirat))
		return syscall(SYS_mkdirat, folder(a[0]), a[1], number(a[2]));
	if (IS(fchmod))
		return syscall(SYS_fchmod, open(a[0], O_RDONLY), number(a[1]));
	if (IS(fchmodat))
		return syscall(SYS_fchmodat, folder(a[0]), a[1], number(a[2]));
	if (IS(fchmodat2))
		return syscall(SYS_fchmodat2, folder(a[0]), a[1], number(a[2]), 0);
	if (IS(chattr))
		return set_flags(a[0], number(a[1]));
	errno = ENOSYS;
	return -1;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	if (make(argv[1], argv + 2) >= 0)
		return 0;
	perror(argv[1]);
	return 1;
}
