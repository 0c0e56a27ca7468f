-- The steps of one run.
select
  arrow_cast(run_id, 'Utf8View') as run_id,
  started_at,
  arrow_cast(dataset, 'Utf8View') as dataset,
  arrow_cast(state, 'Utf8View') as state,
  arrow_cast(inputs, 'Utf8View') as inputs,
  output_version,
  "rows" as row_count,
  seconds,
  arrow_cast(message, 'Utf8View') as message,
  arrow_cast(scope, 'Utf8View') as scope
from system.runs
where run_id = $id
order by dataset
