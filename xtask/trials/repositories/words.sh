# Texts, tables and odd names, for the small tools.
git init --quiet
rm --force .git/hooks/*.sample
mkdir -p logs data 'odd names' deep
for day in 1 2 3 4 5; do
  for hour in 1 2 3 4 5 6 7 8; do
    echo "2026-01-0$day 0$hour:00 level=$([ $((hour % 3)) = 0 ] && echo error || echo info) user=u$((hour * day % 7))"
  done > "logs/day-$day.log"
done
printf 'id,name,price\n1,apple,3\n2,pear,5\n3,plum,2\n' > data/fruit.csv
printf '[{"id":1,"tags":["a","b"]},{"id":2,"tags":[]}]\n' > data/items.json
printf 'first line\r\nsecond line\r\n' > data/windows.txt
echo 'Grüße' > 'odd names/Grüße 日本.txt'
echo 'newline' > $'odd names/new\nline.txt'
echo 'dash' > 'odd names/-rf'
path=deep
for part in $(seq 1 40); do path="$path/folder-number-$part"; done
mkdir -p "$path" && echo bottom > "$path/bottom.txt"
ln -s data/fruit.csv link.csv
ln -s nowhere dangling
find . -exec touch --no-dereference --date 2026-01-02T03:04:05Z {} +
