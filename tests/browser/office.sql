select
    dossier_id,
    procedure_code,
    agency_code,
    received_at,
    fee_amount,
    fee_paid_online,
    satisfaction,
    _period as period,
    '00' || substr(procedure_code, 1, 1) || '42' as padded,
    '=1+' || cast(paper_count as varchar) as formula,
    '-' || cast(paper_count as varchar) as minus,
    '@' || channel as at_sign,
    cast(9007199254740993 as bigint) + paper_count as big,
    cast(fee_amount as decimal(20, 3)) / 8 as share,
    date '1789-07-14' as old_day,
    date '2026-09-15' as new_day
from raw.dossiers
order by dossier_id, updated_at, _submission_id, _row_number
limit 2000
