update jobs
set
  held_by = null,
  held_since = null,
  held_until = null,
  ended_at = $3,
  error = $4,
  failures = case when $5 = 0 then 0 else failures + $5 end
where name = $1
  and fence = $2
returning name
