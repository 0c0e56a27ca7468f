-- why: counts every agency's dossiers in the month they came in, were closed, or stayed open
-- write: replace
-- refresh: on change
-- what happened before the calendar begins still counts towards what is open now
with accounts as (
    select
        dossier_counts.agency_code,
        coalesce(periods.start_on, date '1900-01-01') as start_on,
        sum(dossier_counts.received_total) as received_total,
        sum(dossier_counts.received_online) as received_online,
        sum(dossier_counts.received_full_online) as received_full_online,
        sum(dossier_counts.payments_total) as payments_total,
        sum(dossier_counts.payments_online) as payments_online,
        sum(dossier_counts.reusing_data) as reusing_data,
        sum(dossier_counts.papers_total) as papers_total,
        sum(dossier_counts.papers_reused) as papers_reused,
        sum(dossier_counts.closed_total) as closed_total,
        sum(dossier_counts.resolved) as resolved,
        sum(dossier_counts.on_time) as on_time,
        sum(dossier_counts.overdue) as overdue,
        sum(dossier_counts.withdrawn) as withdrawn,
        sum(dossier_counts.refused) as refused,
        sum(dossier_counts.stopped) as stopped,
        sum(dossier_counts.results_signed) as results_signed,
        sum(dossier_counts.ratings_total) as ratings_total,
        sum(dossier_counts.ratings_satisfied) as ratings_satisfied,
        sum(dossier_counts.late_events) as late_events
    from refined.dossier_counts
    left join codes.periods
        on periods.code = dossier_counts.period
        and periods.kind = 'month'
    group by dossier_counts.agency_code, coalesce(periods.start_on, date '1900-01-01')
),
-- only who reported dossiers for a month gets a row for it
reporters as (
    select distinct
        coalesce(agencies.agency_code, dossiers.agency_code) as agency_code,
        periods.code as period,
        periods.start_on,
        periods.end_on
    from (
        select distinct
            agency_code,
            _period
        from raw.dossiers
    ) as dossiers
    inner join codes.periods
        on periods.code = dossiers._period
        and periods.kind = 'month'
    left join refined.agencies
        on agencies.reported_code = dossiers.agency_code
        and periods.end_on between agencies.valid_from and agencies.valid_to
),
months as (
    select distinct
        period,
        start_on,
        end_on
    from reporters
),
-- every account as a month sees it: the agency that answers at the month's end takes it over
seen as (
    select
        coalesce(agencies.agency_code, accounts.agency_code) as agency_code,
        months.period,
        accounts.start_on = months.start_on as of_the_month,
        accounts.received_total,
        accounts.received_online,
        accounts.received_full_online,
        accounts.payments_total,
        accounts.payments_online,
        accounts.reusing_data,
        accounts.papers_total,
        accounts.papers_reused,
        accounts.closed_total,
        accounts.resolved,
        accounts.on_time,
        accounts.overdue,
        accounts.withdrawn,
        accounts.refused,
        accounts.stopped,
        accounts.results_signed,
        accounts.ratings_total,
        accounts.ratings_satisfied,
        accounts.late_events
    from months
    inner join accounts
        on accounts.start_on <= months.start_on
    left join refined.agencies
        on agencies.reported_code = accounts.agency_code
        and months.end_on between agencies.valid_from and agencies.valid_to
),
totals as (
    select
        agency_code,
        period,
        sum(received_total) filter (where of_the_month) as received_total,
        sum(received_online) filter (where of_the_month) as received_online,
        sum(received_full_online) filter (where of_the_month) as received_full_online,
        sum(payments_total) filter (where of_the_month) as payments_total,
        sum(payments_online) filter (where of_the_month) as payments_online,
        sum(reusing_data) filter (where of_the_month) as reusing_data,
        sum(papers_total) filter (where of_the_month) as papers_total,
        sum(papers_reused) filter (where of_the_month) as papers_reused,
        sum(resolved) filter (where of_the_month) as resolved,
        sum(on_time) filter (where of_the_month) as on_time,
        sum(overdue) filter (where of_the_month) as overdue,
        sum(withdrawn) filter (where of_the_month) as withdrawn,
        sum(refused) filter (where of_the_month) as refused,
        sum(stopped) filter (where of_the_month) as stopped,
        sum(results_signed) filter (where of_the_month) as results_signed,
        sum(ratings_total) filter (where of_the_month) as ratings_total,
        sum(ratings_satisfied) filter (where of_the_month) as ratings_satisfied,
        sum(late_events) filter (where of_the_month) as late_events,
        sum(coalesce(received_total, 0) - coalesce(closed_total, 0)) as in_progress
    from seen
    group by agency_code, period
),
services as (
    select
        coalesce(agencies.agency_code, dossier_counts.agency_code) as agency_code,
        dossier_counts.period,
        count(distinct dossier_counts.procedure_code) as services_with_dossier
    from refined.dossier_counts
    inner join codes.periods
        on periods.code = dossier_counts.period
    left join refined.agencies
        on agencies.reported_code = dossier_counts.agency_code
        and periods.end_on between agencies.valid_from and agencies.valid_to
    where dossier_counts.received_total > 0
    group by coalesce(agencies.agency_code, dossier_counts.agency_code), dossier_counts.period
)
select
    cast(reporters.agency_code as varchar) as agency_code,
    cast(reporters.period as varchar) as period,
    cast(agencies.agency_name_vi as varchar) as agency_name_vi,
    cast(agencies.agency_name_en as varchar) as agency_name_en,
    cast(agencies.agency_kind as varchar) as agency_kind,
    cast(agencies.province_code as varchar) as province_code,
    cast(coalesce(totals.received_total, 0) as bigint) as received_total,
    cast(coalesce(totals.received_online, 0) as bigint) as received_online,
    cast(coalesce(totals.received_full_online, 0) as bigint) as received_full_online,
    cast(coalesce(services.services_with_dossier, 0) as bigint) as services_with_dossier,
    cast(coalesce(totals.payments_total, 0) as bigint) as payments_total,
    cast(coalesce(totals.payments_online, 0) as bigint) as payments_online,
    cast(coalesce(totals.reusing_data, 0) as bigint) as reusing_data,
    cast(coalesce(totals.papers_total, 0) as bigint) as papers_total,
    cast(coalesce(totals.papers_reused, 0) as bigint) as papers_reused,
    cast(coalesce(totals.resolved, 0) as bigint) as resolved,
    cast(coalesce(totals.on_time, 0) as bigint) as on_time,
    cast(coalesce(totals.overdue, 0) as bigint) as overdue,
    cast(coalesce(totals.withdrawn, 0) as bigint) as withdrawn,
    cast(coalesce(totals.refused, 0) as bigint) as refused,
    cast(coalesce(totals.stopped, 0) as bigint) as stopped,
    cast(coalesce(totals.in_progress, 0) as bigint) as in_progress,
    cast(coalesce(totals.results_signed, 0) as bigint) as results_signed,
    cast(coalesce(totals.ratings_total, 0) as bigint) as ratings_total,
    cast(coalesce(totals.ratings_satisfied, 0) as bigint) as ratings_satisfied,
    cast(coalesce(totals.late_events, 0) as bigint) as late_events
from reporters
left join totals
    on totals.agency_code = reporters.agency_code
    and totals.period = reporters.period
left join services
    on services.agency_code = reporters.agency_code
    and services.period = reporters.period
left join refined.agencies
    on agencies.reported_code = reporters.agency_code
    and reporters.end_on between agencies.valid_from and agencies.valid_to
