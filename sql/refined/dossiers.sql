-- why: holds every dossier once, in its newest state, with who, what, when and whether in time
-- write: merge on dossier_id
-- refresh: on change
with ranked as (
    select
        dossier_id,
        procedure_code,
        agency_code,
        applicant_kind,
        channel,
        received_at,
        due_at,
        finished_at,
        returned_at,
        state,
        fee_amount,
        fee_paid_online,
        paper_count,
        reused_paper_count,
        result_signed,
        satisfaction,
        updated_at,
        _period,
        _submission_id,
        row_number() over (
            partition by dossier_id
            order by updated_at desc, _received_at desc, _row_number desc, _submission_id desc
        ) as age
    from raw.dossiers
),
-- civil time is the fixed +07:00 of Asia/Ho_Chi_Minh
newest as (
    select
        ranked.dossier_id,
        ranked.procedure_code,
        ranked.agency_code,
        ranked.applicant_kind,
        ranked.channel,
        ranked.received_at,
        ranked.due_at,
        ranked.finished_at,
        ranked.returned_at,
        ranked.state,
        states.phase,
        ranked.fee_amount,
        ranked.fee_paid_online,
        ranked.paper_count,
        ranked.reused_paper_count,
        ranked.result_signed,
        ranked.satisfaction,
        ranked.updated_at,
        ranked._period,
        ranked._submission_id,
        case
            when states.phase = 'resolved' then coalesce(ranked.finished_at, ranked.returned_at)
        end as resolved_at,
        cast(ranked.received_at + interval '7 hours' as date) as received_on,
        cast(ranked.updated_at + interval '7 hours' as date) as updated_on
    from ranked
    left join codes.states
        on states.code = ranked.state
    where ranked.age = 1
),
-- a dossier that ended without a known time ended at the latest when its state was written
dated as (
    select
        newest.dossier_id,
        newest.procedure_code,
        newest.agency_code,
        newest.applicant_kind,
        newest.channel,
        newest.received_at,
        newest.due_at,
        newest.finished_at,
        newest.returned_at,
        newest.state,
        newest.phase,
        newest.fee_amount,
        newest.fee_paid_online,
        newest.paper_count,
        newest.reused_paper_count,
        newest.result_signed,
        newest.satisfaction,
        newest.updated_at,
        newest._period,
        newest._submission_id,
        newest.resolved_at,
        newest.received_on,
        newest.updated_on,
        case
            when coalesce(newest.phase, 'open') = 'open' then null
            when newest.resolved_at is not null
                then cast(newest.resolved_at + interval '7 hours' as date)
            else newest.updated_on
        end as closed_on
    from newest
)
select
    cast(dated.dossier_id as varchar) as dossier_id,
    cast(dated.procedure_code as varchar) as procedure_code,
    cast(procedures.field_code as varchar) as field_code,
    cast(fields.name_vi as varchar) as field_name_vi,
    cast(fields.name_en as varchar) as field_name_en,
    cast(procedures.online_level as varchar) as online_level,
    cast(dated.agency_code as varchar) as reported_agency_code,
    cast(coalesce(agencies.agency_code, dated.agency_code) as varchar) as agency_code,
    cast(agencies.agency_name_vi as varchar) as agency_name_vi,
    cast(agencies.agency_name_en as varchar) as agency_name_en,
    cast(agencies.agency_kind as varchar) as agency_kind,
    cast(agencies.province_code as varchar) as province_code,
    cast(dated.applicant_kind as varchar) as applicant_kind,
    cast(dated.channel as varchar) as channel,
    cast(dated.state as varchar) as state,
    cast(dated.phase as varchar) as phase,
    arrow_cast(dated.received_at, 'Timestamp(Microsecond, Some("UTC"))') as received_at,
    arrow_cast(dated.due_at, 'Timestamp(Microsecond, Some("UTC"))') as due_at,
    arrow_cast(dated.finished_at, 'Timestamp(Microsecond, Some("UTC"))') as finished_at,
    arrow_cast(dated.returned_at, 'Timestamp(Microsecond, Some("UTC"))') as returned_at,
    arrow_cast(dated.updated_at, 'Timestamp(Microsecond, Some("UTC"))') as updated_at,
    cast(dated.received_on as date) as received_on,
    cast(dated.closed_on as date) as closed_on,
    cast(received_day.month_period as varchar) as received_period,
    cast(closed_day.month_period as varchar) as closed_period,
    cast(
        cast(
            (cast(dated.resolved_at as bigint) - cast(dated.received_at as bigint)) / 1000000
            as decimal(18, 4)
        ) / 3600
        as decimal(12, 2)
    ) as processing_hours,
    cast(dated.resolved_at <= dated.due_at as boolean) as on_time,
    cast(dated.fee_amount as bigint) as fee_amount,
    cast(dated.fee_paid_online as boolean) as fee_paid_online,
    cast(dated.paper_count as int) as paper_count,
    cast(dated.reused_paper_count as int) as reused_paper_count,
    cast(dated.result_signed as boolean) as result_signed,
    cast(dated.satisfaction as int) as satisfaction,
    cast(dated._period as varchar) as period,
    cast(coalesce(dated.updated_on < submitted_for.start_on, false) as boolean) as late_event,
    cast(dated._submission_id as varchar) as submission_id
from dated
left join codes.procedures
    on procedures.code = dated.procedure_code
    and dated.received_on >= coalesce(procedures.valid_from, date '1900-01-01')
    and dated.received_on <= coalesce(procedures.valid_to, date '9999-12-31')
left join codes.fields
    on fields.code = procedures.field_code
    and dated.received_on >= coalesce(fields.valid_from, date '1900-01-01')
    and dated.received_on <= coalesce(fields.valid_to, date '9999-12-31')
left join refined.agencies
    on agencies.reported_code = dated.agency_code
    and dated.updated_on between agencies.valid_from and agencies.valid_to
left join refined.calendar as received_day
    on received_day.day = dated.received_on
left join refined.calendar as closed_day
    on closed_day.day = dated.closed_on
left join codes.periods as submitted_for
    on submitted_for.code = dated._period
