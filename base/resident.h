#ifndef BASE_RESIDENT_H
#define BASE_RESIDENT_H

/* resident - how much memory this process has. */

#include <stdint.h>

/* Bytes that are resident, shared ones included; 0 = nobody says. */
uint64_t resident_bytes(void);

#endif
