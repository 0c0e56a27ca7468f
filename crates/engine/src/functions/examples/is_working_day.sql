select
    is_working_day(date '2026-09-02', [date '2026-09-02']),
    is_working_day(date '2026-08-22', [], [date '2026-08-22']);
-- false | true
