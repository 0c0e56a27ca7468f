-- why: adds up each system's incidents and holds its year against the share it may be unavailable
-- write: replace window system_code
-- refresh: on change
with totals as (
    select
        period,
        system_code,
        max(agency_code) as agency_code,
        count(*) as incident_count,
        count(*) filter (where planned) as planned_count,
        count(*) filter (where severity = 'critical') as critical_count,
        count(*) filter (where severity = 'high') as high_count,
        count(*) filter (where ended_at is null) as open_count,
        count(*) filter (where not announced_in_time) as late_notice_count,
        coalesce(sum(downtime_minutes), 0) as downtime_minutes,
        max(downtime_minutes) as longest_minutes,
        max(affected_users) as most_affected_users
    from refined.incidents
    group by period, system_code
),
dated as (
    select
        totals.period,
        totals.system_code,
        totals.agency_code,
        totals.incident_count,
        totals.planned_count,
        totals.critical_count,
        totals.high_count,
        totals.open_count,
        totals.late_notice_count,
        totals.downtime_minutes,
        totals.longest_minutes,
        totals.most_affected_users,
        periods.end_on,
        (periods.end_on - periods.start_on + 1) * 1440 as period_minutes,
        (years.end_on - years.start_on + 1) * 1440 as year_minutes,
        -- the year so far: what counts is the limit over the year, maintenance included
        sum(totals.downtime_minutes) over (
            partition by totals.system_code, years.code
            order by periods.start_on
            rows between unbounded preceding and current row
        ) as year_downtime_minutes
    from totals
    left join codes.periods
        on periods.code = totals.period
    left join codes.periods as years
        on years.kind = 'year'
        and periods.start_on between years.start_on and years.end_on
)
select
    cast(dated.period as varchar) as period,
    cast(dated.system_code as varchar) as system_code,
    cast(dated.agency_code as varchar) as agency_code,
    cast(dated.incident_count as bigint) as incident_count,
    cast(dated.planned_count as bigint) as planned_count,
    cast(dated.critical_count as bigint) as critical_count,
    cast(dated.high_count as bigint) as high_count,
    cast(dated.open_count as bigint) as open_count,
    cast(dated.late_notice_count as bigint) as late_notice_count,
    cast(dated.downtime_minutes as decimal(16, 2)) as downtime_minutes,
    cast(dated.longest_minutes as decimal(16, 2)) as longest_minutes,
    cast(dated.most_affected_users as bigint) as most_affected_users,
    -- incidents that overlap are added up, so a share may reach its cap of 1 early
    cast(
        least(cast(dated.downtime_minutes as decimal(20, 6)) / dated.period_minutes, 1)
        as decimal(7, 6)
    ) as downtime_share,
    cast(dated.year_downtime_minutes as decimal(16, 2)) as year_downtime_minutes,
    cast(
        least(cast(dated.year_downtime_minutes as decimal(20, 6)) / dated.year_minutes, 1)
        as decimal(7, 6)
    ) as year_downtime_share,
    cast(
        cast(dated.year_downtime_minutes as decimal(20, 6)) / dated.year_minutes
            <= thresholds.value
        as boolean
    ) as within_year_limit
from dated
left join codes.thresholds
    on thresholds.code = 'unavailability_share_max'
    and dated.end_on >= coalesce(thresholds.valid_from, date '1900-01-01')
    and dated.end_on <= coalesce(thresholds.valid_to, date '9999-12-31')
