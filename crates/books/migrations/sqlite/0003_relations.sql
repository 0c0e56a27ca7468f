-- A submission may replace or correct an earlier one, and may be replaced or withdrawn in turn.
alter table submissions add column relation text check (relation in ('replaces', 'corrects'));
alter table submissions add column related_to text;
alter table submissions add column superseded_rows integer;
alter table submissions add column ended_by text;
alter table submissions add column ended_at integer;

-- A JSON array of the totals that the sender declared.
alter table submissions add column control_totals text not null default '[]';

-- The signed receipt as a JSON document.
alter table submissions add column sealed text;

create index submissions_by_relation on submissions (related_to, committed_at)
where related_to is not null;
