#ifndef BASE_LIST_H
#define BASE_LIST_H

/*
 * list - a doubly linked ring threaded through its members.
 *
 * The head is a struct list too.  list_init() makes a head or a member that
 * is on no list; list_del() of such a member does nothing.
 */

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

#define LIST_OWNER(link, type, member)                                         \
	((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline void
list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool
list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void
list_add_tail(struct list *head, struct list *l)
{
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}

static inline void
list_add_head(struct list *head, struct list *l)
{
	list_add_tail(head->next, l);
}

static inline void
list_del(struct list *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	list_init(l);
}

#endif
