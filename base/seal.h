#ifndef BASE_SEAL_H
#define BASE_SEAL_H

/*
 * seal - a secret on its way into a file: encrypted, and bound to its place.
 *
 * AES-256-GCM (NIST SP 800-38D) with a random nonce.  What is sealed opens
 * under the same key and for the same place only, so that a record's secret
 * cannot be put into another record.  Two keys can be there: both open, the
 * first seals (design/security.md P5).
 *
 *	key's id 1 | nonce 12 | ciphertext, as long as the text | tag 16
 */

#include <stdbool.h>

#include "base/slice.h"

struct sbuf;

#define SEAL_KEY 32
#define SEAL_NONCE 12
#define SEAL_TAG 16
#define SEAL_EXTRA (1 + SEAL_NONCE + SEAL_TAG) /* bytes beside the text */

/* Owned by the caller, in memory that seal_keys_wipe() leaves empty. */
struct seal_keys {
	unsigned n; /* 0: nothing can be sealed or opened */
	struct seal_key {
		unsigned char id; /* two keys may share one by chance */
		unsigned char key[SEAL_KEY];
	} keys[2];
};

/* From the secrets of the settings; an empty one counts as none. */
void seal_keys_make(struct seal_keys *k, struct slice first, struct slice old);
void seal_keys_wipe(struct seal_keys *k);

/* Append the sealed text; there must be a key. */
void seal_close(const struct seal_keys *k, struct slice place,
    struct slice text, struct sbuf *out);

/* How long the text of something sealed is; 0 when it is none. */
size_t seal_text_len(struct slice sealed);

/*
 * Write seal_text_len() bytes to text.  1, or 0 when no key opens it for this
 * place; text is then empty bytes.
 */
int seal_open(const struct seal_keys *k, struct slice place,
    struct slice sealed, char *text);

/* The cipher itself: out gets text.n + SEAL_TAG bytes. */
void seal_encrypt(const unsigned char key[SEAL_KEY],
    const unsigned char nonce[SEAL_NONCE], struct slice place,
    struct slice text, unsigned char *out);

/* And back: false when the tag is another, text is then not to be used. */
bool seal_decrypt(const unsigned char key[SEAL_KEY],
    const unsigned char nonce[SEAL_NONCE], struct slice place,
    struct slice sealed, unsigned char *text);

#endif
