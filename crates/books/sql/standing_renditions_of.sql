select *
from renditions
where report = $1
  and created_at >= $2
  and not exists (
    select 1
    from supersessions
    where supersessions.rendition = renditions.id
      and supersessions.lifted_at is null
  )
order by
  created_at desc,
  id desc
limit 1000
