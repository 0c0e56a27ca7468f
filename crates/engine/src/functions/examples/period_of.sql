select period_of(date '2026-09-15', 'month'), period_of(date '2026-09-15', 'month', 1);
-- 2026-10 | 2026-09
