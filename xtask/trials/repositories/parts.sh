# A repository with another one as a part of it.
git init --quiet "$BESIDE/source"
(cd "$BESIDE/source"; echo part > part.txt; git add .; git commit --quiet --message 'Begin')
git init --quiet
git -c protocol.file.allow=always submodule --quiet add "$BESIDE/source" part
git commit --quiet --message 'Add a part'
