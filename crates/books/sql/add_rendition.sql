insert into renditions (id, report, manifest, created_at)
values ($1, $2, $3, $4)
