insert into jobs (name, fence, held_by, held_until, held_since, known_at)
values ($1, $5, $2, $3, $4, $4)
on conflict (name) do update
set
  fence = case
    when jobs.fence >= excluded.fence then jobs.fence + 1
    else excluded.fence
  end,
  held_by = excluded.held_by,
  held_until = excluded.held_until,
  held_since = excluded.held_since,
  taken_over = case when jobs.held_until is null then 0 else 1 end
where jobs.held_until is null
  or jobs.held_until <= excluded.held_since
returning fence, taken_over
