update jobs
set held_until = $3
where name = $1
  and fence = $2
  and held_until is not null
returning name
