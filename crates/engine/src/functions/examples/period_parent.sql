select period_parent('2026-08', 'quarter'), period_parent('2026-Q4', 'nine_months');
-- 2026-Q3 | NULL
