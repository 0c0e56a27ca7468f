select
    rank,
    province_name_vi,
    score,
    band
from served.provincial_scoreboard
where period = '2026-09'
order by rank
