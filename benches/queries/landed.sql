-- what a table of dossiers holds, in words that every engine understands
select
    count(*) as row_count,
    sum(fee_amount) as fee_amount,
    sum(paper_count) as paper_count,
    count(finished_at) as finished_count,
    count(*) filter (where fee_paid_online) as paid_online_count,
    count(distinct procedure_code) as procedure_count,
    min(dossier_id) as first_id,
    max(dossier_id) as last_id,
    min(cast(received_at as date)) as first_received_on,
    max(cast(updated_at as date)) as last_updated_on
from raw.dossiers
