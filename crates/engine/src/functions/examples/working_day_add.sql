select
    working_day_add(date '2026-08-28', 2, [date '2026-09-01', date '2026-09-02']),
    working_day_add(date '2026-09-07', -1);
-- 2026-09-03 | 2026-09-04
