update connectors
set
  in_hand = $3,
  held_until = $4
where name = $1
  and fence = $2
  and held_until is not null
returning name
