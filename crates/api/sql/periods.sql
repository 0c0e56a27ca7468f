-- why: offers the months that have national figures, newest first
select
    national_summary.period,
    case
        when $language = 'en' then coalesce(periods.name_en, national_summary.period)
        else coalesce(periods.name_vi, national_summary.period)
    end as name
from served.national_summary
left join codes.periods
    on periods.code = national_summary.period
order by national_summary.period desc
