-- Why rows were refused or marked.
select
  rule,
  severity,
  count(*) as rows
from system.quarantine
group by rule, severity
order by rows desc, rule
limit 10
