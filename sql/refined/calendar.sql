-- why: gives every day its month, quarter, half-year and year of reporting, and counts weekdays
-- write: replace
-- refresh: on change
with digits as (
    select 0 as digit
    union all select 1 as digit
    union all select 2 as digit
    union all select 3 as digit
    union all select 4 as digit
    union all select 5 as digit
    union all select 6 as digit
    union all select 7 as digit
    union all select 8 as digit
    union all select 9 as digit
),
offsets as (
    select hundreds.digit * 100 + tens.digit * 10 + ones.digit as day_count
    from digits as hundreds
    cross join digits as tens
    cross join digits as ones
),
months as (
    select
        code,
        start_on,
        end_on
    from codes.periods
    where kind = 'month'
),
days as (
    select
        months.start_on + offsets.day_count as day,
        months.code as month_period
    from months
    inner join offsets
        on offsets.day_count <= months.end_on - months.start_on
),
-- 1970-01-05 was a Monday
weekdays as (
    select
        day,
        month_period,
        (day - date '1970-01-05') / 7 as week_number,
        (day - date '1970-01-05') % 7 as day_of_week
    from days
)
select
    cast(weekdays.day as date) as day,
    cast(weekdays.month_period as varchar) as month_period,
    cast(quarters.code as varchar) as quarter_period,
    cast(halves.code as varchar) as half_period,
    cast(years.code as varchar) as year_period,
    cast(weekdays.day_of_week < 5 as boolean) as is_weekday,
    cast(weekdays.week_number * 5 + least(weekdays.day_of_week + 1, 5) as int) as weekday_number
from weekdays
left join codes.periods as quarters
    on quarters.kind = 'quarter'
    and weekdays.day between quarters.start_on and quarters.end_on
left join codes.periods as halves
    on halves.kind = 'half'
    and weekdays.day between halves.start_on and halves.end_on
left join codes.periods as years
    on years.kind = 'year'
    and weekdays.day between years.start_on and years.end_on
