update supersessions
set lifted_at = $2
where set_sequence > $1
  and set_sequence < $3
  and lifted_at is null
