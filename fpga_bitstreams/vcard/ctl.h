/* SPDX-License-Identifier: Apache-2.0 */
/* `glacis-vcard ctl`: speaks to a running card's control socket. */
#ifndef VCARD_CTL_H
#define VCARD_CTL_H

/* `argv[0]` is "ctl". The exit status. */
int vcard_ctl(int argc, char **argv);

#endif
