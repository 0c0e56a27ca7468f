-- why: says what each agency has handed in, per dataset and period, whatever the dataset is
-- write: replace window period, reported_agency_code, dataset
-- refresh: on change
with landed as (
    select
        'raw.dossiers' as dataset,
        _agency,
        _period,
        _submission_id,
        _received_at
    from raw.dossiers
    union all
    select
        'raw.exchanges' as dataset,
        _agency,
        _period,
        _submission_id,
        _received_at
    from raw.exchanges
    union all
    select
        'raw.incidents' as dataset,
        _agency,
        _period,
        _submission_id,
        _received_at
    from raw.incidents
    union all
    select
        'raw.indicators' as dataset,
        _agency,
        _period,
        _submission_id,
        _received_at
    from raw.indicators
    union all
    select
        'raw.systems' as dataset,
        _agency,
        _period,
        _submission_id,
        _received_at
    from raw.systems
),
-- counted per submission first: the distinct count over rows would hold every row's id
bodies as (
    select
        dataset,
        _agency,
        _period,
        _submission_id,
        count(*) as row_count,
        min(_received_at) as first_received_at,
        max(_received_at) as last_received_at
    from landed
    group by dataset, _agency, _period, _submission_id
),
handed_in as (
    select
        dataset,
        _agency,
        _period,
        count(*) as submission_count,
        sum(row_count) as row_count,
        min(first_received_at) as first_received_at,
        max(last_received_at) as last_received_at
    from bodies
    group by dataset, _agency, _period
)
select
    cast(handed_in.dataset as varchar) as dataset,
    cast(handed_in._agency as varchar) as reported_agency_code,
    cast(coalesce(agencies.agency_code, handed_in._agency) as varchar) as agency_code,
    cast(handed_in._period as varchar) as period,
    cast(handed_in.submission_count as bigint) as submission_count,
    cast(handed_in.row_count as bigint) as row_count,
    arrow_cast(handed_in.first_received_at, 'Timestamp(Microsecond, Some("UTC"))')
        as first_received_at,
    arrow_cast(handed_in.last_received_at, 'Timestamp(Microsecond, Some("UTC"))')
        as last_received_at
from handed_in
left join codes.periods
    on periods.code = handed_in._period
left join refined.agencies
    on agencies.reported_code = handed_in._agency
    and periods.end_on between agencies.valid_from and agencies.valid_to
