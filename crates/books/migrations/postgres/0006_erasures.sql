-- Why the evidence of a submission is restricted; none if it is not, or not judged yet.
alter table submissions add column restricted text collate "C"
check (restricted in ('classified', 'personal_data', 'unread'));

-- When, by whom and why its bytes were erased, and which erasure of these bytes it was.
alter table submissions add column erasure bigint;
alter table submissions add column erased_at bigint;
alter table submissions add column erased_by text collate "C";
alter table submissions add column erased_reason text collate "C";

create index submissions_by_evidence on submissions (evidence_sha256, erasure);

create index submissions_kept on submissions (received_at, id)
where erasure is null and state <> 'durable';
