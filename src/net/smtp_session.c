#include "net/smtp_client.h"

int smtp_session_copy(struct smtp_session *to, const struct smtp_session *from, struct arena *arena)
{
    struct smtp_session copy = *from;
    copy.detail = arena_str(arena, from->detail);
    copy.reply = arena_str(arena, from->reply);
    copy.banner = arena_str(arena, from->banner);
    tls_peer_copy(&copy.tls, &from->tls, arena);
    if (arena->failed)
        return -ERROR_TEMPORARY;
    *to = copy;
    return 0;
}

const char *smtp_step_name(enum smtp_step step)
{
    static const char *const names[] = {
        [SMTP_CONNECT] = "connect",   [SMTP_BANNER] = "banner",       [SMTP_EHLO] = "ehlo",
        [SMTP_STARTTLS] = "starttls", [SMTP_HANDSHAKE] = "handshake", [SMTP_EHLO_TLS] = "ehlo-tls",
        [SMTP_MAIL] = "mail",         [SMTP_RCPT] = "rcpt",           [SMTP_DONE] = "done",
    };
    return (size_t)step < ARRAY_LEN(names) ? names[step] : "unknown";
}
