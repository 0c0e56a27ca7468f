-- why: classes every system by its monthly users against the national population
-- write: replace window period, system_code
-- refresh: on change
with months as (
    select distinct
        periods.code as period,
        periods.end_on
    from refined.systems
    inner join codes.periods
        on periods.code = systems.period
),
-- the figures in force at the end of the period
bounds as (
    select
        months.period,
        cast(
            max(thresholds.value) filter (where thresholds.code = 'national_population')
            as decimal(18, 0)
        ) as population,
        cast(
            max(thresholds.value) filter (where thresholds.code = 'large_system_share')
            as decimal(9, 6)
        ) as large_share,
        cast(
            max(thresholds.value) filter (where thresholds.code = 'very_large_system_share')
            as decimal(9, 6)
        ) as very_large_share
    from months
    inner join codes.thresholds
        on months.end_on >= coalesce(thresholds.valid_from, date '1900-01-01')
        and months.end_on <= coalesce(thresholds.valid_to, date '9999-12-31')
    group by months.period
),
measured as (
    select
        systems.period,
        systems.system_code,
        systems.system_name,
        systems.agency_code,
        systems.agency_name_vi,
        systems.agency_name_en,
        systems.owner_kind,
        systems.transaction_kind,
        systems.security_level,
        systems.monthly_active_users,
        bounds.population,
        case
            when systems.monthly_active_users > bounds.population * bounds.very_large_share
                then 'very_large'
            when systems.monthly_active_users >= bounds.population * bounds.large_share
                then 'large'
            when bounds.population * bounds.large_share is not null
                then 'standard'
        end as scale
    from refined.systems
    left join bounds
        on bounds.period = systems.period
)
select
    cast(measured.period as varchar) as period,
    cast(measured.system_code as varchar) as system_code,
    cast(measured.system_name as varchar) as system_name,
    cast(measured.agency_code as varchar) as agency_code,
    cast(measured.agency_name_vi as varchar) as agency_name_vi,
    cast(measured.agency_name_en as varchar) as agency_name_en,
    cast(measured.owner_kind as varchar) as owner_kind,
    cast(measured.transaction_kind as varchar) as transaction_kind,
    cast(measured.security_level as int) as security_level,
    cast(measured.monthly_active_users as bigint) as monthly_active_users,
    cast(measured.population as bigint) as national_population,
    cast(
        case
            when measured.population > 0
                then cast(measured.monthly_active_users as decimal(26, 6)) / measured.population
        end
        as decimal(18, 6)
    ) as population_share,
    cast(measured.scale as varchar) as scale,
    cast(
        case measured.scale
            when 'very_large' then 'Rất lớn'
            when 'large' then 'Lớn'
            when 'standard' then 'Thông thường'
        end
        as varchar
    ) as scale_name_vi,
    cast(
        case measured.scale
            when 'very_large' then 'Very large'
            when 'large' then 'Large'
            when 'standard' then 'Standard'
        end
        as varchar
    ) as scale_name_en
from measured
