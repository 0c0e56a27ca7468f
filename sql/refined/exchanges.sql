-- why: keeps the newest count of a day's calls, which either side may report, and names both owners
-- write: replace window called_on, from_system_code, to_system_code, period
-- refresh: on change
with ranked as (
    select
        called_on,
        from_system_code,
        to_system_code,
        service_code,
        call_count,
        error_count,
        payload_bytes,
        response_ms_p95,
        _agency,
        _period,
        _submission_id,
        _received_at,
        row_number() over (
            partition by called_on, from_system_code, to_system_code, service_code
            order by _received_at desc, _row_number desc, _submission_id desc
        ) as age
    from raw.exchanges
),
newest as (
    select
        called_on,
        from_system_code,
        to_system_code,
        service_code,
        call_count,
        error_count,
        payload_bytes,
        response_ms_p95,
        _agency,
        _period,
        _submission_id,
        _received_at
    from ranked
    where age = 1
)
select
    cast(newest.called_on as date) as called_on,
    cast(newest.from_system_code as varchar) as from_system_code,
    cast(newest.to_system_code as varchar) as to_system_code,
    cast(newest.service_code as varchar) as service_code,
    cast(newest._period as varchar) as period,
    cast(newest._agency as varchar) as reported_agency_code,
    cast(callers.agency_code as varchar) as from_agency_code,
    cast(answerers.agency_code as varchar) as to_agency_code,
    cast(newest.call_count as bigint) as call_count,
    cast(newest.error_count as bigint) as error_count,
    cast(newest.payload_bytes as bigint) as payload_bytes,
    cast(newest.response_ms_p95 as int) as response_ms_p95,
    cast(newest._submission_id as varchar) as submission_id,
    arrow_cast(newest._received_at, 'Timestamp(Microsecond, Some("UTC"))') as reported_at
from newest
left join refined.systems as callers
    on callers.system_code = newest.from_system_code
    and callers.period = newest._period
left join refined.systems as answerers
    on answerers.system_code = newest.to_system_code
    and answerers.period = newest._period
