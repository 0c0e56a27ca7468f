select vn_normalize('Tỉnh  Khánh Hoà'), vn_normalize('Uỷ ban'), vn_normalize('José');
-- Tỉnh Khánh Hòa | Ủy ban | José
