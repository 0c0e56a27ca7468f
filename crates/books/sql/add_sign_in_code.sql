insert into sign_in_codes (hash, name, role, agency, expires_at)
values ($1, $2, $3, $4, $5)
