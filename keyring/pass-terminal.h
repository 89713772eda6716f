/* SPDX-License-Identifier: BSD-3-Clause */
/* pass-terminal.h - where gpg-agent may ask for a passphrase */
#ifndef KEYRING_PASS_TERMINAL_H
#define KEYRING_PASS_TERMINAL_H

/* Is there a display, or a terminal in GPG_TTY?  When neither, GPG_TTY is set to
 * the terminal in whose foreground the program runs that started us, if it has
 * one.  0: nobody can be asked. */
int terminal_prepare(void);

#endif
