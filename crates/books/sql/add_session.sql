insert into sessions (hash, name, role, agency, created_at, seen_at)
values ($1, $2, $3, $4, $5, $5)
