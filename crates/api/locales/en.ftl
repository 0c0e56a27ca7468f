# The frame of the page
brand = Electronic transactions of state agencies
skip = Skip to the content
switch = Tiếng Việt
nav = Main
nav-overview = Overview
nav-datasets = Datasets
nav-lineage = Lineage
nav-query = Query
nav-reports = Reports
nav-submissions = Submissions
nav-connectors = Connectors
nav-quarantine = Quarantine
nav-runs = Runs
signed-in-as = Signed in:
sign-out = Sign out
foot = Times are Vietnamese civil time (+07:00).
foot-api = API description
parts = Parts of the list
part-before = ← Previous
part-after = Next →

# Signing in
sign-in = Sign in
sign-in-about = Give an access token to see the data.
sign-in-code = This link signs you in once. Press the button to go on.
sign-in-confirm = Sign in with this link
sign-in-refused = The token or link is wrong, used up or expired.
token = Access token
token-hint = Your administrator gives it to you; the operator's own is in the file

# Overview
overview-title = National overview
overview-chart = Score by province, period { $period }
national = The country, period
scoreboard = Provincial scoreboard
scoreboard-about = The score is the weighted sum of the measures; a measure without data scores nothing. Weights and the bands A–E are configuration.
scoreboard-caption = Scores and bands, period { $period }
rank = Rank
province = Province
band = Band
score = Score
measures = Measures with data
show = Show
to-monthly = Render the monthly report of this period
last-submissions = Newest submissions
all-submissions = All submissions
last-run = Newest run
all-runs = All runs
next-title = What to do next
next-permission = Your role may not read figures, so they are not shown here. Ask your administrator if you need them.
next-summary = This project lacks the dataset that the overview shows:
next-tables = There are no tables yet. Create them as the contracts say:
next-data = There is no data yet. Submit an agency's data and run the transformations:
next-run = Data was submitted, but nothing was computed from it yet. Run the transformations:
next-datasets = See the datasets

# Datasets
datasets-about = Every dataset has a contract: its meaning, columns, rules and owner.
datasets-unapplied = Some datasets have no table yet. Create them with
dataset-unapplied = This dataset has no table yet. Create it with
layer-served = Published
layer-served-about = Aggregates for reports, dashboards and sharing.
layer-refined = Refined
layer-refined-about = Standardised, without duplicates, enriched from code lists.
layer-raw = Raw
layer-raw-about = As the agencies submitted it.
layer-codes = Code lists
layer-codes-about = Codes with their dates of validity.
layer-system = System
layer-system-about = The system's own books.
dataset = Dataset
rows = Rows
size = Size
files = Files
version = Version
table-version = Table version
contract-version = Contract version
committed-at = Committed at
legal-basis = Legal basis
limitations = Note:
owner = Owner
classification = Classification
classification-public = Everyone with an account
classification-internal = The agency's own people and the ministry
classification-restricted = Named people only
to-query = Query this dataset
to-contract = Read the contract (ODCS)
to-trace = Find the submissions behind a figure
to-template = The form as an Excel file, to fill in and send
to-lineage = Lineage picture
to-lineage-columns = Lineage of the columns
to-lineage-all = See how they are made of one another
quarantine = Quarantine
quarantine-rows = Rows received for this dataset that broke its rules and did not land: { $rows }.
quarantine-query = Query these rows and why they were refused
quarantine-search = Search these rows
quarantine-see = See the submissions and their errors
columns = Columns
column = Column
label = Label
type = Type
required = Required
meaning = Meaning
key = Key
yes = Yes
no = No
rules = Rules
rules-count = { $count ->
    [1] 1 rule
   *[other] { $count } rules
}
rule = Rule
severity = Severity
severity-error = Error
severity-quarantine = Set aside
severity-warning = Warning
outcomes = Rules in the last run
outcomes-json = The results of every run as JSON
outcomes-refused = A rule of severity Error does not hold, so nothing was published: what was published before still is.
no-outcomes = No run has judged this dataset yet, so there is no result.
outcome = Result
outcome-passed = Holds
outcome-broken = Does not hold
failed-rows = Rows that break it
checked-rows = Rows checked
open-rows = Rows left open by missing values
message = Message
profiles = Columns in figures
profiles-sampled = Rows looked at: { $rows }.
profiles-json = The profiles of every run as JSON
null-rows = Without a value
distinct-values = Different values
least = Least
median = Median
greatest = Greatest
top-values = Most frequent values (rows)
histogram = Distribution
histogram-from-to = Values
histogram-most = Most rows in
psi = Drift (PSI)
hidden-restricted = Values are hidden: the dataset is for named people
hidden-from-personal = Values are hidden: it is made from a column that may hold personal data
hidden-looks-personal = Values are hidden: one looks like personal data
lineage = Made of, used by
upstream = Made of
downstream = Used by
nothing = Nothing
sql = The SQL that makes it
partitions = Files by partition
partitions-count = { $count ->
    [1] 1 partition
   *[other] { $count } partitions
}
partitions-cut = Only the first { $count } partitions are shown.
data-files = Data files, the largest first
data-files-count = { $count ->
    [1] 1 file
   *[other] { $count } files
}
data-files-rest = Smaller files that are not shown: { $count }.
path = Path in the table's folder
history = History
history-all = All versions
history-about = Each commit makes a version, newest first; a query can read any of them by its number.
history-json = The versions as JSON
no-history = There is no version yet.
operation = Operation
rows-written = Rows written
commit-info = Commit

# Lineage
lineage-about = Every table is made of the tables to its left. Open one to see what is near to it, and its columns.
lineage-search = Find a dataset or a column
lineage-not-found = No dataset and no column has that in its name or title. Try fewer words; accents may be left out.
lineage-more = And { $count } more; add a word to see fewer.
search = Search
lineage-of = Lineage of
this-dataset = This dataset
every-column = every column
picture = Picture
picture-about = Left to right: what a table is made of, the table, what is made of it. Each table is a link; the list below says the same.
picture-columns-about = Left to right: what a column is made of, the columns, what is made of them. Solid lines carry values; dashed ones only decide about rows.
picture-list = The same as a list
picture-too-large = There are too many tables for one picture. Choose one from the list to see what is near to it.
picture-cut = Not everything fits into the picture.
picture-all = Draw also what only decides about rows
picture-direct = Draw only what carries values
depth = Steps up and down
depth-all = all
to-dataset = The dataset
kind = How
kind-identity = taken as it is
kind-transformation = computed from the row
kind-aggregation = computed from many rows
kind-join = joined by it
kind-filter = filtered by it
kind-group-by = grouped by it
kind-sort = ordered by it
kind-window = by it within a window
kind-conditional = chosen by it
kind-opaque = not known more exactly

# Query
query-about = Read-only, over every layer. For the names of datasets and columns see
query-hint = One select. This page shows the first 200 rows at most, fewer when they are wide; the API answers all of them.
query-at = Moment (optional)
query-at-hint = A time, a day (its end), the id of a run, or versions such as {"{"}"served.daily": 3{"}"}; empty means now.
query-run = Run the query
answer = Result
answer-rows = Rows: { $rows }.
answer-cut = Only the first { $rows } rows are shown; there are more.
answer-shortened = Only the first { $characters } characters of long values are shown.
query-download = Download the whole result:
versions-read = Versions that were read:

# Submissions behind a figure
trace = Submissions behind the figures of
trace-about = Choose rows of the dataset, and one of their figures or the whole rows. Their computation is followed back to the submissions that they come from, and done again from these alone.
trace-where = Rows
trace-where-hint = A condition over the columns, as in SQL, that chooses the rows.
trace-where-example = For example:
trace-column = Figure
trace-whole-row = The whole row
trace-find = Find the submissions
trace-no-row = No row meets the condition, so there is nothing behind it.
trace-rows = { $rows ->
    [1] 1 row was chosen
   *[other] { $rows } rows were chosen
}
trace-run = computed by the run
trace-submissions = { $count ->
    [0] no submission is behind this.
    [1] 1 submission is behind this.
   *[other] { $count } submissions are behind this.
}
trace-same = Computed again from the submissions that are named here and from no others, the figures came out the same.
trace-not-same = Computed again from the submissions that are named here and from no others, the figures came out different. Do not rely on this list before it is known why.
trace-exact = The list is exact: every submission in it is behind the figures, and no other is.
trace-not-exact = The list may name too many submissions, but none is missing. These steps of the computation do not tell which rows they used:
trace-role = What it does
trace-role-value = Its rows are in the figure
trace-role-presence = It keeps the row there
trace-role-hiding = It keeps other rows out
trace-row-count = Its rows behind this
trace-cut = Only the first { $count } submissions are shown. The API names all of them, and so does the command

# Reports
no-reports = There is no report definition yet.
is-required = (required)
report-render = Render the report
download-xlsx = Download XLSX
download-csv = Download CSV
renditions = Kept renditions
renditions-caption = Renditions of this report, newest first
renditions-about = A superseded rendition shows figures that were corrected after it was rendered. Its bytes stay as they are and can still be verified.
rendered-at = Rendered
rendition-params = Parameters
rendition-files = Files
rendition-state = State
rendition-stands = Shows what is published
superseded = Superseded since
superseded-run = the run that published other figures
superseded-by = the rendition with the figures of now
report-about = The report is kept with the hashes of its SQL and the versions of its data, so that the same figures can be made again.

# Runs
runs-about = A run makes tables anew from what they read, in order, and publishes each only after its checks. Runs that found nothing to do are not kept.
runs-caption = Runs, newest first
run-id = Run
run-of = Run of
run-failed = Tables failed in this run; see why.
started-at = Started at
seconds = Seconds of work
no-run = Nothing has run yet.
steps = Tables in their order
step-built = Built
step-up-to-date = Up to date
step-failed = Failed
step-skipped = Skipped
version-made = Version
computed-anew = Computed anew
versions-of-inputs = Versions read
rollback = Roll back
rollback-about = Readers see again what was published just before this run, all of it in one step. Runs that published after it are undone with it. Then nothing runs by schedule until somebody runs by hand; that run computes what differs, so mend the SQL or the data first.
rollback-sure = I mean to undo this run and every run that published after it
rollback-now = Roll back
rollback-done = Rolled back: readers see what was published before this run. Nothing runs by schedule until somebody runs by hand.
rollback-undone = Runs that are undone, newest first
rollback-restored = Datasets that were restored
rollback-from = Version that readers saw
rollback-to = Version whose rows are back

# Submissions
submissions-about = Every submission is kept as it was received, as evidence; every row is checked against the contract.
submissions-caption = Submissions, newest first
no-submissions = There is no submission yet.
submission = Submission
submission-id = Submission id
received-at = Received at
agency = Agency
period = Period
state = State
state-durable = Evidence kept
state-committed = In the table
state-refused = Refused
rows-received = Rows received
rows-landed = Rows landed
rows-quarantined = Rows in quarantine
rows-warned = Rows with warnings
receipt = Receipt
receipt-json = The receipt as JSON
errors-json = The row errors as JSON
sent-by = Sent by
relation-replaces = Replaces
relation-corrects = Corrects
replaced-by = Replaced by
withdrawn = Withdrawn
control-total = Declared total
evidence = Evidence
evidence-get = Get what was received
evidence-sha256 = Hash (SHA-256)
evidence-erased = Erased: the bytes are gone, the hash stays
erased-at = Erased
erased-why = Reason for erasing
restricted = Restricted evidence
restricted-classified = The contract says so
restricted-personal-data = Values that look like personal data were hidden
restricted-unread = It was refused before it was read to its end
erase = Erase the evidence
erase-about = The bytes that were received are removed for good. The hash, the receipt and the rows in tables stay; withdrawing the submission takes its rows out.
erase-reason = Reason
erase-reason-hint = It is kept for good: name nobody in it.
erase-others = Also for other submissions that brought the same bytes
erase-now = Erase for good
row-errors = Row errors
no-row-errors = There are none.
row = Row
row-all = All
value = Value

# Quarantine
quarantine-about = Rows that were received and did not land, a line for every rule that they broke. Narrow them by any of these; empty means all.
quarantine-empty = There are no such rows.
quarantine-by-dataset = Dataset
quarantine-by-agency = Agency code
quarantine-by-period = Period
quarantine-by-rule = Rule
quarantine-by-submission = Submission id
mend-about = Take the refused rows, mend them in the file and send that file; the notes _row, _rules and _message are passed over.
mend-xlsx = Refused rows (Excel)
mend-csv = Refused rows (CSV)

# Deadlines
obligations = Deadlines and what was handed in
obligations-about = Each agency has a deadline for each period. What comes later is taken and marked as late; once the period is locked, it is taken only if the deadline was extended.
no-obligations = No agency owes anything for this period.
to-obligations = Deadlines and what the agencies have handed in
due-on = Due
locks-at = Locks
lock-never = Never
deadline-days = { $days ->
    [0] On the last day of the period
    [1] 1 day after the period ends
   *[other] { $days } days after the period ends
}
deadline-basis = Basis of the deadline
verified = checked against the text
unverified = not checked against the text
submissions-made = Submissions
first-received = First received at
extensions = Extensions
extended-until = Extended until { $day }:
standing-not_yet = Not begun
standing-open = Taken, on time
standing-late = Taken, late
standing-locked = Locked
timeliness-on-time = on time
timeliness-late = late

# Errors
status = Status
correlation-id = Correlation id
to-overview = To the overview
error-invalid = The request is wrong
error-refused = The data is refused
error-unauthenticated = You must sign in
error-forbidden = This is not allowed
error-not-found = There is no such thing
error-gone = This was erased
error-conflict = This conflicts with what is there
error-body-too-large = What was sent is too large
error-limit-exceeded = A limit was met
error-unavailable = Not available now
error-corrupt = Stored data is damaged
error-internal = Something broke

# Connectors
connectors-about = A connector fetches data by its schedule from a folder, an object store, an SFTP server, an API or a database, and submits it as any sender does. A file of a folder or an object store that is refused comes back with what is wrong with which row.
connectors-caption = Connectors and how they stand
no-connector = The project declares no connector in
connector = Connector
source-kind = Source
schedule = Schedule
last-began-at = Last run
pieces-landed = Received
pieces-refused = Refused
due-at = Next run
read-up-to = Read up to
connector-running = Running
connector-failed = Failed, { $count } in a row
connector-off = Switched off
connector-new = Has never run
connector-ready = Ready
connector-kind-folder = Folder
connector-kind-objects = Object store
connector-kind-http = HTTP API
connector-kind-sftp = SFTP
connector-kind-sql = Database
connector-error-declared = What is declared, or what the other system answers, is not right and must be mended
connector-error-unavailable = The other system or the store cannot be reached now; it is tried again by itself
connector-error-limit = A limit was met; nothing more was taken
connector-error-other = It could not go on
