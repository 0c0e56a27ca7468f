select period_kind('2026-09'), period_kind('2026-9M'), period_kind('Q3');
-- month | nine_months | NULL
