select period_add('2026-11', 2), period_add('2026-Q1', -1), period_add('2026-9M', -1);
-- 2027-01 | 2025-Q4 | 2025-9M
