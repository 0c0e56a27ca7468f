-- why: keeps the newest declaration of every system in a period and names its owner
-- write: replace window period, system_code
-- refresh: on change
with ranked as (
    select
        system_code,
        name,
        owner_agency_code,
        owner_kind,
        transaction_kind,
        monthly_active_users,
        security_level,
        live_on,
        contact_unit,
        _period,
        _submission_id,
        _received_at,
        row_number() over (
            partition by system_code, _period
            order by _received_at desc, _row_number desc, _submission_id desc
        ) as age
    from raw.systems
),
newest as (
    select
        system_code,
        name,
        owner_agency_code,
        owner_kind,
        transaction_kind,
        monthly_active_users,
        security_level,
        live_on,
        contact_unit,
        _period,
        _submission_id,
        _received_at
    from ranked
    where age = 1
)
select
    cast(newest.system_code as varchar) as system_code,
    cast(newest._period as varchar) as period,
    cast(newest.name as varchar) as system_name,
    cast(newest.owner_agency_code as varchar) as reported_owner_code,
    cast(coalesce(agencies.agency_code, newest.owner_agency_code) as varchar) as agency_code,
    cast(agencies.agency_name_vi as varchar) as agency_name_vi,
    cast(agencies.agency_name_en as varchar) as agency_name_en,
    cast(newest.owner_kind as varchar) as owner_kind,
    cast(newest.transaction_kind as varchar) as transaction_kind,
    cast(newest.monthly_active_users as bigint) as monthly_active_users,
    cast(newest.security_level as int) as security_level,
    cast(newest.live_on as date) as live_on,
    cast(newest.contact_unit as varchar) as contact_unit,
    cast(newest._submission_id as varchar) as submission_id,
    arrow_cast(newest._received_at, 'Timestamp(Microsecond, Some("UTC"))') as reported_at
from newest
left join codes.periods
    on periods.code = newest._period
left join refined.agencies
    on agencies.reported_code = newest.owner_agency_code
    and periods.end_on between agencies.valid_from and agencies.valid_to
