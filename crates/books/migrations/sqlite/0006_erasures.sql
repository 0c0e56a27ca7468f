-- Why the evidence of a submission is restricted; none if it is not, or not judged yet.
alter table submissions add column restricted text
check (restricted in ('classified', 'personal_data', 'unread'));

-- When, by whom and why its bytes were erased, and which erasure of these bytes it was.
alter table submissions add column erasure integer;
alter table submissions add column erased_at integer;
alter table submissions add column erased_by text;
alter table submissions add column erased_reason text;

create index submissions_by_evidence on submissions (evidence_sha256, erasure);

create index submissions_kept on submissions (received_at, id)
where erasure is null and state <> 'durable';
