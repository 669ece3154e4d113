cat <<A <<'B'
$x
A
$y
B