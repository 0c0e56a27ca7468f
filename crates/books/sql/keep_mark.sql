update connectors
set
  mark = $3,
  in_hand = null,
  landed = landed + $4,
  refused = refused + $5,
  held_until = $6
where name = $1
  and fence = $2
  and held_until is not null
returning name
