-- What was received, by dataset.
with submitted as (
  select
    'raw.dossiers' as dataset,
    count(distinct _submission_id) as submissions,
    count(*) as landed
  from raw.dossiers
  union all
  select
    'raw.indicators' as dataset,
    count(distinct _submission_id) as submissions,
    count(*) as landed
  from raw.indicators
  union all
  select
    'raw.systems' as dataset,
    count(distinct _submission_id) as submissions,
    count(*) as landed
  from raw.systems
  union all
  select
    'raw.exchanges' as dataset,
    count(distinct _submission_id) as submissions,
    count(*) as landed
  from raw.exchanges
  union all
  select
    'raw.incidents' as dataset,
    count(distinct _submission_id) as submissions,
    count(*) as landed
  from raw.incidents
),
refused as (
  select
    dataset,
    count(distinct submission_id || ' ' || row_number) as refused
  from system.quarantine
  where severity = 'error'
  group by dataset
)
select
  submitted.dataset,
  submitted.submissions,
  submitted.landed,
  coalesce(refused.refused, 0) as quarantined
from submitted
left join refused on refused.dataset = submitted.dataset
order by submitted.landed desc
