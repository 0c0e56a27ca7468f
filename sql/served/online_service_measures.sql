-- why: computes the statutory measures of online services from counts; no ratio is ever accepted
-- write: replace window period, agency_code
-- refresh: on change
with transactions as (
    select
        agency_code,
        period,
        received_total,
        received_online,
        received_full_online,
        payments_total,
        payments_online,
        reusing_data,
        papers_total,
        papers_reused,
        resolved,
        on_time,
        on_time + overdue as judged,
        results_signed,
        ratings_total,
        ratings_satisfied
    from served.dossiers_by_agency
),
indicators as (
    select
        indicators.agency_code,
        indicators.period,
        sum(indicators.value) filter (where indicators.indicator_code = 'services_total')
            as services_total,
        sum(indicators.value) filter (where indicators.indicator_code = 'services_full_online')
            as services_full_online,
        sum(indicators.value) filter (
            where indicators.indicator_code in (
                'proactive_level_1',
                'proactive_level_2',
                'proactive_level_3',
                'proactive_level_4'
            )
        ) as services_proactive
    from refined.indicators
    inner join codes.periods
        on periods.code = indicators.period
        and periods.kind = 'month'
    where indicators.disaggregation = 'total'
    group by indicators.agency_code, indicators.period
),
reporters as (
    select
        agency_code,
        period
    from transactions
    union
    select
        agency_code,
        period
    from indicators
),
counts as (
    select
        reporters.agency_code,
        reporters.period,
        'full_online_service_rate' as measure_code,
        'indicators' as source,
        cast(indicators.services_full_online as decimal(24, 2)) as numerator,
        cast(indicators.services_total as decimal(24, 2)) as denominator
    from reporters
    left join indicators
        on indicators.agency_code = reporters.agency_code
        and indicators.period = reporters.period
    union all
    select
        reporters.agency_code,
        reporters.period,
        'online_dossier_rate' as measure_code,
        'transactions' as source,
        cast(transactions.received_online as decimal(24, 2)) as numerator,
        cast(transactions.received_total as decimal(24, 2)) as denominator
    from reporters
    left join transactions
        on transactions.agency_code = reporters.agency_code
        and transactions.period = reporters.period
    union all
    select
        reporters.agency_code,
        reporters.period,
        'full_online_dossier_rate' as measure_code,
        'transactions' as source,
        cast(transactions.received_full_online as decimal(24, 2)) as numerator,
        cast(transactions.received_total as decimal(24, 2)) as denominator
    from reporters
    left join transactions
        on transactions.agency_code = reporters.agency_code
        and transactions.period = reporters.period
    union all
    select
        reporters.agency_code,
        reporters.period,
        'automation_degree' as measure_code,
        'transactions' as source,
        cast(transactions.papers_reused as decimal(24, 2)) as numerator,
        cast(transactions.papers_total as decimal(24, 2)) as denominator
    from reporters
    left join transactions
        on transactions.agency_code = reporters.agency_code
        and transactions.period = reporters.period
    union all
    select
        reporters.agency_code,
        reporters.period,
        'data_reuse_rate' as measure_code,
        'transactions' as source,
        cast(transactions.reusing_data as decimal(24, 2)) as numerator,
        cast(transactions.received_total as decimal(24, 2)) as denominator
    from reporters
    left join transactions
        on transactions.agency_code = reporters.agency_code
        and transactions.period = reporters.period
    union all
    select
        reporters.agency_code,
        reporters.period,
        'online_payment_rate' as measure_code,
        'transactions' as source,
        cast(transactions.payments_online as decimal(24, 2)) as numerator,
        cast(transactions.payments_total as decimal(24, 2)) as denominator
    from reporters
    left join transactions
        on transactions.agency_code = reporters.agency_code
        and transactions.period = reporters.period
    union all
    select
        reporters.agency_code,
        reporters.period,
        'signed_result_rate' as measure_code,
        'transactions' as source,
        cast(transactions.results_signed as decimal(24, 2)) as numerator,
        cast(transactions.resolved as decimal(24, 2)) as denominator
    from reporters
    left join transactions
        on transactions.agency_code = reporters.agency_code
        and transactions.period = reporters.period
    union all
    select
        reporters.agency_code,
        reporters.period,
        'on_time_rate' as measure_code,
        'transactions' as source,
        cast(transactions.on_time as decimal(24, 2)) as numerator,
        cast(transactions.judged as decimal(24, 2)) as denominator
    from reporters
    left join transactions
        on transactions.agency_code = reporters.agency_code
        and transactions.period = reporters.period
    union all
    select
        reporters.agency_code,
        reporters.period,
        'satisfaction_rate' as measure_code,
        'transactions' as source,
        cast(transactions.ratings_satisfied as decimal(24, 2)) as numerator,
        cast(transactions.ratings_total as decimal(24, 2)) as denominator
    from reporters
    left join transactions
        on transactions.agency_code = reporters.agency_code
        and transactions.period = reporters.period
    union all
    select
        reporters.agency_code,
        reporters.period,
        'proactive_service_rate' as measure_code,
        'indicators' as source,
        cast(indicators.services_proactive as decimal(24, 2)) as numerator,
        cast(indicators.services_total as decimal(24, 2)) as denominator
    from reporters
    left join indicators
        on indicators.agency_code = reporters.agency_code
        and indicators.period = reporters.period
)
select
    cast(counts.agency_code as varchar) as agency_code,
    cast(counts.period as varchar) as period,
    cast(counts.measure_code as varchar) as measure_code,
    cast(
        case counts.measure_code
            when 'automation_degree' then 'Mức độ tự động hóa'
            when 'proactive_service_rate' then 'Tỷ lệ dịch vụ công chủ động'
            else score_weights.name_vi
        end
        as varchar
    ) as measure_name_vi,
    cast(
        case counts.measure_code
            when 'automation_degree' then 'Degree of automation'
            when 'proactive_service_rate' then 'Proactive service rate'
            else score_weights.name_en
        end
        as varchar
    ) as measure_name_en,
    cast(agencies.agency_name_vi as varchar) as agency_name_vi,
    cast(agencies.agency_name_en as varchar) as agency_name_en,
    cast(agencies.agency_kind as varchar) as agency_kind,
    cast(agencies.province_code as varchar) as province_code,
    cast(counts.source as varchar) as source,
    cast(counts.numerator as decimal(24, 2)) as numerator,
    cast(counts.denominator as decimal(24, 2)) as denominator,
    -- a part larger than its whole is a wrong report: it gets no rate, and the contract warns of it
    cast(
        case
            when counts.denominator > 0 and counts.numerator <= counts.denominator
                then cast(counts.numerator as decimal(28, 6)) / counts.denominator
        end
        as decimal(7, 6)
    ) as rate
from counts
inner join codes.periods
    on periods.code = counts.period
left join refined.agencies
    on agencies.reported_code = counts.agency_code
    and periods.end_on between agencies.valid_from and agencies.valid_to
left join codes.score_weights
    on score_weights.code = counts.measure_code
    and periods.end_on >= coalesce(score_weights.valid_from, date '1900-01-01')
    and periods.end_on <= coalesce(score_weights.valid_to, date '9999-12-31')
