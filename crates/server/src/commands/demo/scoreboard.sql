-- The first five provinces and the last two.
select
  rank,
  province_name_vi as province,
  score,
  band
from served.provincial_scoreboard
where rank <= 5 or rank >= 33
order by rank, province
