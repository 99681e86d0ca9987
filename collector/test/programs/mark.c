/* Its only act: the file that it is told to make. With a second argument, out of a memfd that holds its own file. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int count, char **arguments, char **environment)
{
	if (count == 3) {
		int from = open("/proc/self/exe", O_RDONLY), to = memfd_create("mark", MFD_CLOEXEC);
		struct stat facts;
		if (fstat(from, &facts) || sendfile(to, from, NULL, facts.st_size) != facts.st_size)
			return 1;
		char *again[] = { arguments[0], arguments[1], NULL };
		fexecve(to, again, environment);
		return 1;
	}
	return open(arguments[1], O_CREAT | O_WRONLY, 0600) < 0;
}
