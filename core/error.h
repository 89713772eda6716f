/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * error.h - what went wrong, why, and what to do about it
 *
 * An error is made where the fault is noticed, and passed up unchanged.
 */
#ifndef CORE_ERROR_H
#define CORE_ERROR_H

#include "credence.h"

/* Replace *error, when error is not NULL.  remedy may be NULL.  Control
 * characters and bytes that are not UTF-8 become escapes, so that text from a
 * server or a file cannot play with a terminal.  Returns code. */
int error_set(credence_error **error, int code, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
int error_nomem(credence_error **error);

/* Pass an error on as it is: *from is moved to *error, or freed when error is
 * NULL.  For a call whose error the caller shall see only if it is not dealt
 * with.  Returns code. */
int error_pass(credence_error **error, int code, credence_error **from);

#endif
