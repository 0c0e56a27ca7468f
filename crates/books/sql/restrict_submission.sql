update submissions
set restricted = $2
where id = $1
  and restricted is null
