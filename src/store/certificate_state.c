/* How certificates stand, counted: for those who watch. */
#include "store/acme.h"
#include "store/query.h"

/* The index has all that is asked, so that no chain is read. */
static int count_left(struct store_db *db, int64_t now, struct store_certificate_state *out,
                      struct error *err)
{
    static const int64_t days[] = STORE_CERTIFICATE_DAYS;
    _Static_assert(ARRAY_LEN(days) + 2 == STORE_CERTIFICATE_AGES, "ages");
    int64_t from = INT64_MIN, to = now, count;
    int rc = 1;
    for (size_t i = 0; i < STORE_CERTIFICATE_AGES && rc == 1; i++) {
        rc = query_number(db,
                          "SELECT count(*) FROM certificate WHERE not_after > $1"
                          " AND not_after <= $2",
                          &count, err, V_INT(from), V_INT(to));
        if (rc == 1)
            out->left[i] = (uint64_t)count;
        from = to;
        to = i < ARRAY_LEN(days) ? now + days[i] * 86400 : INT64_MAX;
    }
    return rc;
}

int store_certificate_state_read(struct store *s, int64_t now, struct store_certificate_state *out,
                                 struct error *err)
{
    struct store_db *db = store_db_for(s, STORE_SECRETS, STORE_READ, err);
    struct store_certificate_state state = {.failing = 0};
    int64_t failing = 0, at_risk = 0;
    if (!db)
        return -ERROR_BUG;
    int rc = count_left(db, now, &state, err);
    if (rc == 1)
        rc = query_number(db, "SELECT count(*) FROM job WHERE failures > 0", &failing, err);
    if (rc == 1)
        rc = query_number(db,
                          "SELECT count(*) FROM job JOIN certificate"
                          " ON certificate.id = job.certificate WHERE failures > 0"
                          " AND (not_after - $1) * 6 < not_after - not_before",
                          &at_risk, err, V_INT(now));
    if (rc < 0)
        return rc;
    state.failing = (uint64_t)failing;
    state.at_risk = (uint64_t)at_risk;
    *out = state;
    return 0;
}
