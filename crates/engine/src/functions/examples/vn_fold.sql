select vn_fold('TP. Đà Nẵng'), vn_fold('Thừa Thiên  Huế') = vn_fold('THỪA THIÊN HUẾ');
-- tp. da nang | true
