select
    working_days(date '2026-08-28', date '2026-09-04'),
    working_days(
        date '2026-08-28', date '2026-09-04', [date '2026-09-01', date '2026-09-02']
    );
-- 5 | 3
