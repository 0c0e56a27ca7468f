select period_is_valid('2026-Q3'), period_is_valid('2026-13');
-- true | false
