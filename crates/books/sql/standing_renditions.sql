select *
from renditions
where not exists (
  select 1
  from supersessions
  where supersessions.rendition = renditions.id
    and supersessions.lifted_at is null
)
order by
  created_at desc,
  id desc
