#ifndef SHM_SIEVE_PRIV_H
#define SHM_SIEVE_PRIV_H

/* sieve_priv - the bitmaps of the sieve in the segment. */

#include <stdatomic.h>
#include <stdint.h>

#define SIEVE_WORDS (1u << 16) /* 512 KiB a bitmap, touched as it fills */

struct sieve {
	_Atomic uint32_t in_use;    /* bitmap + 1; 0: none is complete */
	_Atomic uint32_t filling;   /* the same, of the one that is filled */
	_Atomic uint64_t added;     /* to the one in use */
	_Atomic uint64_t filled;    /* to the other */
	_Atomic uint32_t soiled[2]; /* bits may be set in that bitmap */
	_Alignas(64) _Atomic uint64_t maps[2][SIEVE_WORDS];
};

#endif
