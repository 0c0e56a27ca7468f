-- why: adds up a period's calls between systems, with their failures, size and slowest day
-- write: replace window period, from_system_code, to_system_code
-- refresh: on change
with volumes as (
    select
        period,
        from_system_code,
        to_system_code,
        service_code,
        max(from_agency_code) as from_agency_code,
        max(to_agency_code) as to_agency_code,
        count(*) as active_days,
        sum(call_count) as call_count,
        sum(error_count) as error_count,
        sum(payload_bytes) as payload_bytes,
        max(response_ms_p95) as slowest_response_ms_p95
    from refined.exchanges
    group by period, from_system_code, to_system_code, service_code
)
select
    cast(volumes.period as varchar) as period,
    cast(volumes.from_system_code as varchar) as from_system_code,
    cast(volumes.to_system_code as varchar) as to_system_code,
    cast(volumes.service_code as varchar) as service_code,
    cast(services.name_vi as varchar) as service_name_vi,
    cast(services.name_en as varchar) as service_name_en,
    cast(volumes.from_agency_code as varchar) as from_agency_code,
    cast(volumes.to_agency_code as varchar) as to_agency_code,
    cast(volumes.active_days as bigint) as active_days,
    cast(volumes.call_count as bigint) as call_count,
    cast(volumes.error_count as bigint) as error_count,
    cast(
        case
            when volumes.call_count > 0 and volumes.error_count <= volumes.call_count
                then cast(volumes.error_count as decimal(26, 6)) / volumes.call_count
        end
        as decimal(7, 6)
    ) as error_rate,
    cast(volumes.payload_bytes as bigint) as payload_bytes,
    cast(volumes.slowest_response_ms_p95 as int) as slowest_response_ms_p95
from volumes
left join codes.periods
    on periods.code = volumes.period
left join codes.exchange_services as services
    on services.code = volumes.service_code
    and periods.end_on >= coalesce(services.valid_from, date '1900-01-01')
    and periods.end_on <= coalesce(services.valid_to, date '9999-12-31')
