#ifndef NET_ADDR_H
#define NET_ADDR_H

/*
 * addr - where a socket is: an IPv4 or IPv6 address and port, or the path of
 * a unix socket.
 *
 * Literals are read by a parser of our own, which takes the canonical form
 * and nothing else: what inet_aton() makes of "0x7f.1" or "2130706433" is
 * not an address here (security.md F4).
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/slice.h"

struct sbuf;

/* A value: copy it freely.  len 0 is no address. */
struct addr {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} sa;
	socklen_t len;
};

/*
 * Read an IP literal without a port; IPv6 with or without brackets.
 *
 * Canonical only: four decimal numbers without leading zeros; IPv6 in the
 * shortest form of RFC 5952, either letter case.  Zone ids, mapped IPv4
 * ("::ffff:1.2.3.4") and embedded dotted quads are none.  1 with *a filled,
 * port included; 0 when the text is no literal.
 */
int addr_read_ip(struct addr *a, struct slice text, uint16_t port);

/*
 * What a listener is bound to: an IP literal with port, or "unix:/path"
 * (port ignored).  1, or 0 when it is neither or the path is too long.
 */
int addr_read_listen(struct addr *a, struct slice text, uint16_t port);

/*
 * True when text reads as a number in some resolver's eyes ("127.1",
 * "0x7f000001", "1.2.3.08"): its last label begins with a digit and is a
 * decimal, octal or hexadecimal number.  Such a text is never a name.
 */
bool addr_looks_numeric(struct slice text);

/* A host name by D9: at most 253 bytes, labels of 1 to 63, letters, digits,
 * hyphen inside, underscore; one trailing dot; not numeric. */
bool addr_is_name(struct slice text);

/* Fill from the kernel's form; len may be that of the storage around it.  1,
 * or 0 when the family is not ours or len is too short for it. */
int addr_from_sockaddr(struct addr *a, const struct sockaddr *sa,
    socklen_t len);

/* 0 for unix sockets. */
uint16_t addr_port(const struct addr *a);
void addr_set_port(struct addr *a, uint16_t port);

/* The same host, whatever the ports. */
bool addr_same_host(const struct addr *a, const struct addr *b);

/*
 * "192.0.2.1", "2001:db8::1", "unix:/path": NUL-terminated, for logs and
 * headers; an IPv4 client of a dual-stack listener is shown as IPv4.
 */
#define ADDR_TEXT_SIZE 128
void addr_text(const struct addr *a, char out[ADDR_TEXT_SIZE]);

/* The same with the port: "192.0.2.1:80", "[2001:db8::1]:80". */
void addr_text_port(const struct addr *a, char out[ADDR_TEXT_SIZE]);

/* 127/8, ::1, mapped 127/8 and unix sockets. */
bool addr_is_loopback(const struct addr *a);

/*
 * True when the address is on the public Internet: on no row of the deny
 * table of security.md F5 and none of this machine's own addresses.
 */
bool addr_is_public(const struct addr *a);

/*
 * Learn the addresses of this machine's interfaces, for addr_is_public().
 * Once per process, before its system call filter; later calls read anew.
 */
void addr_learn_own(void);

/*
 * A network: an IP literal, or one with a prefix length ("10.0.0.0/8", no
 * host bits set).  1, or 0 when it is none.
 */
struct addr_net {
	struct addr addr;
	unsigned bits;
};
int addr_read_net(struct addr_net *n, struct slice text);

/* Mapped IPv4 counts as IPv4; unix sockets are in no network. */
bool addr_in_net(const struct addr *a, const struct addr_net *n);

#endif
