select period_start('2026-Q1'), period_start('2026-Q1', 1);
-- 2025-12-15 | 2026-01-01
