delete from sign_in_codes
where expires_at <= $1
returning hash
