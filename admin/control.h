#ifndef ADMIN_CONTROL_H
#define ADMIN_CONTROL_H

/*
 * control - the control socket: connections of holdfastctl.
 */

struct control;
struct err;
struct office;

/* Make the socket of admin.socket and listen.  NULL with *e. */
struct control *control_new(struct office *o, struct err *e);
void control_free(struct control **cp);

#endif
