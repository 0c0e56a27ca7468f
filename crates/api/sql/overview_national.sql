-- why: gives the country's figures for one month
select
    dossiers_received,
    dossiers_resolved,
    dossiers_in_progress,
    online_dossier_rate,
    full_online_dossier_rate,
    on_time_rate,
    satisfaction_rate,
    p50_hours,
    mean_score,
    agencies_submitted,
    exchange_calls,
    figures_major
from served.national_summary
where period = $period
