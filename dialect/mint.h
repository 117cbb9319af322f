#ifndef DIALECT_MINT_H
#define DIALECT_MINT_H

/*
 * mint - ids that we make: the same bytes give the same id each time.
 */

#include <stddef.h>

#define MINT_DIGITS 24 /* letters and digits; no NUL behind */

void mint_id(const void *from, size_t n, char id[MINT_DIGITS]);

#endif
