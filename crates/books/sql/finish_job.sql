insert into jobs (name, known_at, slot, ended_at, error, failures)
select $3, $5, $4, $5, $6, $7
from jobs as lease
where lease.name = $1
  and lease.fence = $2
  and lease.held_until is not null
on conflict (name) do update
set
  slot = coalesce(excluded.slot, jobs.slot),
  ended_at = excluded.ended_at,
  error = excluded.error,
  failures = case when excluded.failures = 0 then 0 else jobs.failures + 1 end
returning name
