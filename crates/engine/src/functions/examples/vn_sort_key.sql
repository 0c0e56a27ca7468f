select name
from (values ('Đà Nẵng'), ('Ê Đê'), ('Dầu Tiếng'), ('Ăn'), ('Ân')) as listed(name)
order by vn_sort_key(name), name;
-- Ăn
-- Ân
-- Dầu Tiếng
-- Đà Nẵng
-- Ê Đê
