delete from sign_in_codes
where name = (
  select name
  from tokens
  where hash = $1
    and revoked_at is null
)
