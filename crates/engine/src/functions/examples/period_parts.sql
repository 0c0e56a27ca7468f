select unnest(period_parts('2026-Q4', 'month'));
-- 2026-10
-- 2026-11
-- 2026-12
