-- The day on which a submission was due; none where its dataset has no deadline.
alter table submissions add column due_on text;

create table extensions (
  dataset text not null,
  period text not null,
  agency text not null,
  -- From 1 for each of the three above.
  number integer not null,
  due_before text not null,
  due_until text not null,
  reason text not null,
  principal text not null,
  extended_at integer not null,
  primary key (dataset, period, agency, number)
) strict, without rowid;

create index submissions_by_obligation on submissions (dataset, period, agency);
