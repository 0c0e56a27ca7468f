mod hostile;
mod ods;
mod same;
mod saved;
mod which;
mod xlsx;
