select
    period_contains('2026-09', date '2026-08-15'),
    period_contains('2026-09', date '2026-09-15');
-- true | false
