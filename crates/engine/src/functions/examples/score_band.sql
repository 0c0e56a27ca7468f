select score, score_band(score, [90, 75, 50], ['A', 'B', 'C'])
from (values (92), (90), (89), (12)) as scored(score);
-- 92 | A
-- 90 | A
-- 89 | B
-- 12 | NULL
