select period_diff('2027-01', '2026-11'), period_diff('2026-Q1', '2026');
-- 2 | NULL
