insert into connectors (name, fence, held_by, held_until, known_at, started_at)
values ($1, 1, $2, $3, $4, $4)
on conflict (name) do update
set
  fence = connectors.fence + 1,
  held_by = excluded.held_by,
  held_until = excluded.held_until,
  started_at = excluded.started_at,
  landed = 0,
  refused = 0
where connectors.held_until is null
  or connectors.held_until <= excluded.started_at
returning fence, mark, in_hand
