/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conf-line.h - the file of a profile as one printable line, for a keyring's value
 *
 * "p1:" and base64url of the text, without padding.
 */
#ifndef CORE_CONF_LINE_H
#define CORE_CONF_LINE_H

#include "profile-file.h"

/* In secret memory: a keyring takes values from there alone. */
int conf_line_encode(const struct profile_file *file, char **ret_line, credence_error **error);
/* path is what errors call it.  MALFORMED when line is something else. */
int conf_line_decode(const char *path, const char *line, struct profile_file *ret_file,
                     credence_error **error);

#endif
