#include "base/random.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

void
random_bytes(void *p, size_t n)
{
	char *to = p;

	while (n > 0) {
		ssize_t got = getrandom(to, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			perror("getrandom");
			exit(71);
		}
		to += got;
		n -= (size_t)got;
	}
}

static uint64_t state[2];

static void
random_forget(void)
{
	state[0] = state[1] = 0;
}

uint64_t
random_draw(void)
{
	static int hooked;
	uint64_t a, b;

	if (!hooked) {
		hooked = 1;
		pthread_atfork(NULL, NULL, random_forget);
	}
	while (state[0] == 0 || state[1] == 0)
		random_bytes(state, sizeof state);
	a = state[0];
	b = state[1];
	state[0] = b;
	a ^= a << 23;
	state[1] = a ^ b ^ (a >> 17) ^ (b >> 26);
	return state[1] + b;
}

/* Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014. */
static bool seeded;
static uint64_t seeded_at;

void
random_seed(uint64_t seed)
{
	seeded = seed != 0;
	seeded_at = seed;
}

uint64_t
random_choice(void)
{
	uint64_t z;

	if (!seeded)
		return random_draw();
	z = seeded_at += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void
random_id(unsigned char id[16])
{
	uint64_t halves[2] = { random_draw(), random_draw() };

	memcpy(id, halves, 16);
}
