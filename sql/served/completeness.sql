-- why: shows who has handed in what for a period, and above all who has not
-- write: replace window period, agency_code, dataset
-- refresh: on change
with datasets as (
    select 'raw.dossiers' as dataset
    union all select 'raw.exchanges' as dataset
    union all select 'raw.incidents' as dataset
    union all select 'raw.indicators' as dataset
    union all select 'raw.systems' as dataset
),
-- a period is asked about once anybody has reported for it
asked as (
    select distinct
        submissions.period,
        periods.end_on
    from refined.submissions
    inner join codes.periods
        on periods.code = submissions.period
),
-- a merged agency's own submissions count for the agency that answers for it
handed_in as (
    select
        dataset,
        agency_code,
        period,
        sum(submission_count) as submission_count,
        sum(row_count) as row_count,
        min(first_received_at) as first_received_at,
        max(last_received_at) as last_received_at
    from refined.submissions
    group by dataset, agency_code, period
)
select
    cast(agencies.agency_code as varchar) as agency_code,
    cast(datasets.dataset as varchar) as dataset,
    cast(asked.period as varchar) as period,
    cast(agencies.agency_name_vi as varchar) as agency_name_vi,
    cast(agencies.agency_name_en as varchar) as agency_name_en,
    cast(agencies.agency_kind as varchar) as agency_kind,
    cast(agencies.province_code as varchar) as province_code,
    cast(handed_in.submission_count is not null as boolean) as submitted,
    cast(coalesce(handed_in.submission_count, 0) as bigint) as submission_count,
    cast(coalesce(handed_in.row_count, 0) as bigint) as row_count,
    arrow_cast(handed_in.first_received_at, 'Timestamp(Microsecond, Some("UTC"))')
        as first_received_at,
    arrow_cast(handed_in.last_received_at, 'Timestamp(Microsecond, Some("UTC"))')
        as last_received_at,
    cast(cast(handed_in.first_received_at + interval '7 hours' as date) - asked.end_on as int)
        as days_after_period
from asked
inner join refined.agencies
    on agencies.merger_count = 0
    and asked.end_on between agencies.valid_from and agencies.valid_to
cross join datasets
left join handed_in
    on handed_in.dataset = datasets.dataset
    and handed_in.agency_code = agencies.agency_code
    and handed_in.period = asked.period
