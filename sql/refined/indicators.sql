-- why: keeps the newest value of every reported figure and names the agency that answers for it
-- write: replace window period, reported_agency_code
-- refresh: on change
with ranked as (
    select
        agency_code,
        _period,
        indicator_code,
        disaggregation,
        value,
        note,
        _agency,
        _submission_id,
        _received_at,
        row_number() over (
            partition by agency_code, _period, indicator_code, disaggregation
            order by _received_at desc, _row_number desc, _submission_id desc
        ) as age
    from raw.indicators
),
newest as (
    select
        agency_code,
        _period,
        indicator_code,
        disaggregation,
        value,
        note,
        _submission_id,
        _received_at
    from ranked
    where age = 1
)
select
    cast(newest.agency_code as varchar) as reported_agency_code,
    cast(newest._period as varchar) as period,
    cast(newest.indicator_code as varchar) as indicator_code,
    cast(newest.disaggregation as varchar) as disaggregation,
    cast(coalesce(agencies.agency_code, newest.agency_code) as varchar) as agency_code,
    cast(agencies.agency_name_vi as varchar) as agency_name_vi,
    cast(agencies.agency_name_en as varchar) as agency_name_en,
    cast(agencies.agency_kind as varchar) as agency_kind,
    cast(agencies.province_code as varchar) as province_code,
    cast(indicators.name_vi as varchar) as indicator_name_vi,
    cast(indicators.name_en as varchar) as indicator_name_en,
    cast(indicators.unit as varchar) as unit,
    cast(newest.value as decimal(20, 2)) as value,
    cast(newest.note as varchar) as note,
    cast(newest._submission_id as varchar) as submission_id,
    arrow_cast(newest._received_at, 'Timestamp(Microsecond, Some("UTC"))') as reported_at
from newest
left join codes.periods
    on periods.code = newest._period
left join refined.agencies
    on agencies.reported_code = newest.agency_code
    and periods.end_on between agencies.valid_from and agencies.valid_to
left join codes.indicators
    on indicators.code = newest.indicator_code
    and periods.end_on >= coalesce(indicators.valid_from, date '1900-01-01')
    and periods.end_on <= coalesce(indicators.valid_to, date '9999-12-31')
