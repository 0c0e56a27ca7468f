-- why: ranks the provinces by a weighted score of their measures; what nobody measured scores 0
-- write: replace window period
-- refresh: on change
with months as (
    select distinct
        periods.code as period,
        periods.end_on
    from served.online_service_measures
    inner join codes.periods
        on periods.code = online_service_measures.period
),
provinces as (
    select
        months.period,
        months.end_on,
        agencies.agency_code,
        agencies.agency_name_vi,
        agencies.agency_name_en,
        agencies.province_code,
        listed.name_vi as province_name_vi,
        listed.name_en as province_name_en,
        listed.kind as province_kind
    from months
    inner join refined.agencies
        on agencies.agency_kind = 'province'
        and agencies.merger_count = 0
        and months.end_on between agencies.valid_from and agencies.valid_to
    left join codes.provinces as listed
        on listed.code = agencies.province_code
        and months.end_on >= coalesce(listed.valid_from, date '1900-01-01')
        and months.end_on <= coalesce(listed.valid_to, date '9999-12-31')
),
weights as (
    select
        months.period,
        score_weights.code as measure_code,
        cast(score_weights.weight as decimal(9, 6)) as weight
    from months
    inner join codes.score_weights
        on months.end_on >= coalesce(score_weights.valid_from, date '1900-01-01')
        and months.end_on <= coalesce(score_weights.valid_to, date '9999-12-31')
),
scores as (
    select
        provinces.period,
        provinces.agency_code,
        count(weights.measure_code) as measures_total,
        count(measures.rate) as measures_scored,
        sum(weights.weight * coalesce(measures.rate, 0)) as weighted,
        sum(weights.weight) as weight_total
    from provinces
    inner join weights
        on weights.period = provinces.period
    left join served.online_service_measures as measures
        on measures.agency_code = provinces.agency_code
        and measures.period = provinces.period
        and measures.measure_code = weights.measure_code
    group by provinces.period, provinces.agency_code
),
-- rounded before banding and ranking, so that what is printed is what was judged
points as (
    select
        period,
        agency_code,
        measures_total,
        measures_scored,
        cast(
            case when weight_total > 0 then weighted * 100 / weight_total else 0 end
            as decimal(5, 2)
        ) as score
    from scores
),
bands as (
    select
        months.period,
        upper(substr(thresholds.code, 6, 1)) as band,
        cast(thresholds.value as decimal(5, 2)) as lower_bound
    from months
    inner join codes.thresholds
        on thresholds.code in ('band_a_min', 'band_b_min', 'band_c_min', 'band_d_min', 'band_e_min')
        and months.end_on >= coalesce(thresholds.valid_from, date '1900-01-01')
        and months.end_on <= coalesce(thresholds.valid_to, date '9999-12-31')
),
banded as (
    select
        points.period,
        points.agency_code,
        -- the letters run against the bounds: the best band reached is the first letter
        min(bands.band) as band
    from points
    inner join bands
        on bands.period = points.period
        and bands.lower_bound <= points.score
    group by points.period, points.agency_code
)
select
    cast(provinces.period as varchar) as period,
    cast(provinces.agency_code as varchar) as agency_code,
    cast(provinces.province_code as varchar) as province_code,
    cast(coalesce(provinces.province_name_vi, provinces.agency_name_vi) as varchar)
        as province_name_vi,
    cast(coalesce(provinces.province_name_en, provinces.agency_name_en) as varchar)
        as province_name_en,
    cast(provinces.province_kind as varchar) as province_kind,
    cast(points.score as decimal(5, 2)) as score,
    cast(banded.band as varchar) as band,
    cast(rank() over (partition by provinces.period order by points.score desc) as int) as rank,
    cast(points.measures_total as int) as measures_total,
    cast(points.measures_scored as int) as measures_scored
from provinces
inner join points
    on points.period = provinces.period
    and points.agency_code = provinces.agency_code
left join banded
    on banded.period = provinces.period
    and banded.agency_code = provinces.agency_code
