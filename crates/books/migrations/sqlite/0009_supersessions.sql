-- Renditions whose figures are not those that are published any more, since which published set.
create table supersessions (
  rendition text not null,
  set_sequence integer not null,
  -- The run that published the set; none if a rollback did.
  run text,
  marked_at integer not null,
  -- When a rollback showed the figures again.
  lifted_at integer,
  primary key (rendition, set_sequence)
) strict, without rowid;
create index supersessions_by_set on supersessions (set_sequence);
create index renditions_by_report on renditions (report, created_at);
-- The published set up to which renditions were held against what is published: one row.
create table judged_sets (
  id integer not null primary key,
  set_sequence integer not null
) strict, without rowid;
