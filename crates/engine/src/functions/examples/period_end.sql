select period_end('2026-Q1'), period_end('2026-02', 1);
-- 2026-03-14 | 2026-02-28
