select score, score_band(score, [90, 75, 50], ['A', 'B', 'C'])
from (values (89.99), (90), (12)) as scored(score);
-- 89.99 | B
-- 90.00 | A
-- 12.00 | NULL
