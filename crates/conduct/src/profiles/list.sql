with found as (
  select
    rank() over (order by profiled_at desc, run_id desc) as age,
    row_number() over (
      order by profiled_at desc, run_id desc, period desc nulls last, column_name
    ) as position,
    *
  from system.profiles
  where dataset = $dataset {period}
)
select
  arrow_cast(run_id, 'Utf8View') as run_id,
  version,
  arrow_cast(period, 'Utf8View') as period,
  arrow_cast(column_name, 'Utf8View') as column_name,
  arrow_cast(kind, 'Utf8View') as kind,
  rows,
  seen_rows,
  sampled,
  null_rows,
  not_finite_rows,
  distinct_values,
  arrow_cast(min_value, 'Utf8View') as min_value,
  arrow_cast(max_value, 'Utf8View') as max_value,
  mean,
  arrow_cast(quantiles, 'Utf8View') as quantiles,
  arrow_cast(top_values, 'Utf8View') as top_values,
  arrow_cast(histogram, 'Utf8View') as histogram,
  arrow_cast(hidden, 'Utf8View') as hidden,
  psi,
  null_share_change,
  arrow_cast(compared_run, 'Utf8View') as compared_run,
  arrow_cast(compared_period, 'Utf8View') as compared_period,
  profiled_at
from found
where {wanted}
order by position
