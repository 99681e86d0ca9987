/* Runs until its standard input ends; with an argument "memory" out of a memfd that holds its own file. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int count, char **arguments, char **environment)
{
	if (count == 2 && strcmp(arguments[1], "memory") == 0) {
		int from = open("/proc/self/exe", O_RDONLY), to = memfd_create("stay", MFD_CLOEXEC);
		struct stat facts;
		if (fstat(from, &facts) || sendfile(to, from, NULL, facts.st_size) != facts.st_size)
			return 1;
		char *again[] = { arguments[0], "stay", NULL };
		fexecve(to, again, environment);
		return 1;
	}
	if (count == 2 && strcmp(arguments[1], "end") == 0)
		return 0;
	char byte;
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
