"""Studies: how compression and test error change when settings do."""
