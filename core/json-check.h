/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * json-check.h - is a text JSON?
 *
 * json-c parses it; what json-c lets pass although RFC 8259 does not (NaN,
 * single quotes, control characters in strings, 01 and 1.) is refused on top,
 * since the text goes to a server as it stands.  The command compiles this file
 * too: to name the item that is not JSON it looks at each alone.
 */
#ifndef CORE_JSON_CHECK_H
#define CORE_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>

struct json_fault {
  size_t place;    /* byte, counted from 1 */
  const char *why; /* static */
};

bool json_check(const char *text, struct json_fault *ret_fault);

#endif
