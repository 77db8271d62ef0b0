/*
 * policy_host.h - the host that serves a domain's policy: mta-sts.DOMAIN (RFC 8461 3.3).
 */
#ifndef SEALPOST_MTASTS_POLICY_HOST_H
#define SEALPOST_MTASTS_POLICY_HOST_H

#include "base/attr.h"
#include "base/domain.h"
#include "base/str.h"

#define POLICY_HOST_LABEL STR("mta-sts.")

/* Bytes of its name, with a NUL. */
#define POLICY_HOST_SIZE (DOMAIN_NAME_MAX + 1)

/* Its name, in text. Empty when the domain is empty, or so long that there can be no such host. */
struct str policy_host_of(struct str domain, char text[POLICY_HOST_SIZE]);

/* The domain whose policy host a name in a certificate stands for: D of "mta-sts.D" and of "*.D".
 * False: it stands for no policy host. */
bool policy_host_covered(struct str certificate_name, struct str *domain);

#endif
