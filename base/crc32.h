#ifndef BASE_CRC32_H
#define BASE_CRC32_H

/* crc32 - the checksum of zlib, gzip and AWS's event streams (RFC 1952 8). */

#include <stddef.h>
#include <stdint.h>

uint32_t crc32_of(const void *p, size_t n);

/* More bytes behind those that gave crc. */
uint32_t crc32_add(uint32_t crc, const void *p, size_t n);

#endif
