-- The steps of a page of runs, newest run first.
with runs as (
  select
    run_id,
    min(started_at) as started_at
  from system.runs
  group by run_id
),
placed as (
  select
    run_id,
    row_number() over (order by started_at desc, run_id desc) as position
  from runs
)
select
  arrow_cast(steps.run_id, 'Utf8View') as run_id,
  steps.started_at as started_at,
  arrow_cast(steps.dataset, 'Utf8View') as dataset,
  arrow_cast(steps.state, 'Utf8View') as state,
  arrow_cast(steps.inputs, 'Utf8View') as inputs,
  steps.output_version as output_version,
  steps."rows" as row_count,
  steps.seconds as seconds,
  arrow_cast(steps.message, 'Utf8View') as message,
  arrow_cast(steps.scope, 'Utf8View') as scope
from system.runs as steps
inner join placed on placed.run_id = steps.run_id
where placed.position > $first and placed.position <= $last
order by placed.position
