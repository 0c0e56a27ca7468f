-- Renditions whose figures are not those that are published any more, since which published set.
create table supersessions (
  rendition text collate "C" not null,
  set_sequence bigint not null,
  -- The run that published the set; none if a rollback did.
  run text collate "C",
  marked_at bigint not null,
  -- When a rollback showed the figures again.
  lifted_at bigint,
  primary key (rendition, set_sequence)
);
create index supersessions_by_set on supersessions (set_sequence);
create index renditions_by_report on renditions (report, created_at);
-- The published set up to which renditions were held against what is published: one row.
create table judged_sets (
  id bigint not null primary key,
  set_sequence bigint not null
);
