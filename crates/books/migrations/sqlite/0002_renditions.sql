-- A rendition is kept in several formats, each in the object store under the rendition's id; its
-- manifest names them.
alter table renditions drop column format;
alter table renditions drop column object_path;
