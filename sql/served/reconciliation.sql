-- why: sets what an agency reported against what its own dossiers add up to
-- write: replace window period, agency_code, indicator_code
-- refresh: on change
with computed as (
    select
        agency_code,
        period,
        'dossiers_received_total' as indicator_code,
        received_total as value
    from served.dossiers_by_agency
    union all
    select
        agency_code,
        period,
        'dossiers_received_online' as indicator_code,
        received_online as value
    from served.dossiers_by_agency
    union all
    select
        agency_code,
        period,
        'dossiers_received_full_online' as indicator_code,
        received_full_online as value
    from served.dossiers_by_agency
    union all
    select
        agency_code,
        period,
        'services_with_dossier' as indicator_code,
        services_with_dossier as value
    from served.dossiers_by_agency
    union all
    select
        agency_code,
        period,
        'payments_total' as indicator_code,
        payments_total as value
    from served.dossiers_by_agency
    union all
    select
        agency_code,
        period,
        'payments_online' as indicator_code,
        payments_online as value
    from served.dossiers_by_agency
    union all
    select
        agency_code,
        period,
        'dossiers_reusing_data' as indicator_code,
        reusing_data as value
    from served.dossiers_by_agency
    union all
    select
        agency_code,
        period,
        'dossiers_resolved' as indicator_code,
        resolved as value
    from served.dossiers_by_agency
    union all
    select
        agency_code,
        period,
        'dossiers_on_time' as indicator_code,
        on_time as value
    from served.dossiers_by_agency
    union all
    select
        agency_code,
        period,
        'dossiers_overdue' as indicator_code,
        overdue as value
    from served.dossiers_by_agency
    union all
    select
        agency_code,
        period,
        'dossiers_withdrawn' as indicator_code,
        withdrawn as value
    from served.dossiers_by_agency
    union all
    select
        agency_code,
        period,
        'dossiers_in_progress' as indicator_code,
        in_progress as value
    from served.dossiers_by_agency
    union all
    select
        agency_code,
        period,
        'results_signed' as indicator_code,
        results_signed as value
    from served.dossiers_by_agency
    union all
    select
        agency_code,
        period,
        'ratings_total' as indicator_code,
        ratings_total as value
    from served.dossiers_by_agency
    union all
    select
        agency_code,
        period,
        'ratings_satisfied' as indicator_code,
        ratings_satisfied as value
    from served.dossiers_by_agency
),
checked as (
    select 'dossiers_received_total' as indicator_code
    union all
    select 'dossiers_received_online' as indicator_code
    union all
    select 'dossiers_received_full_online' as indicator_code
    union all
    select 'services_with_dossier' as indicator_code
    union all
    select 'payments_total' as indicator_code
    union all
    select 'payments_online' as indicator_code
    union all
    select 'dossiers_reusing_data' as indicator_code
    union all
    select 'dossiers_resolved' as indicator_code
    union all
    select 'dossiers_on_time' as indicator_code
    union all
    select 'dossiers_overdue' as indicator_code
    union all
    select 'dossiers_withdrawn' as indicator_code
    union all
    select 'dossiers_in_progress' as indicator_code
    union all
    select 'results_signed' as indicator_code
    union all
    select 'ratings_total' as indicator_code
    union all
    select 'ratings_satisfied' as indicator_code
),
reported as (
    select
        indicators.agency_code,
        indicators.period,
        indicators.indicator_code,
        sum(indicators.value) as value
    from refined.indicators
    inner join codes.periods
        on periods.code = indicators.period
        and periods.kind = 'month'
    inner join checked
        on checked.indicator_code = indicators.indicator_code
    where indicators.disaggregation = 'total'
    group by indicators.agency_code, indicators.period, indicators.indicator_code
),
-- every figure that one of the two sides has
figures as (
    select
        agency_code,
        period,
        indicator_code
    from computed
    union
    select
        agency_code,
        period,
        indicator_code
    from reported
),
paired as (
    select
        figures.agency_code,
        figures.period,
        figures.indicator_code,
        cast(reported.value as decimal(24, 2)) as reported_value,
        cast(computed.value as decimal(24, 2)) as computed_value
    from figures
    left join computed
        on computed.agency_code = figures.agency_code
        and computed.period = figures.period
        and computed.indicator_code = figures.indicator_code
    left join reported
        on reported.agency_code = figures.agency_code
        and reported.period = figures.period
        and reported.indicator_code = figures.indicator_code
),
-- relative to the larger of the two: between 0 and 1 whichever side is wrong, and never by zero
compared as (
    select
        agency_code,
        period,
        indicator_code,
        reported_value,
        computed_value,
        reported_value - computed_value as difference,
        case
            when reported_value = computed_value then cast(0 as decimal(28, 10))
            when greatest(reported_value, computed_value) > 0
                then cast(abs(reported_value - computed_value) as decimal(28, 6))
                    / greatest(reported_value, computed_value)
        end as relative_difference
    from paired
)
select
    cast(compared.agency_code as varchar) as agency_code,
    cast(compared.period as varchar) as period,
    cast(compared.indicator_code as varchar) as indicator_code,
    cast(agencies.agency_name_vi as varchar) as agency_name_vi,
    cast(agencies.agency_name_en as varchar) as agency_name_en,
    cast(indicators.name_vi as varchar) as indicator_name_vi,
    cast(indicators.name_en as varchar) as indicator_name_en,
    cast(compared.reported_value as decimal(24, 2)) as reported_value,
    cast(compared.computed_value as decimal(24, 2)) as computed_value,
    cast(compared.difference as decimal(25, 2)) as difference,
    cast(compared.relative_difference as decimal(7, 6)) as relative_difference,
    cast(
        case
            when compared.reported_value is null then 'not_reported'
            when compared.computed_value is null then 'no_transactions'
            when compared.difference = 0 then 'match'
            when compared.relative_difference <= thresholds.value then 'minor'
            else 'major'
        end
        as varchar
    ) as verdict
from compared
inner join codes.periods
    on periods.code = compared.period
left join refined.agencies
    on agencies.reported_code = compared.agency_code
    and periods.end_on between agencies.valid_from and agencies.valid_to
left join codes.indicators
    on indicators.code = compared.indicator_code
    and periods.end_on >= coalesce(indicators.valid_from, date '1900-01-01')
    and periods.end_on <= coalesce(indicators.valid_to, date '9999-12-31')
left join codes.thresholds
    on thresholds.code = 'reconciliation_tolerance'
    and periods.end_on >= coalesce(thresholds.valid_from, date '1900-01-01')
    and periods.end_on <= coalesce(thresholds.valid_to, date '9999-12-31')
