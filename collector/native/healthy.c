// The collector's probe, `healthy FILE alive|ready`, and its heartbeat, `healthy beat WORD`. The sensor image has no shell, and to start Node takes 50 ms of
// processor time where this takes less than one. Static, so that it runs wherever it is copied.
//
// FILE is what src/health-file.ts writes: three times of CLOCK_MONOTONIC in milliseconds. To be started is an event for
// the sensor: while the kubelet probes, there is one at least as often.
//
// The heartbeat asks for a file that is not there, by a watched name and with the word in its path: the collector must see
// that it was started, and what it asked for (src/heartbeat.ts).
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	ALIVE_MS_MAX = 30000,
	// The kubelet probes every 20 s and gives up after three times.
	EVENT_MS_MAX = 90000,
	TAKEN_MS_MAX = 60000,
	USAGE = 2,
};

static long long monotonic_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static int say(const char *what, long long age_ms)
{
	printf("%s for %lld s\n", what, age_ms / 1000);
	return 1;
}

static int beat(const char *word)
{
	char path[64];
	if (snprintf(path, sizeof(path), "/%s/atalaya-heartbeat", word) >= (int)sizeof(path))
		return USAGE;
	int file = open(path, O_RDONLY | O_CLOEXEC);
	return file < 0 ? 0 : close(file);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "beat") == 0)
		return beat(argv[2]);
	if (argc != 3 || (strcmp(argv[2], "alive") != 0 && strcmp(argv[2], "ready") != 0)) {
		fputs("usage: healthy FILE alive|ready, or healthy beat WORD\n", stderr);
		return USAGE;
	}
	char text[128] = "";
	int file = open(argv[1], O_RDONLY | O_CLOEXEC);
	ssize_t length = file < 0 ? -1 : read(file, text, sizeof(text) - 1);
	long long alive = 0, event = 0, taken = 0;
	if (length <= 0 || sscanf(text, "%lld %lld %lld", &alive, &event, &taken) != 3) {
		puts("the sensor has not said yet how it is");
		return 1;
	}
	long long now = monotonic_ms();
	if (now - alive > ALIVE_MS_MAX)
		return say("the sensor's loop has stood still", now - alive);
	if (now - event > EVENT_MS_MAX)
		return say("the kernel has brought no event", now - event);
	if (strcmp(argv[2], "ready") == 0 && now - taken > TAKEN_MS_MAX)
		return taken == 0 ? (puts("the publisher has taken nothing yet"), 1)
				  : say("the publisher has taken nothing", now - taken);
	return 0;
}
