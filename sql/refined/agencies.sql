-- why: says which agency answers for an agency code on a given day, through mergers
-- write: replace
-- refresh: on change
with listed as (
    select
        code,
        name_vi,
        name_en,
        kind,
        nullif(province_code, '') as province_code,
        nullif(successor_code, '') as successor_code,
        coalesce(cast(valid_from as date), date '1900-01-01') as valid_from,
        coalesce(cast(valid_to as date), date '9999-12-31') as valid_to
    from codes.agencies
),
-- an agency answers for itself while it exists
own as (
    select
        code as reported_code,
        code as agency_code,
        0 as merger_count,
        name_vi,
        name_en,
        kind,
        province_code,
        successor_code,
        valid_from,
        valid_to
    from listed
),
-- after its merger its successor answers for it
first_merger as (
    select
        own.reported_code,
        listed.code as agency_code,
        1 as merger_count,
        listed.name_vi,
        listed.name_en,
        listed.kind,
        listed.province_code,
        listed.successor_code,
        greatest(own.valid_to + interval '1 day', listed.valid_from) as valid_from,
        listed.valid_to
    from own
    inner join listed
        on listed.code = own.successor_code
        and listed.valid_to > own.valid_to
),
-- and after the successor's own merger, the agency that came next
second_merger as (
    select
        first_merger.reported_code,
        listed.code as agency_code,
        2 as merger_count,
        listed.name_vi,
        listed.name_en,
        listed.kind,
        listed.province_code,
        greatest(first_merger.valid_to + interval '1 day', listed.valid_from) as valid_from,
        listed.valid_to
    from first_merger
    inner join listed
        on listed.code = first_merger.successor_code
        and listed.valid_to > first_merger.valid_to
),
answering as (
    select
        reported_code,
        agency_code,
        merger_count,
        name_vi,
        name_en,
        kind,
        province_code,
        valid_from,
        valid_to
    from own
    union all
    select
        reported_code,
        agency_code,
        merger_count,
        name_vi,
        name_en,
        kind,
        province_code,
        valid_from,
        valid_to
    from first_merger
    union all
    select
        reported_code,
        agency_code,
        merger_count,
        name_vi,
        name_en,
        kind,
        province_code,
        valid_from,
        valid_to
    from second_merger
)
select
    cast(reported_code as varchar) as reported_code,
    cast(agency_code as varchar) as agency_code,
    cast(name_vi as varchar) as agency_name_vi,
    cast(name_en as varchar) as agency_name_en,
    cast(kind as varchar) as agency_kind,
    cast(province_code as varchar) as province_code,
    cast(merger_count as int) as merger_count,
    cast(valid_from as date) as valid_from,
    cast(valid_to as date) as valid_to
from answering
