-- What is done by one process at a time, and how far what has a schedule is done.
create table jobs (
  name text collate "C" not null primary key,
  -- Grows with every lease; whoever has an older one changes nothing.
  fence bigint not null default 0,
  held_by text collate "C",
  held_since bigint,
  held_until bigint,
  -- Whether whoever had it before did not say that it had ended.
  taken_over bigint not null default 0,
  known_at bigint not null,
  -- The last slot that is done, in the words of the schedule.
  slot text collate "C",
  ended_at bigint,
  -- Times that it failed since it last went well, and why the last one did.
  failures bigint not null default 0,
  error text collate "C"
);
