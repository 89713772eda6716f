/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * inifile.h - read manifests and profiles: inih, made strict
 *
 * inih is forgiving: it cuts long lines and takes what it can.  A profile
 * decides where a credential goes, so here every line counts: what is not
 * understood is an error that names the line.
 */
#ifndef CORE_INIFILE_H
#define CORE_INIFILE_H

#include <stddef.h>

#include "credence.h"

#define INIFILE_MAX (64u * 1024u)

/* One name = value.  continued: the line goes on with the value before it.
 * Answer 0, or a code after setting *error; the file and line are added. */
typedef int (*inifile_handler)(void *userdata, const char *section, const char *name, const char *value,
                               int continued, credence_error **error);

/* text is file's content and is followed by NUL. */
int inifile_parse(const char *file, const char *text, size_t size, inifile_handler handler, void *userdata,
                  credence_error **error);

/* Would value come back from a file as it is? */
int inifile_can_hold(const char *value);

#endif
