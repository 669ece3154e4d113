# This very repository.
git clone --quiet --no-hardlinks "$KEEP_REPOSITORY" .
git remote remove origin
rm --force .git/hooks/*.sample
