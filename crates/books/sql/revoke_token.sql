update tokens
set revoked_at = $2
where hash = $1
  and revoked_at is null
returning hash
