insert into renditions (id, report, format, object_path, manifest, created_at)
values (?1, ?2, ?3, ?4, ?5, ?6)
