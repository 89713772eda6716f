/* SPDX-License-Identifier: BSD-3-Clause */
/* settings.h - the options of a profile, read once */
#ifndef AWS_SETTINGS_H
#define AWS_SETTINGS_H

#include "credence-plugin.h"

#define NAME_SIZE 64u /* of a region or a service, with a NUL */
#define KEY_ID_SIZE 152u

/* What an option says whose default depends on the service. */
enum choice { BY_SERVICE, NO, YES };

struct settings {
  char access_key_id[KEY_ID_SIZE];
  char region[NAME_SIZE];  /* "": by the host */
  char service[NAME_SIZE]; /* "": by the host */
  char presign[8];         /* seconds; "": sign in the header */
  enum choice normalize;
  enum choice double_encode;
  enum choice sign_body;
  int omit_session_token;
  int has_session_token;
  int uses_sts;
};

/* For open and close of the provider. */
int settings_open(const credence_host *host, credence_call *call, void **ret_settings);
void settings_close(void *settings);

#endif
