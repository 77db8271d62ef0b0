/*
 * trim.h - a message without the header fields that say nothing about its parts.
 *
 * Half of what GMime does with a report's mail is to keep Received, ARC and DKIM fields that
 * nobody asks for. Without them the same parser gives the same parts in half the time.
 */
#ifndef SEALPOST_MAIL_TRIM_H
#define SEALPOST_MAIL_TRIM_H

#include "base/buf.h"

/* Replaces what is in out by the message with only those fields of its (outermost) header that
 * RFC 2045 and RFC 8460 5.3 read: Content-*, MIME-Version, Subject, TLS-Report-*. Lines that are no
 * field stay, for the parser to judge. False when there is no memory: use the message as it is. */
bool trim_message(struct str message, struct buf *out);

#endif
