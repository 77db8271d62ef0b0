#include "cli/domain_argument.h"

#include "base/domain.h"
#include "cli/messages.h"

int cli_domain_argument(struct cli *c, const char *typed, struct str *domain)
{
    struct buf name CLEANUP(buf_done);
    buf_init(&name, DOMAIN_NAME_MAX + 1);
    if (!domain_to_ascii(str_from(typed), &name) || domain_check(buf_view(&name)) != DOMAIN_OK) {
        cli_say(c, msg_domain_invalid(str_from(typed)));
        return CLI_UNUSABLE;
    }
    *domain = arena_str(&c->arena, buf_view(&name));
    return CLI_FINE;
}
