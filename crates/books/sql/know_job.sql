insert into jobs (name, known_at)
values ($1, $2)
on conflict do nothing
