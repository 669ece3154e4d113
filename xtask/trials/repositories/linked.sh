# A worktree of a repository that lies beside it, as people have who work on several branches at once.
git init --quiet "$BESIDE/main"
cd "$BESIDE/main"
echo one > one.txt
git add . && git commit --quiet --message 'Begin'
git worktree add --quiet --force -b side "$PROJECT"
