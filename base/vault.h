#ifndef BASE_VAULT_H
#define BASE_VAULT_H

/*
 * vault - memory for secrets in the clear, made once and full from then on.
 *
 * It is a mapping of its own: no core dump has it, it is not swapped where the
 * system allows that, and it is overwritten when it goes (design/security.md
 * P3).
 */

#include <stddef.h>

struct vault;

/* Room for size bytes in all. */
struct vault *vault_new(size_t size);

/* n bytes of it, zeroed; they live as long as the vault. */
char *vault_take(struct vault *v, size_t n);

/* Overwrite everything and give it back; *vp becomes NULL. */
void vault_free(struct vault **vp);

#endif
