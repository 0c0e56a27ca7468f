insert into tokens (hash, name, role, agency, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6)
