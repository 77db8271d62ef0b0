/*
 * suffix.h - who shares a name with whom, by the Public Suffix List that libpsl has built in.
 *
 * Pure functions over A-labels. Where libpsl was built without a list, nothing is a public suffix.
 */
#ifndef SEALPOST_CHECK_SUFFIX_H
#define SEALPOST_CHECK_SUFFIX_H

#include "base/str.h"

/* Whether anybody can have a name below this one: "co.uk", "github.io". A name of one label that
 * the list does not know is none. */
bool suffix_is_public(struct str name);

/* Whether two names lie below the same registered domain, and so belong to the same owner. */
bool suffix_same_owner(struct str a, struct str b);

#endif
