-- why: adds up every agency's dossiers by month and procedure once, for all that counts them further
-- write: replace window agency_code, period
-- refresh: on change
with counts as (
    -- a day before the first period of the calendar has no period: 'before'
    select
        agency_code,
        coalesce(received_period, 'before') as period,
        procedure_code,
        count(*) as received_total,
        count(*) filter (where channel = '2') as received_online,
        count(*) filter (where channel = '2' and online_level = 'full') as received_full_online,
        count(*) filter (where fee_amount > 0) as payments_total,
        count(*) filter (where fee_amount > 0 and fee_paid_online) as payments_online,
        count(*) filter (where reused_paper_count > 0) as reusing_data,
        sum(paper_count) as papers_total,
        sum(case when paper_count is not null then reused_paper_count end) as papers_reused,
        0 as closed_total,
        0 as resolved,
        0 as on_time,
        0 as overdue,
        0 as withdrawn,
        0 as refused,
        0 as stopped,
        0 as results_signed,
        0 as ratings_total,
        0 as ratings_satisfied,
        0 as late_events
    from refined.dossiers
    group by agency_code, coalesce(received_period, 'before'), procedure_code
    union all
    select
        agency_code,
        coalesce(closed_period, 'before') as period,
        procedure_code,
        0 as received_total,
        0 as received_online,
        0 as received_full_online,
        0 as payments_total,
        0 as payments_online,
        0 as reusing_data,
        0 as papers_total,
        0 as papers_reused,
        count(*) as closed_total,
        count(*) filter (where phase = 'resolved') as resolved,
        count(*) filter (where on_time) as on_time,
        count(*) filter (where not on_time) as overdue,
        count(*) filter (where phase = 'withdrawn') as withdrawn,
        count(*) filter (where phase = 'refused') as refused,
        count(*) filter (where phase = 'stopped') as stopped,
        count(*) filter (where phase = 'resolved' and result_signed) as results_signed,
        count(*) filter (where phase = 'resolved' and satisfaction is not null) as ratings_total,
        count(*) filter (where phase = 'resolved' and satisfaction >= 4) as ratings_satisfied,
        0 as late_events
    from refined.dossiers
    where closed_on is not null
    group by agency_code, coalesce(closed_period, 'before'), procedure_code
    union all
    select
        agency_code,
        period,
        procedure_code,
        0 as received_total,
        0 as received_online,
        0 as received_full_online,
        0 as payments_total,
        0 as payments_online,
        0 as reusing_data,
        0 as papers_total,
        0 as papers_reused,
        0 as closed_total,
        0 as resolved,
        0 as on_time,
        0 as overdue,
        0 as withdrawn,
        0 as refused,
        0 as stopped,
        0 as results_signed,
        0 as ratings_total,
        0 as ratings_satisfied,
        count(*) as late_events
    from refined.dossiers
    where late_event
    group by agency_code, period, procedure_code
)
select
    cast(agency_code as varchar) as agency_code,
    cast(period as varchar) as period,
    cast(procedure_code as varchar) as procedure_code,
    cast(coalesce(sum(received_total), 0) as bigint) as received_total,
    cast(coalesce(sum(received_online), 0) as bigint) as received_online,
    cast(coalesce(sum(received_full_online), 0) as bigint) as received_full_online,
    cast(coalesce(sum(payments_total), 0) as bigint) as payments_total,
    cast(coalesce(sum(payments_online), 0) as bigint) as payments_online,
    cast(coalesce(sum(reusing_data), 0) as bigint) as reusing_data,
    cast(coalesce(sum(papers_total), 0) as bigint) as papers_total,
    cast(coalesce(sum(papers_reused), 0) as bigint) as papers_reused,
    cast(coalesce(sum(closed_total), 0) as bigint) as closed_total,
    cast(coalesce(sum(resolved), 0) as bigint) as resolved,
    cast(coalesce(sum(on_time), 0) as bigint) as on_time,
    cast(coalesce(sum(overdue), 0) as bigint) as overdue,
    cast(coalesce(sum(withdrawn), 0) as bigint) as withdrawn,
    cast(coalesce(sum(refused), 0) as bigint) as refused,
    cast(coalesce(sum(stopped), 0) as bigint) as stopped,
    cast(coalesce(sum(results_signed), 0) as bigint) as results_signed,
    cast(coalesce(sum(ratings_total), 0) as bigint) as ratings_total,
    cast(coalesce(sum(ratings_satisfied), 0) as bigint) as ratings_satisfied,
    cast(coalesce(sum(late_events), 0) as bigint) as late_events
from counts
group by agency_code, period, procedure_code
