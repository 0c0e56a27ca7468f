-- why: how many people each office received
-- write: replace
-- refresh: on change
select
    cast(visits._period as varchar) as period,
    cast(agencies.name_vi as varchar) as agency_name,
    cast(visits.office as varchar) as office,
    cast(count(*) as bigint) as visits,
    cast(sum(visits.minutes) as bigint) as minutes
from raw.visits as visits
inner join codes.agencies as agencies
    on agencies.code = visits._agency
group by
    visits._period,
    agencies.name_vi,
    visits.office
