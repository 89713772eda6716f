/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * board.h - what the processes of one run share: a file that each of them maps
 *
 * tests/writes.py makes the file and reads it after the run; it knows this layout.
 */
#ifndef TESTS_WRITES_BOARD_H
#define TESTS_WRITES_BOARD_H

#include <stdatomic.h>
#include <stdint.h>

#define BOARD_VARIABLE "CREDENCE_TEST_WRITES" /* the file's path */
#define BOARD_NOTES 1000
#define BOARD_NOTE_SIZE 120

enum board_mode {
  BOARD_COUNT,  /* no one is killed */
  BOARD_BEFORE, /* the process whose write is the one in question, instead of that write */
  BOARD_AFTER,  /* the same process, once the write is done */
  BOARD_POWER,  /* everybody: from this write on, nobody writes any more */
};

struct board {
  _Atomic uint32_t count; /* writes so far, of all processes */
  uint32_t at;            /* the write in question, from 1 */
  uint32_t mode;
  uint32_t reserved;
  char notes[BOARD_NOTES][BOARD_NOTE_SIZE]; /* of each write what it is, for people */
};

#endif
