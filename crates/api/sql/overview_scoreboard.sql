-- why: gives the provinces of one month by rank
select
    rank,
    case when $language = 'en' then province_name_en else province_name_vi end as province_name,
    score,
    band,
    measures_scored,
    measures_total
from served.provincial_scoreboard
where period = $period
order by
    rank,
    province_code
