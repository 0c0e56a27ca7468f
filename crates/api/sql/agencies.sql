-- why: gives the agencies their names
select
    code,
    case when $language = 'en' then name_en else name_vi end as name
from codes.agencies
order by
    code,
    valid_from
