-- A page of what runs found of the rules of a dataset, newest run first, the rules of the table
-- behind those of its columns.
with found as (
  select
    row_number() over (
      order by
        checked_at desc,
        run_id desc,
        column_name nulls last,
        rule
    ) as position,
    run_id,
    version,
    rule,
    column_name,
    severity,
    passed,
    failed_rows,
    checked_rows,
    null_rows,
    message_vi,
    message_en,
    checked_at
  from system.quality
  where dataset = $dataset
)
select
  arrow_cast(run_id, 'Utf8View') as run_id,
  version,
  arrow_cast(rule, 'Utf8View') as rule,
  arrow_cast(column_name, 'Utf8View') as column_name,
  arrow_cast(severity, 'Utf8View') as severity,
  passed,
  failed_rows,
  checked_rows,
  null_rows,
  arrow_cast(message_vi, 'Utf8View') as message_vi,
  arrow_cast(message_en, 'Utf8View') as message_en,
  checked_at
from found
where position > $first and position <= $last
order by position
