dnl SPDX-License-Identifier: BSD-3-Clause
dnl CREDENCE_FLAGS(RESULT, CFLAGS or LDFLAGS, FLAGS): collect in RESULT those
dnl flags that the compiler or linker takes.

AC_DEFUN([CREDENCE_FLAGS], [
  $1=
  credence_save=$$2
  for credence_flag in $3; do
    AC_MSG_CHECKING([whether $CC takes $credence_flag])
    $2="$credence_save -Werror $credence_flag"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
      [AC_MSG_RESULT([yes]); $1="$$1 $credence_flag"], [AC_MSG_RESULT([no])])
  done
  $2=$credence_save
  AC_SUBST([$1])
])

dnl Fortification needs optimisation, and a distributor's flags may bring it.
AC_DEFUN([CREDENCE_FORTIFY], [
  FORTIFY_CFLAGS=
  AS_CASE([" $CPPFLAGS $CFLAGS "],
    [*_FORTIFY_SOURCE*], [],
    [*" -O0 "*], [],
    [*" -O"*], [FORTIFY_CFLAGS="-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"])
])
