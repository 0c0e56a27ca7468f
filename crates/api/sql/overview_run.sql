-- why: gives the transformations of the newest run
with newest as (
    select run_id
    from system.runs
    order by
        started_at desc,
        run_id desc
    limit 1
)
select
    runs.run_id,
    runs.dataset,
    runs.state,
    runs.started_at,
    runs.seconds,
    runs.message
from system.runs
inner join newest
    on newest.run_id = runs.run_id
order by runs.dataset
