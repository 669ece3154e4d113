# A repository with two branches that touch the same lines, a branch that does not, tags, hooks and an upstream.
git init --quiet
mkdir -p src docs
for number in 1 2 3 4 5 6 7 8 9 10; do
  echo "line $number" >> src/main.txt
  echo "chapter $number" > "docs/$number.md"
  git add .
  git commit --quiet --message "Write line $number"
done
git tag --annotate --message 'The first release' v1.0 HEAD~5
git branch feature HEAD~3
git branch conflict HEAD~3
git switch --quiet feature
echo 'a feature' > src/feature.txt
git add . && git commit --quiet --message 'Add a feature'
echo 'more of it' >> src/feature.txt
git commit --quiet --all --message 'Extend the feature'
git switch --quiet conflict
sed -i 's/line 7/another line 7/' src/main.txt
git commit --quiet --all --message 'Change line 7'
git switch --quiet main
sed -i 's/line 7/our line 7/' src/main.txt
git commit --quiet --all --message 'Change line 7, too'
rm --force .git/hooks/*.sample
cat > .git/hooks/pre-commit <<'HOOK'
#!/bin/sh
git diff --cached --name-only > "$(git rev-parse --git-dir)/last-files"
HOOK
chmod +x .git/hooks/pre-commit
git clone --quiet --bare . upstream.git
echo upstream.git > .git/info/exclude
git remote add origin ./upstream.git
git fetch --quiet origin
git branch --quiet --set-upstream-to origin/main
