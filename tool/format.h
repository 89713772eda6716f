/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * format.h - a signed request as text: HTTP, URL, curl config or JSON
 */
#ifndef TOOL_FORMAT_H
#define TOOL_FORMAT_H

#include "request-build.h"

/* Print the request to standard output; returns the exit code. */
typedef int (*format_function)(const struct built_request *built);

/* NULL for an unknown name; the usual one for NULL. */
format_function format_find(const char *name);

#endif
