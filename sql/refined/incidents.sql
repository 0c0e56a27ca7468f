-- why: keeps the newest account of every incident, its owner, its length and its notice
-- write: replace window incident_id, system_code
-- refresh: on change
with ranked as (
    select
        incident_id,
        system_code,
        incident_kind,
        severity,
        started_at,
        ended_at,
        planned,
        announced_at,
        affected_users,
        _agency,
        _period,
        _submission_id,
        _received_at,
        row_number() over (
            partition by incident_id
            order by _received_at desc, _row_number desc, _submission_id desc
        ) as age
    from raw.incidents
),
-- civil time is the fixed +07:00 of Asia/Ho_Chi_Minh
newest as (
    select
        incident_id,
        system_code,
        incident_kind,
        severity,
        started_at,
        ended_at,
        planned,
        announced_at,
        affected_users,
        _agency,
        _period,
        _submission_id,
        _received_at,
        cast(started_at + interval '7 hours' as date) as started_on,
        cast(announced_at + interval '7 hours' as date) as announced_on
    from ranked
    where age = 1
),
noticed as (
    select
        newest.incident_id,
        newest.started_on,
        started_day.month_period,
        case
            when newest.planned then started_day.weekday_number - announced_day.weekday_number
        end as notice_working_days
    from newest
    left join refined.calendar as started_day
        on started_day.day = newest.started_on
    left join refined.calendar as announced_day
        on announced_day.day = newest.announced_on
)
select
    cast(newest.incident_id as varchar) as incident_id,
    cast(newest.system_code as varchar) as system_code,
    cast(coalesce(systems.agency_code, agencies.agency_code, newest._agency) as varchar)
        as agency_code,
    cast(coalesce(noticed.month_period, newest._period) as varchar) as period,
    cast(newest.incident_kind as varchar) as incident_kind,
    cast(newest.severity as varchar) as severity,
    arrow_cast(newest.started_at, 'Timestamp(Microsecond, Some("UTC"))') as started_at,
    arrow_cast(newest.ended_at, 'Timestamp(Microsecond, Some("UTC"))') as ended_at,
    cast(newest.started_on as date) as started_on,
    cast(
        cast((cast(newest.ended_at as bigint) - cast(newest.started_at as bigint)) / 1000000
            as decimal(18, 4)) / 60
        as decimal(14, 2)
    ) as downtime_minutes,
    cast(newest.planned as boolean) as planned,
    arrow_cast(newest.announced_at, 'Timestamp(Microsecond, Some("UTC"))') as announced_at,
    cast(noticed.notice_working_days as int) as notice_working_days,
    cast(
        case
            when not newest.planned or thresholds.value is null then null
            when newest.announced_at is null then false
            else noticed.notice_working_days >= thresholds.value
        end
        as boolean
    ) as announced_in_time,
    cast(newest.affected_users as bigint) as affected_users,
    cast(newest._submission_id as varchar) as submission_id,
    arrow_cast(newest._received_at, 'Timestamp(Microsecond, Some("UTC"))') as reported_at
from newest
inner join noticed
    on noticed.incident_id = newest.incident_id
left join refined.systems
    on systems.system_code = newest.system_code
    and systems.period = newest._period
left join refined.agencies
    on agencies.reported_code = newest._agency
    and newest.started_on between agencies.valid_from and agencies.valid_to
left join codes.thresholds
    on thresholds.code = 'suspension_notice_min'
    and newest.started_on >= coalesce(thresholds.valid_from, date '1900-01-01')
    and newest.started_on <= coalesce(thresholds.valid_to, date '9999-12-31')
