#ifndef BASE_HEX_H
#define BASE_HEX_H

/* hex - bytes as lower-case digits, and ids as UUID text. */

#include <stddef.h>

#define HEX_ID_SIZE 33 /* 16 bytes and a NUL */
#define HEX_UUID_SIZE 37

/* Write 2 * n digits and a NUL. */
void hex_write(const void *bytes, size_t n, char *out);

/* 8-4-4-4-12 digits and a NUL. */
void hex_uuid(const unsigned char id[16], char out[HEX_UUID_SIZE]);

/* Read 2 * n digits of either case.  1, or 0 when one is no digit. */
int hex_read(const char *text, void *bytes, size_t n);

#endif
