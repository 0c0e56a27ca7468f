mod hostile;
mod ods;
mod same;
mod which;
mod xlsx;
