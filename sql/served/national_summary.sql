-- why: gives the country's figures for a month in one row
-- write: replace window period
-- refresh: on change
with months as (
    select distinct submissions.period
    from refined.submissions
    inner join codes.periods
        on periods.code = submissions.period
        and periods.kind = 'month'
),
reporting as (
    select
        period,
        count(*) as agencies_expected,
        count(*) filter (where submitted) as agencies_submitted
    from served.completeness
    where dataset = 'raw.dossiers'
    group by period
),
dossiers as (
    select
        period,
        sum(received_total) as received_total,
        sum(received_online) as received_online,
        sum(received_full_online) as received_full_online,
        sum(resolved) as resolved,
        sum(on_time) as on_time,
        sum(overdue) as overdue,
        sum(in_progress) as in_progress,
        sum(ratings_total) as ratings_total,
        sum(ratings_satisfied) as ratings_satisfied
    from served.dossiers_by_agency
    group by period
),
times as (
    select
        period,
        p50_hours,
        p90_hours
    from served.processing_time
    where agency_code = 'all'
        and field_code = 'all'
),
scores as (
    select
        period,
        count(*) filter (where band in ('A', 'B')) as provinces_in_a_or_b,
        cast(avg(score) as decimal(5, 2)) as mean_score
    from served.provincial_scoreboard
    group by period
),
systems as (
    select
        period,
        count(*) as systems_total,
        count(*) filter (where scale in ('large', 'very_large')) as systems_large
    from served.system_scale
    group by period
),
exchanges as (
    select
        period,
        sum(call_count) as call_count,
        sum(error_count) as error_count
    from served.exchange_volume
    group by period
),
incidents as (
    select
        period,
        sum(incident_count) as incident_count,
        sum(downtime_minutes) as downtime_minutes
    from served.incident_summary
    group by period
),
differences as (
    select
        period,
        count(*) filter (where verdict in ('match', 'minor', 'major')) as figures_compared,
        count(*) filter (where verdict = 'major') as figures_major
    from served.reconciliation
    group by period
)
select
    cast(months.period as varchar) as period,
    cast(coalesce(reporting.agencies_expected, 0) as bigint) as agencies_expected,
    cast(coalesce(reporting.agencies_submitted, 0) as bigint) as agencies_submitted,
    cast(coalesce(dossiers.received_total, 0) as bigint) as dossiers_received,
    cast(coalesce(dossiers.received_online, 0) as bigint) as dossiers_received_online,
    cast(coalesce(dossiers.received_full_online, 0) as bigint) as dossiers_received_full_online,
    cast(coalesce(dossiers.resolved, 0) as bigint) as dossiers_resolved,
    cast(coalesce(dossiers.on_time, 0) as bigint) as dossiers_on_time,
    cast(coalesce(dossiers.overdue, 0) as bigint) as dossiers_overdue,
    cast(coalesce(dossiers.in_progress, 0) as bigint) as dossiers_in_progress,
    cast(
        case
            when dossiers.received_total > 0
                then cast(dossiers.received_online as decimal(26, 6)) / dossiers.received_total
        end
        as decimal(7, 6)
    ) as online_dossier_rate,
    cast(
        case
            when dossiers.received_total > 0
                then cast(dossiers.received_full_online as decimal(26, 6)) / dossiers.received_total
        end
        as decimal(7, 6)
    ) as full_online_dossier_rate,
    cast(
        case
            when dossiers.on_time + dossiers.overdue > 0
                then cast(dossiers.on_time as decimal(26, 6))
                    / (dossiers.on_time + dossiers.overdue)
        end
        as decimal(7, 6)
    ) as on_time_rate,
    cast(
        case
            when dossiers.ratings_total > 0
                then cast(dossiers.ratings_satisfied as decimal(26, 6)) / dossiers.ratings_total
        end
        as decimal(7, 6)
    ) as satisfaction_rate,
    cast(times.p50_hours as decimal(12, 2)) as p50_hours,
    cast(times.p90_hours as decimal(12, 2)) as p90_hours,
    cast(scores.mean_score as decimal(5, 2)) as mean_score,
    cast(coalesce(scores.provinces_in_a_or_b, 0) as bigint) as provinces_in_a_or_b,
    cast(coalesce(systems.systems_total, 0) as bigint) as systems_total,
    cast(coalesce(systems.systems_large, 0) as bigint) as systems_large,
    cast(coalesce(exchanges.call_count, 0) as bigint) as exchange_calls,
    cast(coalesce(exchanges.error_count, 0) as bigint) as exchange_errors,
    cast(coalesce(incidents.incident_count, 0) as bigint) as incidents,
    cast(coalesce(incidents.downtime_minutes, 0) as decimal(18, 2)) as downtime_minutes,
    cast(coalesce(differences.figures_compared, 0) as bigint) as figures_compared,
    cast(coalesce(differences.figures_major, 0) as bigint) as figures_major
from months
left join reporting
    on reporting.period = months.period
left join dossiers
    on dossiers.period = months.period
left join times
    on times.period = months.period
left join scores
    on scores.period = months.period
left join systems
    on systems.period = months.period
left join exchanges
    on exchanges.period = months.period
left join incidents
    on incidents.period = months.period
left join differences
    on differences.period = months.period
