insert into supersessions (rendition, set_sequence, run, marked_at)
values ($1, $2, $3, $4)
on conflict do nothing
