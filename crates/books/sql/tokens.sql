select
  asked.key as turn,
  tokens.*
from json_each($1) as asked
cross join tokens
where tokens.hash = asked.value ->> 0
