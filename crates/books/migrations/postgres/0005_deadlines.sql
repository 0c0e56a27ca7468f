-- The day on which a submission was due; none where its dataset has no deadline.
alter table submissions add column due_on text collate "C";

create table extensions (
  dataset text collate "C" not null,
  period text collate "C" not null,
  agency text collate "C" not null,
  -- From 1 for each of the three above.
  number bigint not null,
  due_before text collate "C" not null,
  due_until text collate "C" not null,
  reason text collate "C" not null,
  principal text collate "C" not null,
  extended_at bigint not null,
  primary key (dataset, period, agency, number)
);

create index submissions_by_obligation on submissions (dataset, period, agency);
