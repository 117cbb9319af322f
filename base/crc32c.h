#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

/* crc32c - Castagnoli's checksum (RFC 3720 B.4), by the CPU where it can. */

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(const void *p, size_t n);

/* Of what is ahead, whose sum is before, and of these bytes. */
uint32_t crc32c_more(uint32_t before, const void *p, size_t n);

/* The portable way, for the test that compares the two. */
uint32_t crc32c_portable(uint32_t before, const void *p, size_t n);

#endif
