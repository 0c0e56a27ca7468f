-- why: shows how long dossiers take, by exact quantiles, because a mean hides the slow ones
-- write: replace window period, agency_code, field_code
-- refresh: on change
with resolved as (
    select
        closed_period as period,
        agency_code,
        agency_name_vi,
        agency_name_en,
        coalesce(field_code, 'unknown') as field_code,
        field_name_vi,
        field_name_en,
        processing_hours
    from refined.dossiers
    where closed_period is not null
        and processing_hours >= 0
),
-- quantiles do not add up, so every level is computed from the dossiers themselves
levels as (
    select
        period,
        agency_code,
        max(agency_name_vi) as agency_name_vi,
        max(agency_name_en) as agency_name_en,
        field_code,
        max(field_name_vi) as field_name_vi,
        max(field_name_en) as field_name_en,
        count(*) as dossier_count,
        avg(processing_hours) as mean_hours,
        percentile_cont(0.5) within group (order by processing_hours) as p50_hours,
        percentile_cont(0.9) within group (order by processing_hours) as p90_hours,
        percentile_cont(0.99) within group (order by processing_hours) as p99_hours
    from resolved
    group by period, agency_code, field_code
    union all
    select
        period,
        agency_code,
        max(agency_name_vi) as agency_name_vi,
        max(agency_name_en) as agency_name_en,
        'all' as field_code,
        'Mọi lĩnh vực' as field_name_vi,
        'All fields' as field_name_en,
        count(*) as dossier_count,
        avg(processing_hours) as mean_hours,
        percentile_cont(0.5) within group (order by processing_hours) as p50_hours,
        percentile_cont(0.9) within group (order by processing_hours) as p90_hours,
        percentile_cont(0.99) within group (order by processing_hours) as p99_hours
    from resolved
    group by period, agency_code
    union all
    select
        period,
        'all' as agency_code,
        'Toàn quốc' as agency_name_vi,
        'The whole country' as agency_name_en,
        field_code,
        max(field_name_vi) as field_name_vi,
        max(field_name_en) as field_name_en,
        count(*) as dossier_count,
        avg(processing_hours) as mean_hours,
        percentile_cont(0.5) within group (order by processing_hours) as p50_hours,
        percentile_cont(0.9) within group (order by processing_hours) as p90_hours,
        percentile_cont(0.99) within group (order by processing_hours) as p99_hours
    from resolved
    group by period, field_code
    union all
    select
        period,
        'all' as agency_code,
        'Toàn quốc' as agency_name_vi,
        'The whole country' as agency_name_en,
        'all' as field_code,
        'Mọi lĩnh vực' as field_name_vi,
        'All fields' as field_name_en,
        count(*) as dossier_count,
        avg(processing_hours) as mean_hours,
        percentile_cont(0.5) within group (order by processing_hours) as p50_hours,
        percentile_cont(0.9) within group (order by processing_hours) as p90_hours,
        percentile_cont(0.99) within group (order by processing_hours) as p99_hours
    from resolved
    group by period
)
select
    cast(period as varchar) as period,
    cast(agency_code as varchar) as agency_code,
    cast(field_code as varchar) as field_code,
    cast(agency_name_vi as varchar) as agency_name_vi,
    cast(agency_name_en as varchar) as agency_name_en,
    cast(field_name_vi as varchar) as field_name_vi,
    cast(field_name_en as varchar) as field_name_en,
    cast(dossier_count as bigint) as dossier_count,
    cast(mean_hours as decimal(12, 2)) as mean_hours,
    cast(round(p50_hours, 2) as decimal(12, 2)) as p50_hours,
    cast(round(p90_hours, 2) as decimal(12, 2)) as p90_hours,
    cast(round(p99_hours, 2) as decimal(12, 2)) as p99_hours
from levels
