-- What each agency has handed in for a period and not taken back.
select
  agency,
  count(*) as submissions,
  min(received_at) as first_received_at
from submissions
where dataset = $1
  and period = $2
  and state = 'committed'
  and ended_at is null
group by agency
order by agency
